"""The read side: lists of traces, and one trace."""

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    exists,
    or_,
    select,
    true,
    tuple_,
)

from evalhub.errors import StoreError
from evalhub.model import Span, TraceSummary
from evalhub.store.attachments import StoredAttachment, attachments_of
from evalhub.store.spanrow import span_of
from evalhub.store.tables import score, span, span_payload, trace

__all__ = [
    "Comparison",
    "ScoreCondition",
    "StoredSpan",
    "TraceCursor",
    "TraceDetail",
    "TraceFilter",
    "conditions",
    "get_summaries",
    "get_trace",
    "iter_heads",
    "list_projects",
    "list_traces",
]


Comparison = Literal["<", "<=", "=", ">=", ">"]
"""How a value is held against another."""


class ScoreCondition(NamedTuple):
    """Some score of a trace or its spans is called *name* and compares so with *value*."""

    name: str
    comparison: Comparison
    value: float


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """Which traces are meant; each field that is not None narrows them."""

    project: str | None = None
    status: str | None = None
    name: str | None = None
    """Part of the trace's name; letter case is ignored (in ASCII)."""
    search: str | None = None
    """Part of the input, output or error preview of any of its spans, or of its id's start."""
    since_ns: int | None = None
    until_ns: int | None = None
    """The trace started at or after *since_ns*, and before *until_ns*."""
    min_duration_ms: float | None = None
    session_id: str | None = None
    user_id: str | None = None
    model: str | None = None
    """Some span of it called this model."""
    scores: tuple[ScoreCondition, ...] | None = None
    """Each of these holds for some score, such as a user's feedback."""


class TraceCursor(NamedTuple):
    """A place in a list of traces: the page after it begins with older traces."""

    start_ns: int
    trace_id: str

    @classmethod
    def after(cls, summary: TraceSummary) -> Self:
        """Return the place after *summary*, the last of a page."""
        return cls(summary.start_ns, summary.trace_id)


@dataclass(frozen=True, slots=True)
class StoredSpan:
    """A span, and what it cost by which price (None: unknown, never 0)."""

    span: Span
    """Without the bytes of its attachments."""
    cost_usd: float | None
    price_id: int | None
    attachments: tuple[StoredAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class TraceDetail:
    """A trace with all its spans, ordered by start."""

    summary: TraceSummary
    spans: tuple[StoredSpan, ...]


_ROWS_AT_ONCE = 1000
_SUMMARY = (
    trace.c.trace_id,
    trace.c.name,
    trace.c.project,
    trace.c.start_ns,
    trace.c.end_ns,
    trace.c.status,
    trace.c.spans,
    trace.c.errors,
    trace.c.input_tokens,
    trace.c.output_tokens,
    trace.c.cost_usd,
    trace.c.session_id,
    trace.c.user_id,
)


def list_traces(
    connection: Connection,
    filter: TraceFilter = TraceFilter(),  # noqa: A002 - the word for it; and it is frozen
    *,
    limit: int = 50,
    before: TraceCursor | None = None,
) -> list[TraceSummary]:
    """Return up to *limit* traces, newest first.

    Args:
        connection: From ``Store.read``.
        filter: Which traces.
        limit: How many at most.
        before: Where the page before ended: ``TraceCursor.after(page[-1])``.
    """
    query = select(*_SUMMARY).where(*conditions(filter))
    if before is not None:
        query = query.where(tuple_(trace.c.start_ns, trace.c.trace_id) < tuple_(*before))
    query = query.order_by(trace.c.start_ns.desc(), trace.c.trace_id.desc()).limit(limit)
    return [TraceSummary(*row) for row in connection.execute(query)]


def iter_heads(connection: Connection, traces: TraceFilter) -> Iterator[Span]:
    """Yield the span that stands for each trace, with its payload: newest first.

    That is the trace's root or, where the root has not come, its first span. Attachments are
    left out. Rows are fetched by the thousand.
    """
    query = (
        _spans_query()
        .join(
            trace,
            and_(trace.c.trace_id == span.c.trace_id, trace.c.head_span_id == span.c.span_id),
        )
        .where(*conditions(traces))
        .order_by(trace.c.start_ns.desc(), trace.c.trace_id.desc())
    )
    for row in connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}):
        yield span_of(row)


def get_summaries(connection: Connection, trace_ids: Sequence[str]) -> dict[str, TraceSummary]:
    """Return the summaries of those of *trace_ids* that are stored, by id."""
    found: dict[str, TraceSummary] = {}
    for start in range(0, len(trace_ids), 1000):
        some = trace_ids[start : start + 1000]
        query = select(*_SUMMARY).where(trace.c.trace_id.in_(some))
        found.update((row.trace_id, TraceSummary(*row)) for row in connection.execute(query))
    return found


def get_trace(connection: Connection, trace_id: str) -> TraceDetail | None:
    """Return a trace with its spans and payloads; None when there is none.

    Args:
        connection: From ``Store.read``.
        trace_id: The id, or its beginning when no other id begins so.

    Raises:
        StoreError: several ids begin with *trace_id*.
    """
    summary = _find(connection, trace_id)
    if summary is None:
        return None
    query = _spans_query().where(span.c.trace_id == summary.trace_id)
    rows = connection.execute(query.order_by(span.c.start_ns, span.c.span_id))
    attached = attachments_of(connection, summary.trace_id)
    return TraceDetail(summary, tuple(_stored(row, attached) for row in rows))


def list_projects(connection: Connection) -> list[str]:
    """Return the names of all projects that have a trace, sorted."""
    query = select(trace.c.project).distinct().order_by(trace.c.project)
    return list(connection.execute(query).scalars())


def conditions(traces: TraceFilter) -> list[ColumnElement[bool]]:
    """Return what a query of the table ``trace`` must ask for to find *traces*."""
    given = ((name, getattr(traces, name)) for name in _CONDITIONS)
    return [_CONDITIONS[name](value) for name, value in given if value is not None]


def _search(text: str) -> ColumnElement[bool]:
    previews = (span.c.input_preview, span.c.output_preview, span.c.error_preview)
    in_previews = or_(*(column.icontains(text, autoescape=True) for column in previews))
    return or_(trace.c.trace_id.startswith(text.lower(), autoescape=True), _has_span(in_previews))


def _has_span(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(and_(span.c.trace_id == trace.c.trace_id, condition))


_COMPARISONS: dict[Comparison, Callable[[Any, float], ColumnElement[bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


def _has_score(wanted: ScoreCondition) -> ColumnElement[bool]:
    value = _COMPARISONS[wanted.comparison](score.c.value, wanted.value)
    return exists().where(
        and_(score.c.trace_id == trace.c.trace_id, score.c.name == wanted.name, value)
    )


_CONDITIONS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "project": lambda value: trace.c.project == value,
    "status": lambda value: trace.c.status == value,
    "name": lambda value: trace.c.name.icontains(value, autoescape=True),
    "search": _search,
    "since_ns": lambda value: trace.c.start_ns >= value,
    "until_ns": lambda value: trace.c.start_ns < value,
    "min_duration_ms": lambda value: trace.c.end_ns - trace.c.start_ns >= int(value * 1e6),
    "session_id": lambda value: trace.c.session_id == value,
    "user_id": lambda value: trace.c.user_id == value,
    "model": lambda value: _has_span(span.c.model == value),
    "scores": lambda value: and_(true(), *map(_has_score, value)),
}
"""What each field of :class:`TraceFilter` asks of a trace."""


def _find(connection: Connection, trace_id: str) -> TraceSummary | None:
    if not trace_id:
        return None
    query = select(*_SUMMARY)
    exact = connection.execute(query.where(trace.c.trace_id == trace_id)).first()
    if exact is not None:
        return TraceSummary(*exact)
    # A range, which the primary key answers; LIKE would read the whole table.
    begins = trace.c.trace_id.between(trace_id, trace_id + "\U0010ffff")
    found = connection.execute(query.where(begins).limit(2)).all()
    if len(found) > 1:
        raise StoreError(
            f"several traces have an id that begins with {trace_id!r}; give more of it"
        )
    return TraceSummary(*found[0]) if found else None


def _spans_query() -> Select[Any]:
    payload = span_payload.c
    contents = (payload.inputs, payload.outputs, payload.attributes, payload.events, payload.error)
    return select(span, *contents).outerjoin(span_payload, payload.id == span.c.id)


def _stored(row: Row[Any], attached: Mapping[str, tuple[StoredAttachment, ...]]) -> StoredSpan:
    own = attached.get(row.span_id, ())
    return StoredSpan(span_of(row), row.cost_usd, row.price_id, own)
