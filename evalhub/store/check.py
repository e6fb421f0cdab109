"""Look at a store without changing it: its revision, and whether it is sound."""

from dataclasses import dataclass

from sqlalchemy import Connection

from evalhub.config import load_settings
from evalhub.store import schema
from evalhub.store.engine import open_engine, parse_url, sqlite_file
from evalhub.store.failures import explained, shown
from evalhub.store.store import open_store

__all__ = ["StoreState", "check_store", "store_state"]


@dataclass(frozen=True, slots=True)
class StoreState:
    """Where a store is, and the revision that it has (None: no tables) and should have."""

    url: str
    revision: str | None
    wanted: str


def store_state(url: str | None = None) -> StoreState:
    """Return the state of the store at *url*, by default the one in the settings.

    Raises:
        StoreError: the database cannot be read.
    """
    parsed = parse_url(load_settings().url if url is None else url)
    wanted = schema.REVISIONS[-1]
    file = sqlite_file(parsed)
    if file is not None and not file.exists():
        return StoreState(shown(parsed), None, wanted)
    engine = open_engine(parsed, read_only=True)
    try:
        with explained(parsed), engine.connect() as connection:
            return StoreState(shown(parsed), schema.current_revision(connection), wanted)
    finally:
        engine.dispose()


def check_store(url: str | None = None) -> list[str]:
    """Return what is wrong with a store, one line a problem.

    Raises:
        StoreError: the database cannot be opened, or its tables are not this code's.
    """
    # Alembic takes 0.15 s to import, and only this look at the tables needs it.
    from evalhub.migrations import runner  # noqa: PLC0415

    with open_store(url, read_only=True) as store, store.read() as connection:
        drift = [f"the tables differ: {line}" for line in runner.drift(connection)]
        return _damage(connection) + drift


def _damage(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    lines = connection.exec_driver_sql("PRAGMA integrity_check").scalars()
    return [f"damage: {line}" for line in lines if line != "ok"]
