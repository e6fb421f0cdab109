"""Rows of JSON Lines, JSON, CSV and TSV files, compressed or not."""

import csv
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from evalhub.errors import DatasetError
from evalhub.evals.datasets.source import Row, Source

__all__ = ["JSON", "JSON_LINES", "TABLES", "read_json_file", "read_text_file", "suffix_of"]

JSON = ".json"
JSON_LINES = (".jsonl", ".ndjson")
TABLES: Mapping[str, str] = {".csv": ",", ".tsv": "\t"}
"""What parts the cells, by suffix."""

_OTHER_DELIMITERS = (";", "\t")
"""What Excel parts the cells of a .csv by where a comma is the decimal mark, and what others do."""
_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_HALF = re.compile("[\\ud800-\\udfff]")
"""Of a character beyond U+FFFF, such as an emoji: escaped, and where its other half is missing."""

csv.field_size_limit(2**31 - 1)  # a document in a cell is longer than the 131,072 of the default


def suffix_of(path: Path) -> str:
    """Return the suffix that tells the form, without ``.gz``, in lower case."""
    whole = path.name.lower()
    return Path(whole.removesuffix(".gz")).suffix


def read_text_file(path: Path) -> Source:
    """Return the rows of the file at *path*; it is read as UTF-8 while they are taken.

    Taking them raises :class:`DatasetError` where the file is not what its suffix says.
    """
    suffix = suffix_of(path)
    is_table = suffix in TABLES
    rows = _read_table(path, TABLES[suffix]) if is_table else _read_json_lines(path)
    explained = _explained(path, rows)
    return Source(_stem(path), str(path), explained, is_text=True, reads_cells=is_table)


def read_json_file(path: Path) -> Source:
    """Return the rows of the JSON file at *path*, a list of objects; it is read as a whole.

    Taking them raises :class:`DatasetError` where it is none.
    """
    return Source(_stem(path), str(path), _explained(path, _read_json(path)))


def _stem(path: Path) -> str:
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    return Path(name).stem


def _explained(path: Path, rows: Iterator[Row]) -> Iterator[Row]:
    try:
        yield from rows
    except FileNotFoundError:
        raise DatasetError(f"there is no data set {path}; check 'path'") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DatasetError(f"{path} is no whole gzip file ({error}); write it again") from None
    except OSError as error:
        raise DatasetError(f"cannot read {path}: {error.strerror}") from error


def _open(path: Path) -> io.TextIOBase:
    # Line ends are left alone: CSV has them inside cells.
    if path.name.lower().endswith(".gz"):
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _read_json(path: Path) -> Iterator[Row]:
    with _open(path) as file:
        rows = _parsed(file.read(), str(path))
    if not isinstance(rows, list):
        raise DatasetError(
            f"{path} holds no list but {type(rows).__name__}; give a list of objects"
        )
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise DatasetError(f"{path}: row {number} is {row!r:.40}; give a list of objects")
        yield number, row


def _read_json_lines(path: Path) -> Iterator[Row]:
    with _open(path) as file:
        for line, text in enumerate(file, start=1):
            if not text.strip():
                continue
            row = _parsed(text, f"{path}:{line}")
            if not isinstance(row, dict):
                told = f"not a JSON object but {text.strip()[:40]!r}; write one object a line"
                raise DatasetError(f"{path}:{line}: {told}")
            yield line, row


def _parsed(text: str, where: str) -> Any:
    # Not orjson: Python writes NaN, and a database's whole numbers may have more than 64 bits.
    try:
        value = json.loads(text, parse_constant=_nothing)
    except RecursionError:
        raise DatasetError(f"{where}: not JSON: it is nested too deep") from None
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if "\n" in text.rstrip() else ""
        told = f"not JSON: {error.msg} ({line}column {error.colno})"
        raise DatasetError(f"{where}: {told}") from None
    except ValueError as error:  # a number of more than 4,300 digits
        raise DatasetError(f"{where}: not JSON: {error}") from None
    if _ESCAPED.search(text) and _HALF.search(json.dumps(value, ensure_ascii=False)):
        raise DatasetError(f"{where}: a text holds half of a surrogate pair; it was cut in two")
    return value


def _nothing(constant: str) -> None:
    """Take the place of NaN and infinity."""


def _read_table(path: Path, delimiter: str) -> Iterator[Row]:
    with _open(path) as file:
        reader = csv.reader(file, delimiter=_delimiter(file, delimiter), strict=True)
        header: list[str] | None = None
        while True:
            line = reader.line_num + 1  # a cell may span lines: this is where the row starts
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise DatasetError(f"{path}:{line}: not CSV: {error}") from None
            if cells is None:
                return
            if not cells:
                continue
            if header is None:
                header = _header(cells, f"{path}:{line}")
            else:
                yield line, _by_column(cells, header, f"{path}:{line}")


def _delimiter(file: io.TextIOBase, usual: str) -> str:
    """Return what parts the cells, by the first line that is not blank."""
    first = next((line for line in file if line.strip()), "")
    file.seek(0)
    if usual != "," or "," in first:
        return usual
    return next((other for other in _OTHER_DELIMITERS if other in first), usual)


def _by_column(cells: list[str], header: list[str], where: str) -> dict[str, Any]:
    if len(cells) != len(header):
        hint = (
            "quote cells that hold what parts the cells"
            if len(cells) > len(header)
            else "write the missing ones too, be they empty"
        )
        told = f"{len(cells)} cell{'' if len(cells) == 1 else 's'} under {len(header)} columns"
        raise DatasetError(f"{where}: {told}; {hint}")
    row = dict(zip(header, cells, strict=True))
    row.pop("", None)  # Excel leaves such columns, and pandas its row numbers
    return row


def _header(cells: list[str], where: str) -> list[str]:
    twice = [name for name in cells if name and cells.count(name) > 1]
    if twice:
        raise DatasetError(f"{where}: the column {twice[0]!r} is there twice")
    return cells
