"""Spans that a framework opens and closes by ids of its own.

Such a framework tells of the start and the end of a run in two calls, often from different
threads, and runs its users' functions in contexts of its own. So its runs are kept here by
their ids, and are never made current: which one is open is asked when a span begins
(:data:`~evalhub.tracing.context.AMBIENT`).
"""

import functools
from collections.abc import Callable, Hashable
from typing import Any, ParamSpec

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import Surroundings, innermost, records_here
from evalhub.tracing.process import ACTIVE, tracer_in_force

__all__ = ["FrameworkRuns", "harmless", "inner"]

P = ParamSpec("P")

_MAX_OPEN = 10_000
_MAX_ENDED = 1_000


class FrameworkRuns:
    """The open spans of one framework by its ids; bounded, and safe to use from any thread.

    When more than *max_open* are open, the oldest are recorded as they are, with an event
    ``never_ended``. The last *max_ended* that ended are remembered without their payloads:
    a task that outlives its run is still a child of it.
    """

    def __init__(self, max_open: int = _MAX_OPEN, max_ended: int = _MAX_ENDED) -> None:
        # Without a lock: each step is one atomic operation on a dict, and a lock could be
        # held by a thread that a fork leaves behind.
        self._open: dict[Hashable, ActiveSpan] = {}
        self._ended: dict[Hashable, ActiveSpan] = {}
        self._max_open = max_open
        self._max_ended = max_ended

    def __len__(self) -> int:
        return len(self._open)

    def find(self, key: Hashable) -> ActiveSpan | None:
        """Return the span of run *key*, or a stand-in for one that ended lately."""
        return self._open.get(key) or self._ended.get(key)

    def current(self, key: Hashable) -> ActiveSpan | None:
        """Return the span of run *key* while it is open and recorded."""
        span = self._open.get(key)
        return span if span is not None and span.recording else None

    def start(
        self,
        key: Hashable,
        name: str,
        kind: str,
        *,
        above: Hashable = None,
        project: str | None = None,
        span_id: str | None = None,
    ) -> ActiveSpan | None:
        """Open a span for run *key* below run *above*, or below what is open here.

        None when nothing is to be recorded, or when the run is open already because a
        second handler tells of it.
        """
        tracer = ACTIVE.tracer or tracer_in_force()
        if key in self._open or not (tracer.enabled or records_here()):
            return None
        parent = inner(innermost(), None if above is None else self.find(above))
        # An id that its owner uses twice would be stored once.
        own_id = None if key in self._ended else span_id
        span = tracer.begin(name, kind, None, project, parent=parent, span_id=own_id)
        self._open[key] = span or tracer.muted
        self._make_room()
        return span if span is not None and span.recording else None

    def end(self, key: Hashable, record: Callable[[ActiveSpan], Any]) -> None:
        """Close the span of run *key* after *record* was called with it; unknown: do nothing."""
        span = self._open.pop(key, None)
        if span is None or not span.recording:
            return
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            self._remember(key, span)
            record(span)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)

    def _make_room(self) -> None:
        while len(self._open) > self._max_open:
            oldest = _first(self._open)
            if oldest is None:
                return
            self.end(oldest, lambda span: span.add_event("never_ended"))
            self._open.pop(oldest, None)  # one that is not recorded is not ended

    def _remember(self, key: Hashable, span: ActiveSpan) -> None:
        stand_in = span._tracer.remote(span.trace_id, span.span_id, span.project)
        stand_in.parent_id, stand_in._start_ns = span.parent_id, span._start_ns
        stand_in.session_id, stand_in.user_id = span.session_id, span.user_id
        self._ended[key] = stand_in
        while len(self._ended) > self._max_ended:
            self._ended.pop(_first(self._ended), None)


def harmless(method: Callable[P, None]) -> Callable[P, Any]:
    """Let no exception of *method* reach the framework that calls it; it is counted."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            method(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            (ACTIVE.tracer or tracer_in_force()).absorb(error)

    return guarded


def inner(here: ActiveSpan | None, run: ActiveSpan | None) -> ActiveSpan | None:
    """Return the inner one of two spans that are open here, a framework's *run* among them."""
    if here is None or run is None:
        return here or run
    # What is muted here was muted inside: the run would be muted else.
    if not here.recording:
        return here
    began_ns = here.opened_ns if isinstance(here, Surroundings) else here._start_ns
    was_open_before = here.span_id == run.parent_id or began_ns < run._start_ns
    return run if was_open_before else here


def _first(entries: dict[Hashable, ActiveSpan]) -> Hashable:
    try:
        return next(iter(entries), None)
    except RuntimeError:  # another thread added one in between
        return None
