"""Run migrations on an open connection, inside the caller's transaction."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from evalhub.store.schema import VERSION_TABLE
from evalhub.store.tables import metadata

__all__ = ["configuration", "downgrade", "drift", "revisions", "upgrade"]


def configuration(connection: Connection | None = None) -> Config:
    """Return Alembic's configuration; the scripts are those in this package."""
    config = Config()
    config.set_main_option("script_location", "evalhub.migrations:")
    config.attributes["connection"] = connection
    return config


def revisions() -> tuple[str, ...]:
    """Return the ids of all migrations, oldest first."""
    scripts = ScriptDirectory.from_config(configuration()).walk_revisions()
    return tuple(script.revision for script in scripts)[::-1]


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrate the tables up to *revision*."""
    command.upgrade(configuration(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Take migrations back down to *revision*; ``base`` removes the tables."""
    command.downgrade(configuration(connection), revision)


def drift(connection: Connection) -> list[str]:
    """Return how the database differs from ``store/tables.py``, one line a difference."""
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_server_default": True}
    )
    return [repr(difference) for difference in compare_metadata(context, metadata)]
