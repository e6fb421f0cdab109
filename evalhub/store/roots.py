"""Traces with their root spans: what the application was given, and what it gave."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from evalhub.model import Span, TraceSummary
from evalhub.store.queries import TraceCursor, TraceFilter, list_traces
from evalhub.store.spanrow import span_of
from evalhub.store.tables import span, span_payload

__all__ = ["get_roots", "iterate_roots"]

_PAGE = 500


def iterate_roots(
    connection: Connection, traces: TraceFilter, *, limit: int
) -> Iterator[tuple[TraceSummary, Span]]:
    """Yield up to *limit* of *traces*, newest first, each with its root span.

    A trace whose root has not arrived is left out. Of several roots it is the one that
    began first. Attachments are left out.
    """
    before: TraceCursor | None = None
    while limit > 0:
        page = list_traces(connection, traces, limit=min(limit, _PAGE), before=before)
        if not page:
            return
        roots = get_roots(connection, [summary.trace_id for summary in page])
        yield from (
            (summary, roots[summary.trace_id]) for summary in page if summary.trace_id in roots
        )
        before, limit = TraceCursor.after(page[-1]), limit - len(page)


def get_roots(connection: Connection, trace_ids: Sequence[str]) -> dict[str, Span]:
    """Return the root span of each of *trace_ids* that has one, by trace; at most 1,000 ids."""
    payload = span_payload.c
    contents = (payload.inputs, payload.outputs, payload.attributes, payload.events, payload.error)
    query = select(span, *contents).outerjoin(span_payload, payload.id == span.c.id)
    query = query.where(span.c.trace_id.in_(trace_ids), span.c.parent_id.is_(None))
    found: dict[str, Span] = {}
    for row in connection.execute(query.order_by(span.c.start_ns, span.c.span_id)):
        found.setdefault(row.trace_id, span_of(row))
    return found
