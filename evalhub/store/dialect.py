"""What differs between databases: upserts, the write lock, raw inserts."""

from collections.abc import Callable, Collection, Sequence
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import Column, Connection, Dialect, Table, Update, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from evalhub.errors import StoreError

__all__ = ["PAIRS_AT_ONCE", "find_pairs", "insert", "insert_rows", "lock_for_write", "update_rows"]

_INSERT: dict[str, Callable[[Table], sqlite.Insert | postgresql.Insert]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}

PAIRS_AT_ONCE = 1000
"""How many pairs are asked for at once: SQLite takes 32,766 parameters, PostgreSQL 65,535."""

_MARK = {"qmark": "?", "format": "%s"}

# Held until the transaction ends, so that PostgreSQL has one writer at a time, as SQLite
# has: what is new and what a trace adds up to are read and written without a race.
_POSTGRESQL_WRITE_LOCK = "SELECT pg_advisory_xact_lock(7311016842)"


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT into *table* that can take ``on_conflict_do_...``."""
    try:
        return _INSERT[connection.dialect.name](table)
    except KeyError:
        raise StoreError(
            f"{connection.dialect.name} is not supported; use sqlite or postgresql"
        ) from None


def lock_for_write(connection: Connection) -> None:
    """Begin a transaction in which nobody else writes, or wait for it."""
    if connection.dialect.name == "sqlite":
        # A deferred transaction that reads first cannot become a writer after another
        # process has written: it would fail at once, whatever the busy timeout.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(_POSTGRESQL_WRITE_LOCK)


def insert_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Insert *rows*, tuples in the order of *columns*; other columns take their default."""
    # The driver gets the tuples as they are: dictionaries through Connection.execute
    # cost several microseconds a span more (docs/design/store.md).
    connection.exec_driver_sql(_insert_sql(connection.dialect, table, columns), list(rows))


def find_pairs(
    connection: Connection,
    columns: tuple[Column[Any], Column[Any]],
    pairs: Collection[tuple[str, str]],
    *,
    where: str = "",
) -> set[tuple[str, str]]:
    """Return those of *pairs* that some row has in *columns*.

    *where* is SQL about the row, beginning with ``AND``.
    """
    # A join with the pairs: for `(a, b) IN (...)` SQLite reads the whole table.
    mark = _MARK[connection.dialect.paramstyle]
    a, b = columns
    found: set[tuple[str, str]] = set()
    remaining = list(pairs)
    while remaining:
        some, remaining = remaining[:PAIRS_AT_ONCE], remaining[PAIRS_AT_ONCE:]
        marks = ", ".join([f"({mark}, {mark})"] * len(some))
        rows = connection.exec_driver_sql(
            f"WITH wanted(a, b) AS (VALUES {marks}) SELECT wanted.a, wanted.b FROM wanted "
            f"JOIN {a.table.name} ON {a.name} = wanted.a AND {b.name} = wanted.b {where}",
            tuple(chain.from_iterable(some)),
        )
        found.update((row[0], row[1]) for row in rows)
    return found


def update_rows(
    connection: Connection,
    table: Table,
    columns: tuple[str, ...],
    rows: Sequence[tuple[Any, ...]],
) -> None:
    """Update the rows whose primary key is first in each of *rows* (one column)."""
    key, *rest = columns
    statement = (
        Update(table)
        .where(table.c[key] == bindparam(f"_{key}"))
        .values({name: bindparam(f"_{name}") for name in rest})
    )
    connection.execute(
        statement, [dict(zip((f"_{c}" for c in columns), row, strict=True)) for row in rows]
    )


@cache
def _insert_sql(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    # Written out: SQLAlchemy would order the columns as the table does, not as the rows.
    quoted = dialect.identifier_preparer
    names = ", ".join(quoted.format_column(table.c[name]) for name in columns)
    marks = ", ".join([_MARK[dialect.paramstyle]] * len(columns))
    return f"INSERT INTO {quoted.format_table(table)} ({names}) VALUES ({marks})"
