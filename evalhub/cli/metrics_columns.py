"""Read the columns that a metric asks for from files of texts.

``.txt`` holds one text a line, ``.jsonl`` one JSON value a line, ``.csv`` one row an example under
a line of headers. ``FILE:FIELD`` names the key or header that holds the column.
"""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.errors import DatasetError
from evalhub.metrics.base import COLUMNS

__all__ = ["FLAGS", "ColumnFile", "read_columns"]

FLAGS = ("outputs", "references", "inputs")
"""Columns with an option of their own; the others are given as ``--column NAME=FILE``."""

_TEXTS = ("outputs", "references")
_SINGULAR = {name: name.removesuffix("s") for name in COLUMNS if name.endswith("s")}
_COMPUTED: Mapping[str, Callable[[int], Any]] = {
    "ids": lambda index: str(index + 1),
    "metadata": lambda index: {},
    "latency_ms": lambda index: None,
    "input_tokens": lambda index: None,
    "output_tokens": lambda index: None,
    "cost_usd": lambda index: None,
}
"""Columns that may be left out, and what an example then has."""


@dataclass(frozen=True, slots=True)
class ColumnFile:
    """A file that holds a column."""

    column: str
    path: Path
    field: str | None = None

    @classmethod
    def parse(cls, column: str, text: str, field: str | None = None) -> "ColumnFile":
        """Return the file that *text* names: a path, or a path and a field after a colon.

        Raises:
            DatasetError: *column* is none that metrics know.
        """
        if column not in COLUMNS:
            raise DatasetError(f"there is no column {column!r}; there are {', '.join(COLUMNS)}")
        path, colon, named = text.rpartition(":")
        if colon and not Path(text).exists():
            return cls(column, Path(path), named)
        return cls(column, Path(text), field)

    def read(self) -> list[Any]:
        """Return the file's items, one per example.

        Raises:
            DatasetError: it cannot be read, or a line lacks the field.
        """
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as lines:
                return self._items(lines)
        except FileNotFoundError:
            raise DatasetError(f"there is no file {self.path}; check {self.column}") from None
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(f"cannot read {self.path}: {error}") from error

    def _items(self, lines: Any) -> list[Any]:
        match self.path.suffix.lower():
            case ".jsonl":
                numbered = enumerate(lines, 1)
                return [self._of_json(number, line) for number, line in numbered if line.strip()]
            case ".csv":
                rows = csv.DictReader(lines)
                return [self._of_row(number, row) for number, row in enumerate(rows, 2)]
            case ".txt" | "":
                # By "\n" only: str.splitlines also splits at characters inside a text.
                text = lines.read().replace("\r\n", "\n")
                return text.removesuffix("\n").split("\n") if text else []
            case other:
                raise DatasetError(f"{self.path} ends in {other}; give .txt, .jsonl or .csv")

    def _of_json(self, number: int, line: str) -> Any:
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DatasetError(f"{self.path}:{number} is no JSON: {error}") from None
        if not isinstance(value, dict) or (self.field is None and self._key(value) is None):
            return value
        return self._of_row(number, value)

    def _of_row(self, number: int, row: Mapping[str, Any]) -> Any:
        key = self.field or self._key(row)
        if key is None or key not in row:
            has = ", ".join(map(str, row)) or "nothing"
            raise DatasetError(
                f"{self.path}:{number} has no {self.field or self.column!r} but {has}; "
                "name the field as FILE:FIELD"
            )
        return row[key]

    def _key(self, row: Mapping[str, Any]) -> str | None:
        """Return the key that a column has where none is named: its own, or its singular."""
        names = (self.column, _SINGULAR.get(self.column, self.column))
        return next((name for name in names if name in row), None)


def read_columns(
    files: Sequence[ColumnFile], requires: Mapping[str, Sequence[str]]
) -> dict[str, list[Any]]:
    """Return each column that *requires* names, read from *files*, all of one length.

    *requires* says what each metric asks for, by the metric's name. Several files of references
    are the first reference of each output, the second and so on.

    Raises:
        DatasetError: a file cannot be read, a column is missing or of the wrong kind, or the
            lengths differ.
    """
    if not files:
        raise DatasetError("no file is given; give --outputs FILE")
    found: dict[str, list[Any]] = {}
    lengths: list[tuple[ColumnFile, int]] = []
    for file in files:
        items = [_checked(file, number, item) for number, item in enumerate(file.read(), 1)]
        lengths.append((file, len(items)))
        _check_lengths(lengths)
        found[file.column] = _joined(found.get(file.column), items)
    count = lengths[0][1]
    if not count:
        raise DatasetError(f"{files[0].path} is empty; there is nothing to score")
    return {
        column: found[column] if column in found else _computed(metric, column, count)
        for metric, columns in requires.items()
        for column in columns
    }


def _joined(before: list[Any] | None, items: list[Any]) -> list[Any]:
    """Return *before* and *items* as one list of references per output."""
    if before is None:
        return items
    return [_listed(first) + _listed(second) for first, second in zip(before, items, strict=True)]


def _listed(item: Any) -> list[Any]:
    if item is None:
        return []
    return list(item) if isinstance(item, list) else [item]


def _check_lengths(lengths: Sequence[tuple[ColumnFile, int]]) -> None:
    (first, count), (last, other) = lengths[0], lengths[-1]
    if count != other:
        raise DatasetError(
            f"{first.path} has {count} {first.column} and {last.path} {other} {last.column}; "
            "give one per example"
        )


def _computed(metric: str, column: str, count: int) -> list[Any]:
    if column not in _COMPUTED:
        flag = f"--{column} FILE" if column in FLAGS else f"--column {column}=FILE"
        raise DatasetError(f"{metric} needs {column}; give {flag}")
    return [_COMPUTED[column](index) for index in range(count)]


def _as_text(item: Any) -> Any:
    return json.dumps(item) if isinstance(item, bool | int | float) else item


def _checked(file: ColumnFile, number: int, item: Any) -> Any:
    """Return *item* as metrics take it.

    An input that is a text becomes ``{"input": text}``, an output or a reference that is a number
    its text: classes are often written as numbers.
    """
    if file.column == "inputs" and isinstance(item, str):
        return {"input": item}
    if file.column in _TEXTS:
        item = [_as_text(one) for one in item] if isinstance(item, list) else _as_text(item)
    kinds: Mapping[str, tuple[type, ...]] = {
        "outputs": (str, type(None)),
        "references": (str, list, type(None)),
        "inputs": (dict,),
        "metadata": (dict,),
    }
    if not isinstance(item, kinds.get(file.column, (object,))):
        wanted = _SINGULAR.get(file.column, file.column)
        raise DatasetError(
            f"item {number} of {file.path} is {str(item)[:40]!r}, which is no {wanted}; "
            "name the field as FILE:FIELD"
        )
    return item
