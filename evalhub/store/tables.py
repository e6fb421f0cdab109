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
    "attachment",
    "blob",
    "dataset",
    "dataset_version",
    "example",
    "loss",
    "metadata",
    "price",
    "producer",
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
    # Part of the input's, and of the output's, tokens.
    Column("audio_input_tokens", BigInteger),
    Column("audio_output_tokens", BigInteger),
    Column("tier", Text),
    # Which process recorded it: a row of ``producer``.
    Column("producer_id", Integer),
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
    Column("audio_input_usd", Float),
    Column("audio_output_usd", Float),
    Column("reasoning_usd", Float),
    # Not null: the unique index tells two nulls apart.
    Column("tier", Text, nullable=False, server_default="standard"),
    # The version of the table that brought the row; null for one's own.
    Column("table_digest", Text),
    # 0 once another table took its place: kept for the costs that came from it.
    Column("in_force", SmallInteger, nullable=False, server_default="1"),
)

_IN_FORCE = price.c.in_force == literal_column("1")
Index(
    "uq_price_in_force",
    price.c.provider,
    price.c.model,
    price.c.tier,
    price.c.valid_from_ns,
    price.c.source,
    unique=True,
    sqlite_where=_IN_FORCE,
    postgresql_where=_IN_FORCE,
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

# The delivery ledger: what each process last said of its spans.
producer = Table(
    "producer",
    metadata,
    # Small, since each span names its producer.
    Column("id", Integer, primary_key=True),
    Column("producer", Text, nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
    Column("is_ended", SmallInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("spooled", BigInteger, nullable=False),
    Column("dropped", BigInteger, nullable=False),
    # Counted here, not said by the process, which may never learn that a batch arrived.
    Column("stored", BigInteger, nullable=False),
)

# Spans that a producer lost, by trace. The report's time is in the key, so that a report
# that comes twice, or after a later one, counts once.
loss = Table(
    "loss",
    metadata,
    Column("trace_id", Text, nullable=False),
    Column("producer_id", Integer, nullable=False),
    Column("spans", BigInteger, nullable=False),
    PrimaryKeyConstraint("trace_id", "producer_id"),
)

blob = Table(
    "blob",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

attachment = Table(
    "attachment",
    metadata,
    # The span's row number, as in ``span_payload``.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("mime_type", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    PrimaryKeyConstraint("id", "position"),
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
