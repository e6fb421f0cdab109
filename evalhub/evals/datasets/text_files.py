"""Rows of JSON Lines, CSV and TSV files, compressed or not."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from evalhub.errors import DatasetError
from evalhub.evals.datasets.source import Row, Source

__all__ = ["JSON_LINES", "TABLES", "read_text_file", "suffix_of"]

JSON_LINES = (".jsonl", ".ndjson")
TABLES: Mapping[str, str] = {".csv": ",", ".tsv": "\t"}
"""What parts the cells, by suffix."""

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
    name = path.name[: -len(".gz")] if path.name.lower().endswith(".gz") else path.name
    explained = _explained(path, rows)
    return Source(Path(name).stem, str(path), explained, is_text=True, reads_cells=is_table)


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


def _read_json_lines(path: Path) -> Iterator[Row]:
    with _open(path) as file:
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


def _read_table(path: Path, delimiter: str) -> Iterator[Row]:
    with _open(path) as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
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
                yield line, _by_column(cells, header, f"{path}:{line}")


def _by_column(cells: list[str], header: list[str], where: str) -> dict[str, Any]:
    if len(cells) != len(header):
        raise DatasetError(
            f"{where}: {len(cells)} cells under {len(header)} columns; quote cells that hold "
            "what parts the cells"
        )
    return dict(zip(header, cells, strict=True))


def _header(cells: list[str], path: Path) -> list[str]:
    twice = [name for name in cells if cells.count(name) > 1]
    if twice:
        raise DatasetError(f"{path}:1: the column {twice[0]!r} is there twice")
    return cells
