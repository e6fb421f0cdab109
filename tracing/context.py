"""Which span is open here: one context variable, and how threads inherit it.

asyncio tasks inherit it by themselves. A thread starts with an empty context;
:class:`ContextThreadPoolExecutor` hands the submitter's over. A framework that calls
its users' functions in contexts of its own says so in ``AMBIENT``.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from evalhub.tracing.active import ActiveSpan

__all__ = [
    "AMBIENT",
    "CURRENT",
    "ContextThreadPoolExecutor",
    "Surroundings",
    "get_current_span",
    "innermost",
    "records_here",
]

P = ParamSpec("P")
R = TypeVar("R")

CURRENT: ContextVar[ActiveSpan | None] = ContextVar("evalhub_current_span", default=None)


AMBIENT: list[Callable[[ActiveSpan | None], ActiveSpan | None]] = []
"""Asked in turn which span is open here, given what is known so far; none may raise."""


class Surroundings(ActiveSpan):
    """What ``tracing_context`` puts around a block: a parent that carries its settings.

    It has the ids of the span *around* it, or none, so that what is below it is
    that span's child, or a root. It is never recorded itself.
    """

    __slots__ = ("around", "opened_ns")

    around: ActiveSpan | None
    opened_ns: int
    """When the block was entered; 0 where no framework has contexts of its own."""


def innermost() -> ActiveSpan | None:
    """Return the span that a span opened here belongs below, muted or not."""
    span = CURRENT.get()
    for look in AMBIENT:
        span = look(span)
    return span


def get_current_span() -> ActiveSpan | None:
    """Return the innermost span open here, or None when nothing is being traced."""
    span = innermost()
    if span is None or not span.recording:
        return None
    while isinstance(span, Surroundings):
        span = span.around
    return span


def records_here() -> bool:
    """Say whether a span opened here is recorded even when tracing is off."""
    span = innermost()
    return span is not None and bool(span.recording)


class ContextThreadPoolExecutor(ThreadPoolExecutor):
    """A ThreadPoolExecutor whose tasks run in a copy of the submitter's context.

    Spans opened by a task are children of the span that was open at ``submit``.
    """

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Schedule ``fn(*args, **kwargs)`` in a copy of the current context."""
        return super().submit(copy_context().run, partial(fn, *args, **kwargs))
