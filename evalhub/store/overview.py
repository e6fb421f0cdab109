"""The read side: sums over traces, by time and by name."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, case, func, select

from evalhub.errors import StoreError
from evalhub.store.queries import TraceFilter, conditions
from evalhub.store.tables import trace

__all__ = ["NameTotals", "OverviewBucket", "TimeExtent", "by_name", "extent", "overview"]


@dataclass(frozen=True, slots=True)
class OverviewBucket:
    """Sums over the traces that started in one stretch of time.

    Percentiles are of durations, nearest rank. Tokens and cost are None when no
    trace of the bucket reported any.
    """

    start_ns: int
    calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    p50_ms: float
    p95_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class NameTotals:
    """Sums over the traces of one name; as :class:`OverviewBucket` otherwise."""

    name: str
    calls: int
    errors: int
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None
    p50_ms: float
    p95_ms: float
    p99_ms: float


class TimeExtent(NamedTuple):
    """When the first and the last of some traces started."""

    first_ns: int
    last_ns: int


def overview(
    connection: Connection,
    filter: TraceFilter,  # noqa: A002 - the word for it
    *,
    bucket_ns: int,
) -> list[OverviewBucket]:
    """Return sums over time, oldest first; a bucket without traces is left out.

    Args:
        connection: From ``Store.read``.
        filter: Which traces.
        bucket_ns: Width of a bucket; buckets start at multiples of it since the Unix epoch.
    """
    if bucket_ns <= 0:
        raise StoreError(f"bucket_ns is {bucket_ns}; it must be positive")
    query = _totals(filter, trace.c.start_ns - trace.c.start_ns % bucket_ns)
    return [OverviewBucket(*row) for row in connection.execute(query.order_by("part"))]


def by_name(
    connection: Connection,
    filter: TraceFilter,  # noqa: A002 - the word for it
    *,
    limit: int = 10,
) -> list[NameTotals]:
    """Return sums over the traces of each name, the *limit* names with most traces first."""
    query = _totals(filter, trace.c.name).order_by(func.count().desc(), "part").limit(limit)
    return [NameTotals(*row) for row in connection.execute(query)]


def extent(
    connection: Connection,
    filter: TraceFilter,  # noqa: A002 - the word for it
) -> TimeExtent | None:
    """Return when the first and the last trace started; None without a trace."""
    ends = (func.min(trace.c.start_ns), func.max(trace.c.start_ns))
    first_ns, last_ns = connection.execute(select(*ends).where(*conditions(filter))).one()
    return None if first_ns is None else TimeExtent(first_ns, last_ns)


def _totals(traces: TraceFilter, part: ColumnElement[Any]) -> Select[Any]:
    """Return a query of a row for each value of *part*: it, then the sums of its traces."""
    ranked = _ranked(traces, part).subquery().c
    return select(
        ranked.part,
        func.count(),
        func.sum(ranked.failed),
        func.sum(ranked.input_tokens),
        func.sum(ranked.output_tokens),
        func.sum(ranked.cost_usd),
        *(_percentile(ranked, percent) for percent in (50, 95, 99)),
    ).group_by(ranked.part)


def _ranked(traces: TraceFilter, part: ColumnElement[Any]) -> Select[Any]:
    duration = trace.c.end_ns - trace.c.start_ns
    return select(
        part.label("part"),
        case((trace.c.status == "error", 1), else_=0).label("failed"),
        trace.c.input_tokens,
        trace.c.output_tokens,
        trace.c.cost_usd,
        duration.label("duration_ns"),
        func.row_number().over(partition_by=part, order_by=duration).label("rank"),
        func.count().over(partition_by=part).label("size"),
    ).where(*conditions(traces))


def _percentile(ranked: Any, percent: int) -> ColumnElement[Any]:
    is_it = ranked.rank == (ranked.size * percent + 99) // 100
    return func.max(case((is_it, ranked.duration_ns))) / 1e6
