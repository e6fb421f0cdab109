"""Which span is open here: one context variable, and how threads inherit it.

asyncio tasks inherit it by themselves. A thread starts with an empty context;
:class:`ContextThreadPoolExecutor` hands the submitter's over.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from evalhub.tracing.active import ActiveSpan

__all__ = ["CURRENT", "ContextThreadPoolExecutor", "get_current_span"]

P = ParamSpec("P")
R = TypeVar("R")

CURRENT: ContextVar[ActiveSpan | None] = ContextVar("evalhub_current_span", default=None)


def get_current_span() -> ActiveSpan | None:
    """Return the innermost span open here, or None when nothing is being traced."""
    span = CURRENT.get()
    return span if span is not None and span.recording else None


class ContextThreadPoolExecutor(ThreadPoolExecutor):
    """A ThreadPoolExecutor whose tasks run in a copy of the submitter's context.

    Spans opened by a task are children of the span that was open at ``submit``.
    """

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Schedule ``fn(*args, **kwargs)`` in a copy of the current context."""
        return super().submit(copy_context().run, partial(fn, *args, **kwargs))
