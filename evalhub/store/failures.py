"""Database errors, said as evalhub's own: one line, the file, and what to do."""

import contextlib
import sqlite3
from collections.abc import Iterator

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from evalhub.errors import StoreCorruptError, StoreError, StoreUnavailableError

__all__ = ["explain", "explained"]

# The name of SQLite's result code begins with the key; the first that fits is taken.
_SQLITE: tuple[tuple[str, type[StoreError], str], ...] = (
    ("SQLITE_BUSY", StoreUnavailableError, "is locked by another process; try again"),
    ("SQLITE_LOCKED", StoreUnavailableError, "is locked by another connection; try again"),
    (
        "SQLITE_READONLY",
        StoreUnavailableError,
        "is read-only; give this user write access to the file and its folder",
    ),
    (
        "SQLITE_CANTOPEN",
        StoreUnavailableError,
        "cannot be opened; check that it exists and that this user may use it and its folder",
    ),
    ("SQLITE_FULL", StoreUnavailableError, "cannot grow: the disk is full; free some space"),
    (
        "SQLITE_IOERR",
        StoreUnavailableError,
        "cannot be read or written; check the disk, its free space and its quota",
    ),
    (
        "SQLITE_CORRUPT",
        StoreCorruptError,
        "is damaged; restore a copy, or save what is left with: sqlite3 FILE .recover",
    ),
    (
        "SQLITE_NOTADB",
        StoreCorruptError,
        "is not an SQLite database; name another file in EVALHUB_URL, or move this one away",
    ),
)


@contextlib.contextmanager
def explained(url: URL) -> Iterator[None]:
    """Turn a database error in the block into the right :class:`StoreError`.

    Other exceptions pass unchanged.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error, PoolTimeoutError) as error:
        raise explain(error, url) from error
    except UnicodeEncodeError as error:  # an argument of bytes that are no UTF-8
        raise StoreError(f"{error.object!r} is no text that {shown(url)} can hold") from error


def explain(error: Exception, url: URL) -> StoreError:
    """Return *error* of the database at *url* as one of evalhub's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    where = shown(url)
    if isinstance(cause, sqlite3.Error):
        return _explain_sqlite(cause, where)
    disconnected = isinstance(error, DBAPIError) and error.connection_invalidated
    if disconnected or type(cause).__name__ in {"OperationalError", "TimeoutError"}:
        return StoreUnavailableError(f"{where} does not answer: {_line(cause)}")
    return StoreError(f"{where}: {_line(cause)}")


def shown(url: URL) -> str:
    """Return the file of an SQLite *url*, and another URL without its password."""
    if url.get_backend_name() == "sqlite":
        return (url.database or ":memory:").removeprefix("file://")
    return url.render_as_string(hide_password=True)


def _explain_sqlite(cause: sqlite3.Error, where: str) -> StoreError:
    code = getattr(cause, "sqlite_errorname", "")
    for prefix, kind, text in _SQLITE:
        if code.startswith(prefix):
            return kind(f"{where} {text} ({_line(cause)})")
    return StoreError(f"{where}: {_line(cause)}")


def _line(cause: BaseException | None) -> str:
    return " ".join(str(cause).split())
