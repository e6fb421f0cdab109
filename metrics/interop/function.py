"""A plain Python function as a metric."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from evalhub._awaiting import await_result
from evalhub.errors import MetricError
from evalhub.metrics.base import COLUMNS, signature
from evalhub.metrics.code_hash import code_hash
from evalhub.metrics.columns import Unscored
from evalhub.metrics.interop.findings import (
    Finding,
    Findings,
    bounds_setting,
    reading,
)
from evalhub.metrics.interop.rows import RowMetric, concurrency_setting, needed_columns
from evalhub.metrics.interop.source import (
    found,
    function_name,
    function_path,
    options_text,
    parameters_of,
    settings_given,
)
from evalhub.model import ScoreState

__all__ = ["FunctionMetric"]

_OF_ONE = {"outputs": "output", "baseline_outputs": "baseline_output", "ids": "id"}
"""Columns whose items have a name of their own; those of the others are called as they are."""
_PARAMETERS: Mapping[str, str] = {
    "reference": "references",
    **{_OF_ONE.get(column, column): column for column in COLUMNS},
}
"""What a parameter of a function that scores one example is called, and its column."""


@dataclass(frozen=True, slots=True)
class FunctionMetric(RowMetric):
    """What a function says of each output.

    Its parameters name what it wants: ``output`` (the text), ``reference`` (the first one) or
    ``references`` (the list), ``inputs``, ``metadata``, ``contexts``, ``retrieved_ids``,
    ``relevant_ids``, ``tool_calls``, ``expected_tool_calls``, ``id``, ``latency_ms``,
    ``input_tokens``, ``output_tokens``, ``cost_usd``. It may be async. It returns

    - a number, or a bool for pass or fail;
    - None where there is nothing to score, which is then skipped;
    - ``(number, explanation)``;
    - a mapping of names to any of these: a column for each name.

    What it raises is an error of that example. Where the target gave no output, or there is no
    reference, a function that needs one is not asked; a parameter with a default is not needed.
    """

    function: str | Callable[..., Any]
    """``package.module:function``, or the function itself."""
    name: str = ""
    """Empty is the function's own."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Further keywords, part of the signature."""
    bounds: Sequence[float] | None = None
    """Least and greatest value that there can be; a bool's are 0 and 1."""
    concurrency: int = 1
    """Examples at a time: more than one helps a function that waits for a network."""
    _call: Callable[..., Any] = field(init=False, repr=False, compare=False)
    _wanted: Mapping[str, bool] = field(init=False, repr=False, compare=False)
    _by_position: Sequence[str] = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        call = found(self.function)
        object.__setattr__(self, "_call", call)
        object.__setattr__(self, "_wanted", _wanted(call, self.options))
        object.__setattr__(self, "_by_position", _by_position(call, self._wanted))
        object.__setattr__(self, "name", self.name or function_name(call))
        object.__setattr__(self, "bounds", bounds_setting(self.bounds))
        concurrency_setting(self.concurrency)

    @property
    def requires(self) -> tuple[str, ...]:
        """Columns that the function's parameters name, in :data:`COLUMNS`'s order."""
        return needed_columns(_PARAMETERS[parameter] for parameter in self._wanted)

    def _find(self, row: Mapping[str, Any]) -> Findings:
        missing = self._missing(row)
        if missing is not None:
            return missing
        keywords = {parameter: _argument(parameter, row) for parameter in self._wanted}
        first = [keywords.pop(name) for name in self._by_position]
        answer = self._call(*first, **keywords, **self.options)
        return _read(await_result(answer) if inspect.iscoroutine(answer) else answer, self.name)

    def _missing(self, row: Mapping[str, Any]) -> Unscored | None:
        if self._wanted.get("output") and row["outputs"] is None:
            return Unscored(ScoreState.ERRORED, "the target gave no output")
        needed = self._wanted.get("reference") or self._wanted.get("references")
        if needed and not row["references"]:
            return Unscored(ScoreState.SKIPPED, "no reference to compare with")
        return None

    def _signature(self, column: str) -> str:
        return signature(
            column,
            version=self.version,
            python=function_path(self._call),
            code=code_hash(self._call),
            options=options_text(self.options),
            **settings_given(bounds=self.bounds),
        )


def _wanted(call: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, bool]:
    """Return the parameters that columns fill, and whether each has to be filled.

    Raises:
        MetricError: the function takes something that is no column, or no such option.
    """
    parameters = parameters_of(call)
    wanted = {
        name: item.default is item.empty
        for name, item in parameters.items()
        if name in _PARAMETERS and name not in options
    }
    for name, item in parameters.items():
        if item.kind in {item.VAR_KEYWORD, item.VAR_POSITIONAL}:
            continue
        if item.default is item.empty and name not in wanted and name not in options:
            raise MetricError(
                f"{function_path(call)} takes {name!r}, which is no column; give it under options, "
                f"or take some of {', '.join(_PARAMETERS)}"
            )
    if not wanted:
        raise MetricError(
            f"{function_path(call)} takes no column; let it take some of {', '.join(_PARAMETERS)}"
        )
    return wanted


def _by_position(call: Callable[..., Any], wanted: Mapping[str, bool]) -> list[str]:
    parameters = parameters_of(call)
    return [name for name in wanted if parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY]


def _argument(parameter: str, row: Mapping[str, Any]) -> Any:
    if parameter == "reference":
        return next(iter(row["references"]), None)
    return row[_PARAMETERS[parameter]]


def _read(answer: Any, name: str) -> dict[str, Finding]:
    if isinstance(answer, Mapping):
        return {str(key): _read_one(value) for key, value in answer.items()}
    return {name: _read_one(answer)}


def _read_one(answer: Any) -> Finding:
    if isinstance(answer, tuple):
        try:
            value, explanation = answer
        except ValueError:
            raise TypeError(
                f"a tuple of {len(answer)} is no score; return (number, explanation)"
            ) from None
        return reading(value, explanation=None if explanation is None else str(explanation))
    return reading(answer)
