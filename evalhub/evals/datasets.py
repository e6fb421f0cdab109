"""Read data sets from JSON Lines and CSV files."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from evalhub.errors import DatasetError
from evalhub.model import Dataset, Example

__all__ = ["DatasetSpec", "load_dataset"]

_JSON_LINES = (".jsonl", ".ndjson")


class DatasetSpec(BaseModel):
    """Where a data set is and what its columns mean.

    Columns that have no role here are kept as the examples' metadata; so
    ``relevant_ids``, which retrieval metrics read, needs no mention.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: Annotated[str, Field(min_length=1)]
    """A ``.jsonl``, ``.ndjson`` or ``.csv`` file, relative to the suite file."""
    id: str = "id"
    inputs: Annotated[list[str], Field(min_length=1)]
    """Columns that the target is given."""
    reference: str | None = None
    """Column with a right answer, or in JSON Lines with a list of them."""
    cluster: str | None = None
    """Column naming what makes examples depend on each other, such as an author."""


def load_dataset(spec: DatasetSpec, *, folder: Path | None = None) -> Dataset:
    """Read the data set that *spec* describes.

    Args:
        spec: The file and its columns.
        folder: What a relative path starts from; None is the working folder.

    Raises:
        DatasetError: the file cannot be read, is empty, lacks a column, or has an id
            twice; the message starts with file and line.
    """
    path = (folder or Path()) / spec.path
    examples: list[Example] = []
    seen: dict[str, int] = {}
    for line, row in _read(path):
        example = _example(row, spec, f"{path}:{line}")
        if example.id in seen:
            raise DatasetError(
                f"{path}:{line}: id {example.id!r} is also on line {seen[example.id]}; "
                "every example needs its own"
            )
        seen[example.id] = line
        examples.append(example)
    if not examples:
        raise DatasetError(f"{path}:1: the file has no example")
    return Dataset(path.stem, tuple(examples))


def _read(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield line numbers and rows, whatever the form of the file."""
    suffix = path.suffix.lower()
    if suffix not in (*_JSON_LINES, ".csv"):
        raise DatasetError(f"{path} is neither .jsonl, .ndjson nor .csv; convert it to one")
    try:
        yield from _read_csv(path) if suffix == ".csv" else _read_json_lines(path)
    except FileNotFoundError:
        raise DatasetError(f"there is no data set {path}; check 'path'") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from None
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error


def _read_json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig") as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            try:
                row = orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise DatasetError(f"{path}:{line}: not JSON: {error.msg}") from None
            if not isinstance(row, dict):
                raise DatasetError(f"{path}:{line}: not a JSON object but {text.strip()[:40]!r}")
            yield line, row


def _read_csv(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1  # a cell may span lines: this is where the row starts
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise DatasetError(f"{path}:{line}: not CSV: {error}") from None
            if cells is None:
                return
            if header is None:
                header = _header(cells, path)
            elif cells:
                if len(cells) != len(header):
                    raise DatasetError(
                        f"{path}:{line}: {len(cells)} cells under {len(header)} columns; "
                        "quote cells that hold commas"
                    )
                yield line, dict(zip(header, cells, strict=True))


def _header(cells: list[str], path: Path) -> list[str]:
    twice = [name for name in cells if cells.count(name) > 1]
    if twice:
        raise DatasetError(f"{path}:1: the column {twice[0]!r} is there twice")
    return cells


def _example(row: Mapping[str, Any], spec: DatasetSpec, where: str) -> Example:
    roles = [spec.id, *spec.inputs, spec.reference, spec.cluster]
    for role in roles:
        if role is not None and role not in row:
            raise DatasetError(f"{where}: no column {role!r}; there are {', '.join(row)}")
    cluster = None if spec.cluster is None else row[spec.cluster]
    return Example(
        id=_id(row[spec.id], where),
        inputs={name: row[name] for name in spec.inputs},
        references=() if spec.reference is None else _references(row[spec.reference], where),
        metadata={name: value for name, value in row.items() if name not in roles},
        cluster=None if cluster in (None, "") else str(cluster),
    )


def _id(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise DatasetError(f"{where}: the id is {value!r}; use a text or a whole number")
    return str(value)


def _references(value: object, where: str) -> tuple[str, ...]:
    """Return the reference texts; an empty one is none at all."""
    items: list[object] = value if isinstance(value, list) else [value]
    texts: list[str] = []
    for item in items:
        if item is not None and not isinstance(item, str):
            raise DatasetError(f"{where}: the reference {item!r} is not a text")
        if item and item.strip():
            texts.append(item)
    return tuple(texts)
