"""The delivery ledger, attachments, audio tokens, and prices by tier."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PRICE_KEY = ["provider", "model", "valid_from_ns", "source"]
_UNIQUE = "uq_price_provider_model_valid_from_ns_source"
_IN_FORCE = sa.text("in_force = 1")
_BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the new tables and columns; the table of prices is loaded anew."""
    _create_ledger()
    _create_attachments()
    with op.batch_alter_table("span") as span:
        span.add_column(sa.Column("audio_input_tokens", sa.BigInteger(), nullable=True))
        span.add_column(sa.Column("audio_output_tokens", sa.BigInteger(), nullable=True))
        span.add_column(sa.Column("tier", sa.Text(), nullable=True))
        span.add_column(sa.Column("producer_id", sa.Integer(), nullable=True))
    with op.batch_alter_table("price") as price:
        price.drop_constraint(_UNIQUE, type_="unique")
        for name in ("audio_input_usd", "audio_output_usd", "reasoning_usd"):
            price.add_column(sa.Column(name, sa.Float(), nullable=True))
        price.add_column(sa.Column("tier", sa.Text(), server_default="standard", nullable=False))
        price.add_column(sa.Column("table_digest", sa.Text(), nullable=True))
        price.add_column(
            sa.Column("in_force", sa.SmallInteger(), server_default="1", nullable=False)
        )
    op.create_index(
        "uq_price_in_force",
        "price",
        ["provider", "model", "tier", "valid_from_ns", "source"],
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    )
    op.execute("DELETE FROM setting WHERE key = 'bundled_prices'")


def downgrade() -> None:
    """Remove them; prices that 0001 cannot tell apart go, the oldest row stays."""
    op.drop_index("uq_price_in_force", "price")
    op.execute("DELETE FROM price WHERE in_force = 0 OR tier <> 'standard'")
    op.execute("DELETE FROM setting WHERE key IN ('price_table', 'price_revision')")
    with op.batch_alter_table("price") as price:
        for name in (
            "in_force",
            "table_digest",
            "tier",
            "reasoning_usd",
            "audio_output_usd",
            "audio_input_usd",
        ):
            price.drop_column(name)
        price.create_unique_constraint(_UNIQUE, _PRICE_KEY)
    # Not by a copy of the table, which may be large and would lose its partial index.
    with op.batch_alter_table("span", recreate="never") as span:
        for name in ("producer_id", "tier", "audio_output_tokens", "audio_input_tokens"):
            span.drop_column(name)
    for table in ("attachment", "blob", "loss", "producer"):
        op.drop_table(table)


def _create_ledger() -> None:
    op.create_table(
        "producer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("producer", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("started_ns", sa.BigInteger(), nullable=False),
        sa.Column("updated_ns", sa.BigInteger(), nullable=False),
        sa.Column("is_ended", sa.SmallInteger(), nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.Column("spooled", sa.BigInteger(), nullable=False),
        sa.Column("dropped", sa.BigInteger(), nullable=False),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_producer"),
        sa.UniqueConstraint("producer", name="uq_producer_producer"),
    )
    op.create_table(
        "loss",
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("producer_id", sa.Integer(), nullable=False),
        sa.Column("spans", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "producer_id", name="pk_loss"),
    )


def _create_attachments() -> None:
    op.create_table(
        "blob",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_blob"),
    )
    op.create_table(
        "attachment",
        # The span's row number.
        sa.Column("id", _BIG_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "position", name="pk_attachment"),
    )
