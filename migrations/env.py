"""What Alembic runs for each command: our connection, our version table."""

from alembic import context

from evalhub.store.schema import VERSION_TABLE
from evalhub.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite cannot alter a column; Alembic then copies the table.
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
