"""The first tables: spans, traces, prices, scores, data sets, settings."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _create_spans()
    _create_traces()
    _create_prices()
    _create_scores()
    _create_datasets()
    _create_settings()


def downgrade() -> None:
    """Remove the tables, with what is in them."""
    for table in (
        "example",
        "dataset_version",
        "dataset",
        "score",
        "price",
        "trace",
        "span_payload",
        "span",
        "setting",
    ):
        op.drop_table(table)


def _create_spans() -> None:
    op.create_table(
        "span",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("first_token_ns", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_read_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cache_write_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=True),
        sa.Column("is_call", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("price_id", sa.Integer(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("tags", sa.Text(), nullable=True),
        sa.Column("input_preview", sa.Text(), nullable=True),
        sa.Column("output_preview", sa.Text(), nullable=True),
        sa.Column("error_preview", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_span"),
        sa.UniqueConstraint("trace_id", "span_id", name="uq_span_trace_id_span_id"),
    )
    op.create_index(
        "ix_span_call",
        "span",
        ["trace_id", "parent_id"],
        sqlite_where=sa.text("is_call = 1"),
        postgresql_where=sa.text("is_call = 1"),
    )
    op.create_table(
        "span_payload",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=True),
        sa.Column("outputs", sa.LargeBinary(), nullable=True),
        sa.Column("attributes", sa.LargeBinary(), nullable=True),
        sa.Column("events", sa.LargeBinary(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_span_payload"),
    )


def _create_traces() -> None:
    op.create_table(
        "trace",
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("start_ns", sa.BigInteger(), nullable=False),
        sa.Column("end_ns", sa.BigInteger(), nullable=False),
        sa.Column("spans", sa.Integer(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("head_is_child", sa.SmallInteger(), nullable=False),
        sa.Column("head_start_ns", sa.BigInteger(), nullable=False),
        sa.Column("head_span_id", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("session_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("trace_id", name="pk_trace"),
    )
    op.create_index("ix_trace_project_start_ns", "trace", ["project", "start_ns"])
    op.create_index("ix_trace_start_ns", "trace", ["start_ns"])


def _create_prices() -> None:
    op.create_table(
        "price",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("valid_from_ns", sa.BigInteger(), nullable=False),
        sa.Column("input_usd", sa.Float(), nullable=False),
        sa.Column("output_usd", sa.Float(), nullable=True),
        sa.Column("cache_read_usd", sa.Float(), nullable=True),
        sa.Column("cache_write_usd", sa.Float(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_price"),
        sa.UniqueConstraint(
            "provider",
            "model",
            "valid_from_ns",
            "source",
            name="uq_price_provider_model_valid_from_ns_source",
        ),
    )


def _create_scores() -> None:
    op.create_table(
        "score",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("span_id", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("explanation", sa.Text(), nullable=True),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_score"),
    )
    op.create_index("ix_score_trace_id", "score", ["trace_id"])


def _create_datasets() -> None:
    op.create_table(
        "dataset",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("current_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_dataset"),
    )
    op.create_table(
        "dataset_version",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("created_ns", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset"], ["dataset.name"], name="fk_dataset_version_dataset", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("dataset", "version", name="pk_dataset_version"),
    )
    op.create_table(
        "example",
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("example_id", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("references", sa.Text(), nullable=False),
        sa.Column("metadata", sa.Text(), nullable=False),
        sa.Column("cluster", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset", "version"],
            ["dataset_version.dataset", "dataset_version.version"],
            name="fk_example_dataset",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("dataset", "version", "position", name="pk_example"),
    )


def _create_settings() -> None:
    op.create_table(
        "setting",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_setting"),
    )
