"""Carry the open span into other processes of the same program.

Spans recorded there are children of the span that was open where the work was handed over, however
the process is started (fork, spawn, forkserver).
"""

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import update_wrapper
from typing import Generic, ParamSpec, TypeVar

from evalhub.tracing.context import innermost
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.propagation import as_current, from_headers, to_headers

__all__ = ["ContextProcessPoolExecutor", "carry"]

P = ParamSpec("P")
R = TypeVar("R")


class Carried(Generic[P, R]):
    """A function and the span that was open when it was wrapped; picklable if the function is."""

    def __init__(self, function: Callable[P, R]) -> None:
        span = innermost()
        self._function = function
        self._headers = to_headers(span) if span is not None else {}
        self._is_muted = span is not None and not span.recording
        update_wrapper(self, function, updated=())  # job queues log the function's name

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function below that span."""
        tracer = ACTIVE.tracer or tracer_in_force()
        # Set when there is no parent too: a forked worker still has the span that was open
        # when it was forked.
        parent = tracer.muted if self._is_muted else from_headers(self._headers)
        with as_current(parent):
            return self._function(*args, **kwargs)


def carry(function: Callable[P, R]) -> Callable[P, R]:
    """Return *function* as it is to be handed to another process: it remembers the open span.

    ``pool.map(carry(work), items)`` and ``Process(target=carry(work))`` then trace below the span
    that is open here. Wrap where the work is handed over, not where the function is defined.
    """
    return Carried(function)


class ContextProcessPoolExecutor(ProcessPoolExecutor):
    """A ProcessPoolExecutor whose tasks trace below the span that was open at ``submit``.

    Workers that are not forked know the settings of the environment only. A program that calls
    ``configure`` gives ``initializer=functools.partial(configure, url=...)`` too.
    """

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Schedule ``fn(*args, **kwargs)`` in a worker, below the current span."""
        return super().submit(carry(fn), *args, **kwargs)
