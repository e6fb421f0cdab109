"""Which revision the tables have, and bringing them to this code's."""

from sqlalchemy import Connection, inspect, text

from evalhub.errors import SchemaError
from evalhub.store.dialect import lock_for_write

__all__ = ["REVISIONS", "VERSION_TABLE", "current_revision", "upgrade", "verify"]

REVISIONS = ("0001", "0002")
"""Every migration, oldest first, so that a look at the version needs no Alembic."""

VERSION_TABLE = "evalhub_version"
"""Not Alembic's usual name: MLflow and others keep theirs under it."""


def current_revision(connection: Connection) -> str | None:
    """Return the revision of the tables; None when there are none yet.

    Raises:
        SchemaError: an SQLite file holds another program's tables.
    """
    inspector = inspect(connection)
    if inspector.has_table(VERSION_TABLE):
        # Without a row when every migration was taken back.
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
        return None if found is None else str(found)
    tables = inspector.get_table_names()
    if tables and connection.dialect.name == "sqlite":
        raise SchemaError(
            f"this database belongs to another program (it has a table {tables[0]!r}); "
            "name another file in EVALHUB_URL"
        )
    return None


def verify(connection: Connection) -> bool:
    """Return whether the tables are this code's; False when they are older.

    Raises:
        SchemaError: they are newer than this code.
    """
    revision = current_revision(connection)
    if revision is not None and revision not in REVISIONS:
        raise SchemaError(
            f"the store's tables have revision {revision}, and this evalhub knows only "
            f"{REVISIONS[-1]} and older; upgrade evalhub"
        )
    return revision == REVISIONS[-1]


def upgrade(connection: Connection) -> None:
    """Bring the tables to this code's revision; *connection* is in no transaction.

    It is one transaction under the write lock: of several processes that start
    at once, one makes the tables and the others find them made.
    """
    # Alembic takes 0.15 s to import, and hardly any start needs it.
    from evalhub.migrations import runner  # noqa: PLC0415

    with connection.begin():
        lock_for_write(connection)
        if not verify(connection):
            runner.upgrade(connection)
