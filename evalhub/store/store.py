"""A store that is open: its engine and its transactions."""

import contextlib
from collections.abc import Iterator

from sqlalchemy import URL, Connection, Engine

from evalhub._closing import Closing
from evalhub.config import load_settings
from evalhub.errors import SchemaError
from evalhub.store import price_table, schema
from evalhub.store.dialect import lock_for_write
from evalhub.store.engine import open_engine, parse_url
from evalhub.store.failures import explained, shown

__all__ = ["Store", "open_store"]


_ONE_MOMENT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"


class Store(Closing):
    """An open store. Closed by ``close`` or at the end of a ``with`` block.

    It may be shared by threads; a forked process opens its own.
    """

    __slots__ = ("engine", "url")

    def __init__(self, url: URL, engine: Engine) -> None:
        self.url = url
        self.engine = engine

    @contextlib.contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a write transaction: committed at the end, undone by an exception.

        There is one writer at a time; others wait for it.

        Raises:
            StoreError: the database refused; see :mod:`evalhub.store.failures`.
        """
        with explained(self.url), self.engine.connect() as connection, connection.begin():
            lock_for_write(connection)
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment of the store.

        Raises:
            StoreError: the database refused; see :mod:`evalhub.store.failures`.
        """
        with explained(self.url), self.engine.connect() as connection, connection.begin():
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")
            else:  # each of PostgreSQL's statements would see another moment
                connection.exec_driver_sql(_ONE_MOMENT)
            yield connection

    def close(self) -> None:
        """Close the connections; SQLite folds its WAL into the file."""
        self.engine.dispose()


def open_store(
    url: str | None = None, *, upgrade: bool | None = None, read_only: bool = False
) -> Store:
    """Open the store at *url*, ready for use.

    Args:
        url: ``sqlite:///...`` or ``postgresql://...``; by default the one in the settings.
        upgrade: Whether missing or older tables are made or migrated. By default so
            for SQLite, which also gets its folder and file; others are asked for
            ``evalhub db upgrade``.
        read_only: Never write: an SQLite file must exist with this code's tables.

    Raises:
        ConfigError: *url* names no database that evalhub knows.
        StoreUnavailableError: it is locked, read-only, full or unreachable.
        StoreCorruptError: the file is damaged or not a database.
        SchemaError: the tables are newer than this code, or older and not upgraded.
    """
    parsed = parse_url(load_settings().url if url is None else url)
    engine = open_engine(parsed, read_only=read_only)
    may_upgrade = parsed.get_backend_name() == "sqlite" if upgrade is None else upgrade
    try:
        with explained(parsed):
            _make_ready(parsed, engine, upgrade=may_upgrade, read_only=read_only)
    except BaseException:
        engine.dispose()
        raise
    return Store(parsed, engine)


def _make_ready(url: URL, engine: Engine, *, upgrade: bool, read_only: bool) -> None:
    with engine.connect() as connection:
        with connection.begin():
            ready = schema.verify(connection)
        if not ready and (read_only or not upgrade):
            raise SchemaError(
                f"the tables of {shown(url)} are missing or older; run: evalhub db upgrade"
            )
        if not ready:
            schema.upgrade(connection)
        if not read_only:
            _bring_prices(connection)


def _bring_prices(connection: Connection) -> None:
    with connection.begin():
        current = price_table.bundled_is_current(connection)
    if not current:
        with connection.begin():
            lock_for_write(connection)
            price_table.bring_bundled(connection)
