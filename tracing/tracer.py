"""Opening and closing of spans, and what one tracer owns: a queue and a worker.

None of the failures in here reaches the traced program: each kind is logged
once and all are counted in :class:`Stats`.
"""

import logging
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from time import time_ns

from evalhub.model import Span, SpanScore
from evalhub.tracing import ids
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.encode import DEFAULT_LIMIT, short_repr
from evalhub.tracing.exporters.base import Exporter
from evalhub.tracing.queue import SpanQueue
from evalhub.tracing.record import Item
from evalhub.tracing.worker import Worker

__all__ = ["EXIT_S", "Stats", "Tracer"]

_log = logging.getLogger("evalhub.tracing")
EXIT_S = 5.0
"""Seconds that delivery may take when a tracer is closed or the process ends."""

_MAX_ERROR_CHARS = 20_000
_MAX_FRAMES = 50


@dataclass(frozen=True, slots=True)
class Stats:
    """What happened to spans since the tracer was configured (or the process forked)."""

    recorded: int
    """Spans that were accepted for delivery."""
    exported: int
    """Spans that the exporter has taken."""
    waiting: int
    """Spans not yet delivered, those held for a retry included."""
    dropped: int
    """Spans lost: the queue was full, or the exporter refused one and took others."""
    export_errors: int
    """Failed tries to deliver; the spans were kept."""
    internal_errors: int
    """Failures of the SDK itself; the traced program did not notice them."""


def _nothing() -> None:
    """Do nothing."""


class Tracer:
    """Opens and closes spans and owns the queue and the worker that delivers them."""

    def __init__(
        self,
        *,
        project: str,
        enabled: bool,
        connect: Callable[[], Exporter],
        limit: int = DEFAULT_LIMIT,
        max_spans: int = 50_000,
        max_bytes: int = 100_000_000,
        batch: int = 1_000,
        clock: Callable[[], int] = time_ns,
        new_id: Callable[[int], str] = ids.new_id,
        on_start: Callable[[], None] = _nothing,
        closes_at_fork: bool = True,
    ) -> None:
        self.project = project
        self.enabled = enabled
        self.limit = limit
        self.clock = clock
        self.new_id = new_id
        self.closed = False
        self.successor: Tracer | None = None
        """Takes the spans that end after this tracer was closed."""
        self.internal_errors = 0
        self._connect = connect
        self._on_start = on_start
        self._closes_at_fork = closes_at_fork
        self._bounds = (max_spans, max_bytes, batch)
        self._reported: set[str] = set()
        self.muted = ActiveSpan(self, None, "", 0, "", "", "", None)
        """A span that is current where nothing must be recorded."""
        self.muted.recording = False
        self._worker: Worker | None = None
        self.abandon()

    def abandon(self) -> Worker | None:
        """Start over, as in a forked child: no spans, no worker. Return the old worker."""
        before, self._worker = self._worker, None
        self._queue = SpanQueue(*self._bounds)
        self._starting = threading.RLock()
        self.internal_errors = 0
        return before

    def begin(
        self,
        name: str,
        kind: str,
        inputs: bytes | None,
        project: str | None = None,
        *,
        parent: ActiveSpan | None = None,
        span_id: str | None = None,
        start_ns: int | None = None,
    ) -> ActiveSpan | None:
        """Open a span below *parent* (default: the current one); None where recording is muted.

        It is not made the current one: the caller decides that. *span_id* and
        *start_ns* are given by those who follow another tracer's spans.
        """
        above = parent or CURRENT.get()
        if above is not None and not above.recording:
            return None
        start = self.clock() if start_ns is None else start_ns
        return ActiveSpan(
            self, above, span_id or self.new_id(start), start, name, kind, project, inputs
        )

    def remote(self, trace_id: str, span_id: str, project: str | None = None) -> ActiveSpan:
        """Return a stand-in for a span that is open in another process.

        It is a parent only: it is never ended here, so it is never recorded.
        """
        span = ActiveSpan(self, None, span_id, 0, "", "", project, None)
        span.trace_id = trace_id
        return span

    def submit(self, record: Span | SpanScore) -> None:
        """Queue a finished *record* that was not made by :meth:`begin`; never raises."""
        try:
            self._successor_or_self().put(record)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            self.report("a record could not be queued", error)

    def end(self, span: ActiveSpan, end_ns: int) -> None:
        """Close *span* and hand it to the worker; a second call does nothing."""
        self.leave(span)
        if span._end_ns:
            return
        span._end_ns = end_ns
        try:
            self._successor_or_self().put(span)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            self.report("a span could not be queued", error)

    def leave(self, span: ActiveSpan) -> None:
        """Make the span around *span* the current one again; *span* stays open."""
        token = span._token
        if token is not None:
            span._token = None
            # In another context (a coroutine that was abandoned) there is nothing to reset.
            try:  # noqa: SIM105 - contextlib.suppress costs half a microsecond
                CURRENT.reset(token)
            except ValueError:
                pass

    def put(self, span: Item) -> None:
        """Queue a finished *span*, or a score, starting the worker if there is none."""
        if self._worker is None:
            self._start_worker()
        if not self._queue.put(span):
            self.report("the queue of spans is full; the newest are dropped", None)

    def describe(self, error: BaseException) -> str:
        """Return the repr of *error* and its traceback, the innermost frames."""
        try:
            # Without a limit, an error that passes n spans is formatted n times in full.
            lines = traceback.format_exception(error, limit=-_MAX_FRAMES)
            text = f"{error!r}\n\n{''.join(lines)}"
        except Exception:  # noqa: BLE001 - our failure must not reach the program
            text = short_repr(error)
        if len(text) > _MAX_ERROR_CHARS:
            text = f"{text[:_MAX_ERROR_CHARS]}\n... cut, {len(text)} characters in all"
        return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()

    def flush(self, timeout_s: float) -> bool:
        """Wait until all spans ended so far are delivered, at most *timeout_s*."""
        worker = self._worker
        return worker is None or worker.flush(timeout_s)

    def close(self, timeout_s: float = EXIT_S) -> bool:
        """Deliver what there is and stop; False when spans were left."""
        self.closed = True
        worker = self._worker
        return worker is None or worker.close(timeout_s)

    def park(self, timeout_s: float) -> bool:
        """Let the worker close its connection before a fork; False if it took too long."""
        worker = self._worker
        return worker is None or worker.park(timeout_s)

    def resume(self) -> None:
        """Let the worker go on after a fork."""
        if self._worker is not None:
            self._worker.resume()

    def stats(self) -> Stats:
        """Return the counts so far."""
        queue, worker = self._queue, self._worker
        lost, errors = (0, 0) if worker is None else (worker.lost, worker.export_errors)
        accepted, finished = queue.accepted, queue.finished
        return Stats(
            recorded=accepted,
            exported=finished - lost,
            waiting=accepted - finished,
            dropped=queue.dropped + lost,
            export_errors=errors,
            internal_errors=self.internal_errors,
        )

    def report(self, problem: str, error: BaseException | None) -> None:
        """Log *problem* the first time it comes up."""
        if problem in self._reported:
            return
        self._reported.add(problem)
        reason = "" if error is None else f": {short_repr(error)}"
        _log.warning("%s%s (logged once; see evalhub.tracing.stats())", problem, reason)
        _log.debug("%s", problem, exc_info=error)

    def absorb(self, error: Exception) -> None:
        """Count and report a failure of the SDK itself."""
        self.internal_errors += 1
        self.report(f"tracing failed ({type(error).__name__})", error)

    def _start_worker(self) -> None:
        with self._starting:
            if self._worker is None:
                worker = Worker(
                    self._queue,
                    self._connect,
                    self.report,
                    self.muted,
                    closes_at_fork=self._closes_at_fork,
                )
                worker.start()
                self._worker = worker
                self._on_start()

    def _successor_or_self(self) -> "Tracer":
        tracer = self
        while tracer.closed and tracer.successor is not None:
            tracer = tracer.successor
        return tracer
