"""Whether a trace is known to be incomplete, and what is known of it.

Three things can be seen: spans that a process counted as lost, spans whose parent is not here,
and a trace without a root. A root ends last and is delivered in order, so when it is here,
what its process had ended before it is here too, or is counted as lost. Without one
the trace may be going on; what its processes said last tells how likely that is.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, distinct, func, select

from evalhub.store.ledger import Producer, producer_of
from evalhub.store.tables import loss, producer, span, trace

__all__ = ["SILENT_AFTER_S", "Completeness", "completeness", "completeness_of"]

SILENT_AFTER_S = 60
"""Seconds after which a process that has not said goodbye is called silent."""

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Completeness:
    """What is known to be missing of one trace."""

    lost: int = 0
    """Spans that a process recorded and counted as lost."""
    absent_parents: int = 0
    """Spans that others name as their parent and that are not here."""
    has_root: bool = True
    producers: tuple[Producer, ...] = ()
    """The processes that recorded it, where they said so."""

    @property
    def is_complete(self) -> bool:
        """Whether nothing is known to be missing."""
        return self.has_root and not self.lost and not self.absent_parents

    def reasons(self, now_ns: int) -> tuple[str, ...]:
        """Return what is missing, a clause each; empty for a complete trace.

        *now_ns* is the time by which a process is called silent.
        """
        found = []
        if self.lost:
            found.append(f"{_spans(self.lost, 'was', 'were')} lost before delivery")
        if not self.has_root:
            found.append(f"the root is not here: {self._why_no_root(now_ns)}")
        elif self.absent_parents:
            absent = _spans(self.absent_parents, "is", "are")
            found.append(f"{absent} named as a parent and not here")
        return tuple(found)

    def _why_no_root(self, now_ns: int) -> str:
        if not self.producers:
            return "the call is still open, its span was lost, or it is another system's"
        if all(one.is_ended for one in self.producers):
            return "its process has ended, so it will not come"
        silent_s = (now_ns - max(one.updated_ns for one in self.producers)) // 10**9
        if silent_s < SILENT_AFTER_S:
            return "the call may still be open"
        open_ones = [one for one in self.producers if not one.is_ended]
        who = ", ".join(f"{one.pid} on {one.host}" for one in open_ones)
        return f"nothing was heard of process {who} for {silent_s} s; it is idle or was killed"


def completeness(connection: Connection, trace_id: str) -> Completeness:
    """Return what is known to be missing of one trace."""
    return completeness_of(connection, [trace_id])[trace_id]


def completeness_of(connection: Connection, trace_ids: Sequence[str]) -> dict[str, Completeness]:
    """Return what is known to be missing of each trace, by id.

    Of a trace that is not here only its losses are known.
    """
    found: dict[str, Completeness] = {}
    for start in range(0, len(trace_ids), _AT_ONCE):
        some = trace_ids[start : start + _AT_ONCE]
        lost = _counts(connection, _losses(some))
        absent = _counts(connection, _absent_parents(some))
        roots = set(connection.execute(_with_root(some)).scalars())
        doubtful = [one for one in some if one not in roots or one in lost or one in absent]
        whose = _producers(connection, doubtful)
        for one in some:
            found[one] = Completeness(
                lost.get(one, 0), absent.get(one, 0), one in roots, whose.get(one, ())
            )
    return found


def _losses(trace_ids: Collection[str]) -> Select[Any]:
    query = select(loss.c.trace_id, func.sum(loss.c.spans)).where(loss.c.trace_id.in_(trace_ids))
    return query.group_by(loss.c.trace_id)


def _absent_parents(trace_ids: Collection[str]) -> Select[Any]:
    parent = span.alias("parent")
    is_parent = and_(parent.c.trace_id == span.c.trace_id, parent.c.span_id == span.c.parent_id)
    return (
        select(span.c.trace_id, func.count(distinct(span.c.parent_id)))
        .outerjoin(parent, is_parent)
        .where(span.c.trace_id.in_(trace_ids), span.c.parent_id.is_not(None))
        .where(parent.c.id.is_(None))
        .group_by(span.c.trace_id)
    )


def _with_root(trace_ids: Collection[str]) -> Select[Any]:
    # The head is a child only where there is no root (traces.py).
    is_there = trace.c.trace_id.in_(trace_ids)
    return select(trace.c.trace_id).where(is_there, trace.c.head_is_child == 0)


def _producers(
    connection: Connection, trace_ids: Collection[str]
) -> dict[str, tuple[Producer, ...]]:
    pairs = (
        select(span.c.trace_id, span.c.producer_id)
        .where(span.c.trace_id.in_(trace_ids), span.c.producer_id.is_not(None))
        .distinct()
        .subquery()
    )
    query = select(pairs.c.trace_id, producer).join(producer, producer.c.id == pairs.c.producer_id)
    found: dict[str, tuple[Producer, ...]] = {}
    for row in connection.execute(query.order_by(producer.c.id)):
        found[row.trace_id] = (*found.get(row.trace_id, ()), producer_of(row))
    return found


def _counts(connection: Connection, query: Select[Any]) -> dict[str, int]:
    return {trace_id: int(count) for trace_id, count in connection.execute(query)}


def _spans(count: int, one: str, many: str) -> str:
    return f"1 span {one}" if count == 1 else f"{count} spans {many}"
