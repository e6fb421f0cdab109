"""The SQLAlchemy engine: where a URL points, and how SQLite is set up."""

import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from evalhub._optional import require
from evalhub.errors import ConfigError, StoreUnavailableError

__all__ = ["PRAGMAS", "Pragma", "open_engine", "parse_url"]

BUSY_TIMEOUT_S = 10.0
"""How long SQLite waits for another writer; ``?timeout=`` in the URL says otherwise."""


class Pragma(NamedTuple):
    """One SQLite setting of every connection."""

    name: str
    value: str
    reason: str


PRAGMAS = (
    Pragma("synchronous", "NORMAL", "with WAL only power loss can undo a commit, none can corrupt"),
    Pragma("foreign_keys", "ON", "off by default, and dataset versions rely on it"),
    Pragma("wal_autocheckpoint", "4000", "pages that many batches change are copied home once"),
    Pragma("journal_size_limit", "67108864", "give back the disk of a WAL that once grew large"),
    Pragma("temp_store", "MEMORY", "sorts of a dashboard query stay off the disk"),
)
"""Settings beside ``journal_mode=WAL``: readers and the writer do not wait for each other."""


def parse_url(url: str) -> URL:
    """Return *url* parsed; it must name an SQLite or a PostgreSQL database.

    Raises:
        ConfigError: it does not.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigError(_not_a_store(url)) from None
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise ConfigError(_not_a_store(parsed.render_as_string(hide_password=True)))
    return parsed


def _not_a_store(url: str) -> str:
    return (
        f"{url!r} is no address of a store; "
        "use sqlite:////absolute/path.db or postgresql://user@host/name"
    )


def open_engine(url: URL, *, read_only: bool) -> Engine:
    """Return an engine for *url*; for SQLite its folder exists afterwards.

    Raises:
        ConfigError: the timeout in *url* is no number.
        StoreUnavailableError: the folder cannot be made, or *read_only* is asked of a
            file that does not exist.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, read_only=read_only)
    require("psycopg", extra="postgresql")
    # Positional parameters: rows are handed to the driver as tuples (dialect.py).
    return create_engine(url, paramstyle="format", pool_pre_ping=True)


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    path = sqlite_file(url)
    if path is None:
        options: dict[str, Any] = {"poolclass": StaticPool}  # each connection is a database
    else:
        options = {}
        _prepare_file(path, read_only=read_only)
    if read_only and path is not None:
        url = URL.create("sqlite", database=path.absolute().as_uri()).update_query_dict(
            {**url.query, "mode": "ro", "uri": "true"}
        )
    timeout = _timeout_s(url)
    engine = create_engine(
        url,
        # The driver opens no transactions of its own: ours begin as dialect.py says.
        connect_args={"isolation_level": None, "timeout": timeout, "check_same_thread": False},
        **options,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        if not read_only:
            _use_wal(connection, deadline=time.monotonic() + timeout)
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma.name}={pragma.value}")

    return engine


def _timeout_s(url: URL) -> float:
    text = str(url.query.get("timeout", BUSY_TIMEOUT_S))
    try:
        return float(text)
    except ValueError:
        raise ConfigError(
            f"the store's address says timeout={text}; give a number of seconds"
        ) from None


def sqlite_file(url: URL) -> Path | None:
    """Return the file of an SQLite *url*; None for a database in memory."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def _prepare_file(path: Path, *, read_only: bool) -> None:
    if read_only:
        if not path.exists():
            raise StoreUnavailableError(f"{path} does not exist; trace a call, or name another")
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot make the folder {path.parent}: {error.strerror}; set EVALHUB_HOME to another"
        ) from error


def _use_wal(connection: sqlite3.Connection, *, deadline: float) -> None:
    # SQLite does not wait for this lock by itself, and two programs may make the
    # file at the same moment.
    while connection.execute("PRAGMA journal_mode").fetchone() not in (("wal",), ("memory",)):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
