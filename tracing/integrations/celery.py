"""Celery: a span for each task that a worker runs, below the span that sent it.

Call :func:`instrument_celery` where the Celery application is made, so that senders and workers
both do.
"""

from collections.abc import MutableMapping
from typing import Any

from evalhub._optional import require
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT, innermost
from evalhub.tracing.process import ACTIVE, flush, tracer_in_force
from evalhub.tracing.propagation import from_headers, inject, to_headers
from evalhub.tracing.tracer import EXIT_S, Tracer

try:
    from celery import current_task, signals  # type: ignore[import-untyped]  # it ships no types
except ModuleNotFoundError:
    require("celery", extra=None)
    raise

__all__ = ["instrument_celery", "uninstrument_celery"]

_HEADERS = ("traceparent", "tracestate", "baggage", "langsmith-trace")
_KEY = "evalhub.tracing"


def instrument_celery() -> None:
    """Trace the tasks of every Celery application in this process; a second call does nothing.

    A retry is a span of its own beside the first try, with the number of the try in its metadata.
    """
    for signal, receiver in _RECEIVERS:
        signal.connect(receiver, weak=False, dispatch_uid=f"{_KEY}.{receiver.__name__}")


def uninstrument_celery() -> None:
    """Undo :func:`instrument_celery`."""
    for signal, receiver in _RECEIVERS:
        signal.disconnect(receiver, dispatch_uid=f"{_KEY}.{receiver.__name__}")


class _Run:
    """A task that is being run; it is kept on the task's request."""

    __slots__ = ("outer", "sent", "span")

    def __init__(self, outer: ActiveSpan | None, sent: dict[str, str]) -> None:
        self.outer = outer
        """What was open in this thread before."""
        self.sent = sent
        """Headers of the span that sent the task."""
        self.span: ActiveSpan | None = None
        """None where recording is muted."""


def _on_publish(headers: MutableMapping[str, Any] | None = None, **_: Any) -> None:
    """Put the open span into the message."""
    tracer = ACTIVE.tracer or tracer_in_force()
    if headers is None or not tracer.enabled:
        return
    try:
        failed = _failed_try(headers)
        if failed is None:
            inject(headers)
        else:
            headers.update(failed.sent)  # a retry goes beside the try that failed, not below it
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)


def _on_start(task: Any, args: Any = (), kwargs: Any = None, **_: Any) -> None:
    """Open the span of a task."""
    tracer = ACTIVE.tracer or tracer_in_force()
    if not tracer.enabled:
        return
    try:
        _open(tracer, task, {"args": list(args or ()), "kwargs": dict(kwargs or {})})
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)


def _on_failure(sender: Any, exception: BaseException, **_: Any) -> None:
    """Record why a task failed."""
    run = _run_of(sender.request)
    if run is not None and run.span is not None and isinstance(exception, BaseException):
        run.span.set_error(exception)


def _on_retry(request: Any, reason: Any = None, **_: Any) -> None:
    """Record why a task is to be tried again; asking for it without an exception is no error."""
    run = _run_of(request)
    cause = getattr(reason, "exc", None)
    if run is not None and run.span is not None and isinstance(cause, BaseException):
        run.span.set_error(cause)


def _on_end(task: Any, retval: Any = None, state: str | None = None, **_: Any) -> None:
    """Close the span of a task."""
    run = task.request.__dict__.pop(_KEY, None)
    if run is None:
        return
    CURRENT.set(run.outer)
    span = run.span
    if span is None:
        return
    tracer = span._tracer
    end_ns = tracer.clock()
    try:
        if state == "SUCCESS":
            span.set_outputs(retval)
        span.set(metadata={"celery.state": state})
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
    tracer.end(span, end_ns)


def _on_shutdown(**_: Any) -> None:
    """Deliver what waits: a worker's child process ends without ``atexit``."""
    flush(EXIT_S)


def _open(tracer: Tracer, task: Any, inputs: dict[str, Any]) -> None:
    request = task.request
    outer = CURRENT.get()
    if request.is_eager:  # run by its sender itself: there was no message
        sent, parent = to_headers(), innermost()
    else:
        values = {name: request.get(name) for name in _HEADERS}
        sent = {name: value for name, value in values.items() if isinstance(value, str)}
        parent = from_headers(sent)
    run = request.__dict__[_KEY] = _Run(outer, sent)
    CURRENT.set(parent)
    span = run.span = tracer.begin(task.name, "chain", None)
    if span is None:
        return
    CURRENT.set(span)
    span.set_inputs(inputs)
    span.set(metadata={"celery.task_id": request.id, "celery.retries": request.retries})


def _failed_try(headers: MutableMapping[str, Any]) -> _Run | None:
    """Return the task being run here if *headers* are those of its retry."""
    if not (current_task and headers.get("retries")):
        return None
    request = current_task.request
    return _run_of(request) if headers.get("id") == request.id else None


def _run_of(request: Any) -> _Run | None:
    found = getattr(request, "__dict__", {}).get(_KEY)
    return found if isinstance(found, _Run) else None


_RECEIVERS = (
    (signals.before_task_publish, _on_publish),
    (signals.task_prerun, _on_start),
    (signals.task_failure, _on_failure),
    (signals.task_retry, _on_retry),
    (signals.task_postrun, _on_end),
    (signals.worker_process_shutdown, _on_shutdown),
    (signals.worker_shutdown, _on_shutdown),
)
