"""The ``trace`` rows: kept true while spans arrive, in whatever order.

Every rule here gives the same trace for any order and any batches:

- Name, project and status are those of the *head*: the root that started first or, while
  no root is there, the span that started first. Equal starts are decided by span id.
- Tokens and cost are sums over the model calls (kind llm or embedding, with usage) that are
  not the parent of another one: a call whose direct child is a call only repeats it, as
  a framework's span around the client's does. Other kinds are never counted, so
  an agent that reports its total counts once, through its calls.
- A trace has one session and one user; should its spans disagree, the smallest is kept.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from evalhub.model import Span
from evalhub.store import dialect, tables
from evalhub.store.cleaning import LARGEST_INTEGER
from evalhub.store.rows import reported

__all__ = ["Call", "Totals", "add_up", "store_traces"]

_HEAD: tuple[str, ...] = (
    "trace_id",
    "name",
    "project",
    "status",
    "start_ns",
    "end_ns",
    "spans",
    "errors",
    "head_is_child",
    "head_start_ns",
    "head_span_id",
)
_TOTALS: tuple[str, ...] = ("input_tokens", "output_tokens", "cost_usd")
_PEOPLE: tuple[str, ...] = ("session_id", "user_id")
_ALL = _HEAD + _TOTALS + _PEOPLE
_head_row = attrgetter(*_HEAD)
_people_row = attrgetter(*_PEOPLE)


class Call(NamedTuple):
    """What one model call adds to its trace."""

    span_id: str
    parent_id: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


class Totals(NamedTuple):
    """Tokens and cost of a trace; None where no call said anything."""

    input_tokens: int | None
    output_tokens: int | None
    cost_usd: float | None


@dataclass(slots=True)
class _Trace:
    """A trace row in the making."""

    trace_id: str
    name: str
    project: str
    status: str
    start_ns: int
    end_ns: int
    spans: int
    errors: int
    head_is_child: int
    """0 or 1: PostgreSQL takes no boolean for a small integer."""
    head_start_ns: int
    head_span_id: str
    session_id: str | None
    user_id: str | None

    def absorb(self, span: Span) -> None:
        """Count *span* in."""
        self.spans += 1
        if span.status == "error":
            self.errors += 1
        self.start_ns = min(self.start_ns, span.start_ns)
        self.end_ns = max(self.end_ns, span.end_ns)
        is_child = 0 if span.parent_id is None else 1
        if (is_child, span.start_ns, span.span_id) < (
            self.head_is_child,
            self.head_start_ns,
            self.head_span_id,
        ):
            self.name, self.project, self.status = span.name, span.project, span.status
            self.head_is_child = is_child
            self.head_start_ns, self.head_span_id = span.start_ns, span.span_id
        if span.session_id is not None:
            self.session_id = _smallest(self.session_id, span.session_id)
        if span.user_id is not None:
            self.user_id = _smallest(self.user_id, span.user_id)


def store_traces(
    connection: Connection,
    known: Mapping[str, Row[Any]],
    spans: Sequence[tuple[Span, float | None]],
) -> None:
    """Bring the trace rows up to date with *spans* and their costs, which were just stored.

    *known* are the rows of those traces that were there before, by id.
    """
    traces = {trace_id: _from_row(row) for trace_id, row in known.items()}
    calls: dict[str, list[Call]] = {}
    for span, cost in spans:
        trace = traces.get(span.trace_id)
        if trace is None:
            traces[span.trace_id] = _from_span(span)
        else:
            trace.absorb(span)
        if span.usage is not None and reported(span):
            usage = span.usage
            calls.setdefault(span.trace_id, []).append(
                Call(span.span_id, span.parent_id, usage.input_tokens, usage.output_tokens, cost)
            )
    totals = {trace_id: add_up(own) for trace_id, own in calls.items() if trace_id not in known}
    _insert_new(connection, [t for t in traces.values() if t.trace_id not in known], totals)
    if known:
        grown = {trace_id: own for trace_id, own in calls.items() if trace_id in known}
        totals = _grown_totals(connection, known, grown)
        _update_known(connection, [traces[trace_id] for trace_id in known], known, totals)


def add_up(calls: Sequence[Call], *, repeating: Collection[str | None] = ()) -> Totals:
    """Return the sums over *calls* of one trace, each token counted once.

    *repeating* are ids of calls that have a child call which is not in *calls*.
    """
    parents = {call.parent_id for call in calls}.union(repeating)
    counted = [call for call in calls if call.span_id not in parents]
    costs = [call.cost_usd for call in counted if call.cost_usd is not None]
    return Totals(
        _sum(call.input_tokens for call in counted),
        _sum(call.output_tokens for call in counted),
        math.fsum(costs) if costs else None,
    )


def _insert_new(
    connection: Connection, traces: Iterable[_Trace], totals: Mapping[str, Totals]
) -> None:
    # Columns in groups, as for spans (rows.py).
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for trace in traces:
        columns = _HEAD
        row: tuple[Any, ...] = _head_row(trace)
        if own := totals.get(trace.trace_id):
            columns, row = columns + _TOTALS, row + own
        if trace.session_id is not None or trace.user_id is not None:
            columns, row = columns + _PEOPLE, row + _people_row(trace)
        groups.setdefault(columns, []).append(row)
    for columns, rows in groups.items():
        dialect.insert_rows(connection, tables.trace, columns, rows)


def _grown_totals(
    connection: Connection, known: Mapping[str, Row[Any]], calls: Mapping[str, Sequence[Call]]
) -> dict[str, Totals]:
    """Return the totals of stored traces to which *calls* were added.

    What is new is added to what was there, so that a long trace costs no more per
    span than a short one; only where a stored call turns out to repeat a new one are all
    calls of its trace read again.
    """
    span = tables.span.c
    new = {(trace_id, call.span_id) for trace_id, own in calls.items() for call in own}
    above = {
        (trace_id, call.parent_id)
        for trace_id, own in calls.items()
        for call in own
        if call.parent_id is not None
    }
    is_call = "AND is_call = 1"
    outer = dialect.find_pairs(
        connection, (span.trace_id, span.span_id), above - new, where=is_call
    )
    repeating = dialect.find_pairs(connection, (span.trace_id, span.parent_id), new, where=is_call)
    totals: dict[str, Totals] = {}
    for trace_id, own in calls.items():
        inside = {call.span_id for call in own if (trace_id, call.span_id) in repeating}
        totals[trace_id] = _plus(_totals_of(known[trace_id]), add_up(own, repeating=inside))
    for trace_id in {trace_id for trace_id, _ in outer}:
        totals[trace_id] = add_up(_stored_calls(connection, trace_id))
    return totals


def _update_known(
    connection: Connection,
    traces: Sequence[_Trace],
    known: Mapping[str, Row[Any]],
    totals: Mapping[str, Totals],
) -> None:
    rows = []
    for trace in traces:
        own = totals.get(trace.trace_id) or _totals_of(known[trace.trace_id])
        rows.append(_head_row(trace) + own + _people_row(trace))
    dialect.update_rows(connection, tables.trace, _ALL, rows)


def _stored_calls(connection: Connection, trace_id: str) -> list[Call]:
    span = tables.span.c
    columns = (span[name] for name in Call._fields)
    query = select(*columns).where(span.trace_id == trace_id, tables.IS_CALL)
    return [Call(*row) for row in connection.execute(query)]


def _totals_of(row: Row[Any]) -> Totals:
    return Totals(*(getattr(row, name) for name in _TOTALS))


def _plus(before: Totals, added: Totals) -> Totals:
    costs = [cost for cost in (before.cost_usd, added.cost_usd) if cost is not None]
    return Totals(
        _sum((before.input_tokens, added.input_tokens)),
        _sum((before.output_tokens, added.output_tokens)),
        sum(costs) if costs else None,
    )


def _from_span(span: Span) -> _Trace:
    return _Trace(
        span.trace_id,
        span.name,
        span.project,
        span.status,
        span.start_ns,
        span.end_ns,
        1,
        1 if span.status == "error" else 0,
        0 if span.parent_id is None else 1,
        span.start_ns,
        span.span_id,
        span.session_id,
        span.user_id,
    )


def _from_row(row: Row[Any]) -> _Trace:
    return _Trace(*(getattr(row, name) for name in _HEAD + _PEOPLE))


def _smallest(one: str | None, other: str) -> str:
    return other if one is None else min(one, other)


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return min(sum(known), LARGEST_INTEGER) if known else None
