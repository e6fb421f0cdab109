"""Rows of Parquet files."""

from collections.abc import Iterator
from pathlib import Path

from evalhub._optional import require
from evalhub.errors import DatasetError
from evalhub.evals.datasets.source import Row, Source, plain

__all__ = ["read_parquet"]

_ROWS_AT_ONCE = 1024
"""A row group is a million rows in many writers, and may be more than memory holds."""


def read_parquet(path: Path) -> Source:
    """Return the rows of the Parquet file at *path*; it is read while they are taken.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    require("pyarrow.parquet", extra="parquet")
    return Source(path.stem, str(path), _read(path))


def _read(path: Path) -> Iterator[Row]:
    arrow = require("pyarrow", extra="parquet")
    parquet = require("pyarrow.parquet", extra="parquet")
    number = 0
    try:
        # Not memory-mapped: pages of the map would count as this process's memory.
        with parquet.ParquetFile(path) as file:
            _check_columns(file.schema_arrow.names, path)
            for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for row in batch.to_pylist(maps_as_pydicts="lossy"):
                    number += 1
                    yield number, plain(row)
    except FileNotFoundError:
        raise DatasetError(f"there is no data set {path}; check 'path'") from None
    except arrow.ArrowException as error:
        reason = " ".join(str(error).split())
        raise DatasetError(f"{path} is no Parquet file that can be read: {reason}") from None
    except OSError as error:
        reason = error.strerror or " ".join(str(error).split())
        raise DatasetError(f"cannot read {path}: {reason}") from error


def _check_columns(names: list[str], path: Path) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DatasetError(f"{path}: the column {twice[0]!r} is there twice")
