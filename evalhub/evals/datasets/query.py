"""Rows of an SQL query."""

from collections.abc import Iterator
from pathlib import Path

from evalhub.evals.datasets.source import Row, Source, plain
from evalhub.store.foreign import stream_rows

__all__ = ["read_query"]


def read_query(url: str, query: str, *, folder: Path | None = None) -> Source:
    """Return the rows of *query*, asked of the database at *url* while they are taken.

    The relative path of an SQLite file starts from *folder*.
    Taking rows raises :class:`~evalhub.errors.DatasetError` where the query is wrong or writes.
    """
    return Source("query", "the query", _read(url, query, folder))


def _read(url: str, query: str, folder: Path | None) -> Iterator[Row]:
    rows = stream_rows(url, query, folder=folder)
    for number, (names, values) in enumerate(rows, start=1):
        yield number, {name: plain(value) for name, value in zip(names, values, strict=True)}
