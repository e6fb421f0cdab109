"""Outputs that were made before, as a target: from a file, or a column of the data set."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import orjson

from evalhub.errors import ConfigError, DatasetError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.output_columns import OutputColumns
from evalhub.model import Dataset, Example

__all__ = ["ColumnTarget", "RecordedOutputs", "Recording", "record_rows"]


class Recording(Protocol):
    """One output that was made before."""

    def output(self) -> TargetOutput:
        """Return it; raise what the target had raised."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a file or of the data set, in which an output stands."""

    packed: str
    """As JSON: 100,000 rows take 88 MB so, and 125 MB as mappings."""
    columns: OutputColumns
    where: str

    def output(self) -> TargetOutput:
        """Return the output in the row.

        Raises:
            DatasetError: a column is absent, or holds what it should not.
            ModelError: the row records an error.
        """
        return self.columns.read(orjson.loads(self.packed), self.where)


@dataclass(frozen=True, slots=True)
class RecordedOutputs:
    """Finds outputs by the example's id and the number of the repeat.

    Args:
        name: As in reports.
        source: Where they come from, for messages.
        recordings: The outputs by (id, repeat).
    """

    name: str
    source: str
    recordings: Mapping[tuple[str, int], Recording]
    is_recorded: Literal[True] = field(default=True, init=False)

    def recall(self, example: Example, repeat: int = 0) -> TargetOutput:
        """Return the output for *example*.

        Raises:
            DatasetError: there is none, or it cannot be read.
            ModelError: an error is recorded in its place.
        """
        found = self.recordings.get((example.id, repeat))
        if found is None:
            which = f"repeat {repeat} of example" if repeat else "example"
            raise DatasetError(f"{self.source} holds no output for {which} {example.id!r}")
        return found.output()

    def check(self, dataset: Dataset) -> None:
        """Refuse a file in which no id is one of *dataset*.

        Raises:
            ConfigError: names an id of each.
        """
        if any((example.id, 0) in self.recordings for example in dataset.examples):
            return
        theirs = next(iter(self.recordings), None)
        if theirs is None:
            raise ConfigError(f"{self.source} holds no output")
        ours = dataset.examples[0].id if dataset.examples else ""
        raise ConfigError(
            f"{self.source} holds no output for any example: its ids are like {theirs[0]!r}, "
            f"those of the data set like {ours!r}; name the right column under 'id'"
        )

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Raise: inputs alone do not say which output is meant.

        Raises:
            ConfigError: always; use :meth:`recall`.
        """
        raise _not_callable(self.name)


@dataclass(frozen=True, slots=True)
class ColumnTarget:
    """Takes the output from columns of the data set itself."""

    name: str
    columns: OutputColumns
    is_recorded: Literal[True] = field(default=True, init=False)

    def recall(self, example: Example, repeat: int = 0) -> TargetOutput:
        """Return the output in *example*'s row; there is one, whatever the repeat.

        Raises:
            DatasetError: it holds none, or *repeat* asks for a second.
        """
        if repeat:
            raise DatasetError(f"example {example.id!r} holds one output, none for a repeat")
        return self.columns.read(_row(example), f"example {example.id!r}")

    def check(self, dataset: Dataset) -> None:
        """Refuse a column that no example has.

        Raises:
            ConfigError: names the columns that there are.
        """
        if dataset.examples and not any(
            self.columns.output in _row(example) for example in dataset.examples
        ):
            known = ", ".join(_row(dataset.examples[0])) or "none"
            raise ConfigError(
                f"the data set has no free column {self.columns.output!r}; there are {known}"
            )

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Raise: inputs alone do not say which output is meant.

        Raises:
            ConfigError: always; use :meth:`recall`.
        """
        raise _not_callable(self.name)


def record_rows(
    rows: Iterable[tuple[str, Mapping[str, Any]]],
    columns: OutputColumns,
    *,
    id: str = "id",  # noqa: A002 - the key of suite files
    repeat: str = "repeat",
) -> dict[tuple[str, int], _Row]:
    """Return *rows* (where each stands, and its columns) by id and repeat.

    Raises:
        DatasetError: a row has no id, a column is absent, or an id is there twice.
    """
    found: dict[tuple[str, int], _Row] = {}
    for where, row in rows:
        needed = (id,) if columns.has_error(row) else (id, columns.output)
        for column in needed:
            if column not in row:
                raise DatasetError(f"{where}: no column {column!r}; there are {', '.join(row)}")
        key = (_id(row[id], where), _repeat(row.get(repeat), where))
        if key in found:
            raise DatasetError(
                f"{where}: id {key[0]!r} is also at {found[key].where}; number the outputs of "
                f"one example in a column {repeat!r}"
            )
        # The other columns may be most of the file, and are not needed any more.
        packed = orjson.dumps(columns.take(row), default=str)
        # Decoded, for orjson leaves a kilobyte of room behind each of its results.
        found[key] = _Row(packed.decode(), columns, where)
    return found


def _row(example: Example) -> dict[str, Any]:
    return {**example.inputs, **example.metadata}


def _id(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise DatasetError(f"{where}: the id is {value!r}; use a text or a whole number")
    return str(value)


def _repeat(value: object, where: str) -> int:
    if value is None or value == "":
        return 0
    try:
        return int(str(value))
    except ValueError:
        raise DatasetError(f"{where}: the repeat is {value!r}; use 0, 1, 2") from None


def _not_callable(name: str) -> ConfigError:
    return ConfigError(f"{name!r} holds outputs made before; they are found by the example")
