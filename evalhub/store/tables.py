"""The tables, as SQLAlchemy Core sees them; migrations make them.

``span`` is one narrow row for lists and sums, ``span_payload`` what is read when one
span is opened, ``trace`` what lists of traces read. Ids are text as they came:
measured cheaper to write than binary (docs/design/store.md).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

__all__ = [
    "IS_CALL",
    "dataset",
    "dataset_version",
    "example",
    "metadata",
    "price",
    "score",
    "setting",
    "span",
    "span_payload",
    "trace",
]

metadata = MetaData(
    naming_convention={
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

span = Table(
    "span",
    metadata,
    # Given by the writer, which holds the write lock: rows lie in the order of arrival, and the
    # payload needs no text key and no index of its own.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("trace_id", Text, nullable=False),
    Column("span_id", Text, nullable=False),
    Column("parent_id", Text),
    Column("project", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("first_token_ns", BigInteger),
    Column("model", Text),
    Column("provider", Text),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cache_read_tokens", BigInteger),
    Column("cache_write_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    # 1 for a model call that reported tokens: what a trace's totals are made of.
    Column("is_call", SmallInteger, nullable=False, server_default="0"),
    Column("cost_usd", Float),
    Column("price_id", Integer),
    Column("session_id", Text),
    Column("user_id", Text),
    Column("tags", Text),
    Column("input_preview", Text),
    Column("output_preview", Text),
    Column("error_preview", Text),
    UniqueConstraint("trace_id", "span_id"),
)

# A literal, not a parameter: SQLite uses a partial index only where it can prove its condition.
IS_CALL = span.c.is_call == literal_column("1")

# The calls of one trace below one span, and all calls of a trace without reading its other
# spans: a trace that grows asks which calls only repeat others (traces.py).
Index(
    "ix_span_call",
    span.c.trace_id,
    span.c.parent_id,
    sqlite_where=IS_CALL,
    postgresql_where=IS_CALL,
)

span_payload = Table(
    "span_payload",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("inputs", LargeBinary),
    Column("outputs", LargeBinary),
    Column("attributes", LargeBinary),
    Column("events", LargeBinary),
    Column("error", Text),
)

trace = Table(
    "trace",
    metadata,
    Column("trace_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    Column("spans", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    # Which span gave name, project and status: the first root, or else the first span.
    Column("head_is_child", SmallInteger, nullable=False),
    Column("head_start_ns", BigInteger, nullable=False),
    Column("head_span_id", Text, nullable=False),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("cost_usd", Float),
    Column("session_id", Text),
    Column("user_id", Text),
    PrimaryKeyConstraint("trace_id"),
    Index("ix_trace_start_ns", "start_ns"),
    Index("ix_trace_project_start_ns", "project", "start_ns"),
)

price = Table(
    "price",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("valid_from_ns", BigInteger, nullable=False),
    # US dollars per million tokens; null: priced as plain input.
    Column("input_usd", Float, nullable=False),
    Column("output_usd", Float),
    Column("cache_read_usd", Float),
    Column("cache_write_usd", Float),
    Column("source", Text, nullable=False),
    UniqueConstraint("provider", "model", "valid_from_ns", "source"),
)

score = Table(
    "score",
    metadata,
    Column("id", Text, primary_key=True),
    Column("trace_id", Text, nullable=False),
    Column("span_id", Text),
    Column("source", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", Float),
    Column("state", Text, nullable=False),
    Column("label", Text),
    Column("explanation", Text),
    Column("signature", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Index("ix_score_trace_id", "trace_id"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("name", Text, primary_key=True),
    Column("current_version", Text, nullable=False),
)

dataset_version = Table(
    "dataset_version",
    metadata,
    Column("dataset", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("examples", Integer, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    PrimaryKeyConstraint("dataset", "version"),
    ForeignKeyConstraint(["dataset"], ["dataset.name"], ondelete="CASCADE"),
)

example = Table(
    "example",
    metadata,
    Column("dataset", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("example_id", Text, nullable=False),
    # JSON text; so that a version's hash can be checked, keys keep their order.
    Column("inputs", Text, nullable=False),
    Column("references", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("cluster", Text),
    PrimaryKeyConstraint("dataset", "version", "position"),
    ForeignKeyConstraint(
        ["dataset", "version"],
        ["dataset_version.dataset", "dataset_version.version"],
        ondelete="CASCADE",
    ),
)

setting = Table(
    "setting",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
