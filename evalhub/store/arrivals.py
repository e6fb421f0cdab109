"""Traces by when something of them came: a call may end, or be delivered, long after its start.

Row numbers of spans are given under the write lock, each above all that were stored before. So
what has a number beyond one that was seen is new, whenever it began.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, case, func, literal, literal_column, select

from evalhub.model import SpanStatus
from evalhub.store.online import WindowScore
from evalhub.store.queries import TraceFilter, conditions
from evalhub.store.tables import span, trace

__all__ = ["arrived_after", "before_first_span", "last_arrival", "root_failures"]


def last_arrival(connection: Connection) -> int:
    """Return the number of the span that came last; 0 without any."""
    last: int | None = connection.execute(select(func.max(span.c.id))).scalar()
    return last or 0


def before_first_span(connection: Connection, since_ns: int) -> int:
    """Return a number below that of the first span that ended at *since_ns* or later."""
    query = select(func.min(span.c.id)).where(span.c.end_ns >= since_ns)
    first: int | None = connection.execute(query).scalar()
    return last_arrival(connection) if first is None else first - 1


def arrived_after(
    connection: Connection, traces: TraceFilter, number: int, *, since_ns: int
) -> list[tuple[str, int]]:
    """Return the ids of *traces* of which a span came after that of this *number*.

    Each with the number of its last span, those that began last first; those that ended before
    *since_ns* are left out.
    """
    last: Any = func.max(span.c.id).label("last")
    # Grouped by an expression: to save a sort SQLite would read a whole index on the bare column.
    trace_id = span.c.trace_id.concat(literal_column("''")).label("trace_id")
    grown = select(trace_id, last).where(span.c.id > number).group_by(trace_id).subquery()
    query = (
        select(grown.c.trace_id, grown.c.last)
        .join(trace, trace.c.trace_id == grown.c.trace_id)
        .where(trace.c.end_ns >= since_ns, *conditions(traces))
        .order_by(trace.c.start_ns.desc(), trace.c.trace_id.desc())
    )
    return [(row[0], row[1]) for row in connection.execute(query)]


def root_failures(
    connection: Connection, traces: TraceFilter, *, signature: str, without: Collection[str] = ()
) -> list[WindowScore]:
    """Return 1 for each of *traces* whose root span failed and 0 for each other, as they ended.

    A trace whose root has not come is left out, as are those of the projects *without*.
    """
    failed = case((trace.c.status == SpanStatus.ERROR.value, 1.0), else_=0.0)
    query = (
        select(trace.c.trace_id, trace.c.session_id, failed, literal(signature), trace.c.end_ns)
        .where(*conditions(traces))
        .where(trace.c.head_is_child == 0, trace.c.project.not_in(without))
        # Not by the spans' numbers: of one batch those that failed are stored together.
        .order_by(trace.c.end_ns, trace.c.trace_id)
    )
    return [WindowScore(*row) for row in connection.execute(query)]
