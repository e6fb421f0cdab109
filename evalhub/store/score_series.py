"""Scores of traces as means over time, for charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, func, literal_column, select

from evalhub.errors import StoreError
from evalhub.store.queries import TraceFilter, conditions
from evalhub.store.tables import score, trace

__all__ = ["ScorePoint", "ScoreSeries", "score_series"]


@dataclass(frozen=True, slots=True)
class ScorePoint:
    """What was scored of the traces that started in one stretch of time."""

    start_ns: int
    mean: float | None
    n: int
    missing: int
    """Scores that could not be given."""


@dataclass(frozen=True, slots=True)
class ScoreSeries:
    """One kind of score over time: of one name, from one source, measured in one way."""

    name: str
    source: str
    signature: str
    points: Sequence[ScorePoint]

    @property
    def n(self) -> int:
        """How many traces have it."""
        return sum(point.n for point in self.points)


def score_series(
    connection: Connection, traces: TraceFilter, *, bucket_ns: int
) -> list[ScoreSeries]:
    """Return the scores of whole *traces* in stretches of *bucket_ns*, each series oldest first.

    Raises:
        StoreError: *bucket_ns* is not positive.
    """
    if bucket_ns <= 0:
        raise StoreError(f"bucket_ns is {bucket_ns}; it must be positive")
    # Not as a parameter: PostgreSQL takes two of one value for two, and misses the group.
    start = trace.c.start_ns - trace.c.start_ns % literal_column(str(int(bucket_ns)))
    kind = (score.c.name, score.c.source, score.c.signature)
    query = (
        select(*kind, start, func.avg(score.c.value), func.count(score.c.value), func.count())
        .join(trace, trace.c.trace_id == score.c.trace_id)
        .where(*conditions(traces), score.c.span_id.is_(None))
        .group_by(*kind, start)
        .order_by(*kind, start)
    )
    rows = connection.execute(query).all()
    found = []
    for (name, source, signature), some in groupby(rows, key=lambda row: row[:3]):
        points = [ScorePoint(row[3], row[4], row[5], row[6] - row[5]) for row in some]
        found.append(ScoreSeries(name, source, signature, tuple(points)))
    return found
