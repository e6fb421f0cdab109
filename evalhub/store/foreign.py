"""Read rows of any database that SQLAlchemy can open, without changing it."""

import re
import sqlite3
from collections.abc import Generator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, ResourceClosedError

from evalhub.errors import DatasetError, MissingExtraError
from evalhub.store.engine import sqlite_file
from evalhub.store.failures import shown

__all__ = ["Rows", "stream_rows"]

Rows = Generator[tuple[list[str], tuple[Any, ...]], None, None]
"""The columns' names and a row's values; closing it lets the database go."""

_ROWS_AT_ONCE = 1000
_READS = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|values|table)\b",
    re.IGNORECASE | re.DOTALL,
)
_DRIVERS = {"MySQLdb": "mysqlclient", "psycopg": "'evalhub[postgresql]'"}
"""What installs a driver that is not called as its package."""
_READ_ONLY = {
    # Of the session and not of one transaction, which a statement could end.
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


def stream_rows(url: str, query: str, *, folder: Path | None = None) -> Rows:
    """Yield the columns' names and the values of each row of *query*.

    Rows are fetched by the thousand. A query that writes is refused: SQLite's file is opened for
    reading, PostgreSQL and MySQL are told that the session only reads, and of every database a
    query must begin as one that reads and is undone at the end.

    Args:
        url: SQLAlchemy's address; ``postgresql://`` means psycopg 3.
        query: One statement.
        folder: What an SQLite file's relative path starts from; None is the working folder.

    Raises:
        DatasetError: the address or the query is wrong, it would write, or the database does
            not answer.
        MissingExtraError: the database's driver is not installed.
    """
    if not _READS.match(query):
        raise DatasetError(f"the query {_short(query)!r} does not read; begin with SELECT or WITH")
    parsed = _parse(url)
    engine = _open(parsed, folder or Path())
    try:
        with engine.connect() as connection:
            yield from _rows(connection, query)
    except (DBAPIError, sqlite3.Error) as error:
        raise DatasetError(_explain(error, parsed, query)) from error
    finally:
        engine.dispose()


def _rows(connection: Connection, query: str) -> Rows:
    # A percent sign of the query is not the driver's mark of a parameter.
    options = {"yield_per": _ROWS_AT_ONCE, "no_parameters": True}
    try:
        with connection.exec_driver_sql(query, execution_options=options) as result:
            names = list(result.keys())
            _check_names(names, query)
            for row in result:
                yield names, tuple(row)
    except ResourceClosedError:
        raise DatasetError(f"the query {_short(query)!r} gives no rows; use a SELECT") from None
    finally:
        connection.rollback()


def _check_names(names: list[str], query: str) -> None:
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise DatasetError(
            f"the query {_short(query)!r} gives two columns {twice[0]!r}; rename one with AS"
        )


def _parse(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise DatasetError(
            f"{url!r} is no address of a database; use sqlite:///file.db or "
            "postgresql://user@host/name"
        ) from None


def _open(url: URL, folder: Path) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _open_sqlite(url, folder)
    try:
        engine = create_engine(url)
    except NoSuchModuleError:
        raise DatasetError(
            f"SQLAlchemy knows no database {url.drivername!r}; install its dialect, or check 'url'"
        ) from None
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"{error.name} is not installed, and {url.drivername} needs it; "
            f"run: pip install {_DRIVERS.get(error.name or '', error.name)}"
        ) from error
    if statement := _READ_ONLY.get(url.get_backend_name()):
        _tell_session(engine, statement)
    return engine


def _tell_session(engine: Engine, statement: str) -> None:
    @event.listens_for(engine, "connect")
    def only_read(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.commit()


def _open_sqlite(url: URL, folder: Path) -> Engine:
    given = sqlite_file(url)
    if given is None or str(given).startswith("file:"):
        raise DatasetError(f"{shown(url)} is no file; use sqlite:///file.db")
    path = folder / given
    if not path.is_file():
        raise DatasetError(f"there is no database {path}; check 'url'")
    read_only = URL.create("sqlite", database=path.absolute().as_uri())
    return create_engine(read_only.update_query_dict({"mode": "ro", "uri": "true"}))


def _explain(error: Exception, url: URL, query: str) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    reason = " ".join(str(cause).split())
    code = getattr(cause, "sqlite_errorname", "") or getattr(cause, "sqlstate", None) or ""
    if code.startswith(("SQLITE_READONLY", "25006")):
        return f"the query {_short(query)!r} writes, and a data set is only read: {reason}"
    if code.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT", "SQLITE_CANTOPEN", "SQLITE_IOERR")):
        return f"the database {shown(url)} cannot be read: {reason}"
    if isinstance(error, DBAPIError) and (error.connection_invalidated or not error.statement):
        return f"the database {shown(url)} does not answer: {reason}"
    return f"the query {_short(query)!r} fails: {reason}"


def _short(query: str) -> str:
    text = " ".join(query.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
