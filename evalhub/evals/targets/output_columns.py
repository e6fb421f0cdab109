"""The columns in which an output that was made before stands."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from evalhub.errors import DatasetError, ModelError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.output_parts import as_reason, as_tool_call
from evalhub.model import Usage

__all__ = ["OutputColumns"]

_OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """Which column holds what. All but the output may be absent.

    Lists may be written as JSON, which is how they stand in CSV. An empty cell is a value
    that is not known. An output that is a number, true, false, a list or a mapping is its
    JSON text, as a reference is.
    """

    output: str = _OUTPUT
    contexts: str = "contexts"
    retrieved_ids: str = "retrieved_ids"
    tool_calls: str = "tool_calls"
    latency_ms: str = "latency_ms"
    input_tokens: str = "input_tokens"
    output_tokens: str = "output_tokens"
    cost_usd: str = "cost_usd"
    finish_reason: str = "finish_reason"
    error: str = "error"
    """Where it is not empty, the target had failed with this."""

    def take(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return the part of *row* that :meth:`read` needs."""
        names = (getattr(self, name) for name in self.__slots__)
        taken = {name: row[name] for name in names if name in row}
        if self.output in taken:
            # As a text already: a whole number may have more than the 64 bits that orjson writes.
            taken[self.output] = _as_text(taken[self.output])
        return taken

    def has_error(self, row: Mapping[str, Any]) -> bool:
        """Return whether *row* records an error."""
        return row.get(self.error) not in (None, "")

    def read(self, row: Mapping[str, Any], where: str) -> TargetOutput:
        """Return the output in *row*, which stands at *where*.

        Raises:
            ModelError: the row records an error.
            DatasetError: there is no output, or a cell holds what it should not.
        """
        if self.has_error(row):
            raise ModelError(str(row[self.error]))
        text = _as_text(row.get(self.output))
        if not isinstance(text, str):
            raise DatasetError(
                f"{where}: the output in {self.output!r} is {text!r}; give a text, or what JSON has"
            )
        tokens = _whole(row, self.input_tokens, where), _whole(row, self.output_tokens, where)
        return TargetOutput(
            text,
            contexts=tuple(map(str, _list(row, self.contexts, where))),
            retrieved_ids=tuple(map(str, _list(row, self.retrieved_ids, where))),
            tool_calls=self._tool_calls(row, where),
            usage=None if tokens == (None, None) else Usage(*tokens),
            cost_usd=_number(row, self.cost_usd, where),
            latency_ms=_number(row, self.latency_ms, where),
            finish_reason=_reason(row, self.finish_reason, where),
        )

    def _tool_calls(self, row: Mapping[str, Any], where: str) -> tuple[Mapping[str, Any], ...]:
        try:
            return tuple(map(as_tool_call, _list(row, self.tool_calls, where)))
        except TypeError as error:
            raise DatasetError(f"{where}: {error}") from None


def _as_text(value: object) -> object:
    """Return the JSON text of *value*; a text, and what has none, as it is."""
    if not isinstance(value, bool | int | float | list | dict):
        return value
    try:
        # Written as references are (spaces after commas), so that equal values are equal texts.
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):  # NaN is no output, and not the text "NaN"
        return value


def _list(row: Mapping[str, Any], column: str, where: str) -> list[Any]:
    value = row.get(column)
    if value is None or value == "":
        return []
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = row[column]
    if not isinstance(value, list):
        raise DatasetError(f"{where}: {column!r} is {str(value)[:60]!r}; it must be a list")
    return value


def _number(row: Mapping[str, Any], column: str, where: str) -> float | None:
    value = row.get(column)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        return float(value)
    except (TypeError, ValueError):
        raise DatasetError(f"{where}: {column!r} is {value!r}; it must be a number") from None


def _reason(row: Mapping[str, Any], column: str, where: str) -> str | None:
    try:
        return as_reason(row.get(column))
    except TypeError:
        raise DatasetError(f"{where}: {column!r} is {row[column]!r}; it must be a text") from None


def _whole(row: Mapping[str, Any], column: str, where: str) -> int | None:
    number = _number(row, column, where)
    if number is not None and not number.is_integer():
        raise DatasetError(f"{where}: {column!r} is {row[column]!r}; it must be a whole number")
    return None if number is None else int(number)
