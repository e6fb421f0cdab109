"""Opening and closing of spans, and what one tracer owns: an outbox.

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
from evalhub.tracing.attachments import ATTACHMENT_LIMIT
from evalhub.tracing.context import AMBIENT, CURRENT, innermost
from evalhub.tracing.encode import DEFAULT_LIMIT, short_repr
from evalhub.tracing.exporters.base import Exporter
from evalhub.tracing.outbox import Flushed, MakeSpool, Outbox
from evalhub.tracing.record import Item, Redact
from evalhub.tracing.redact import Redactor
from evalhub.tracing.sampling import Sampler

__all__ = ["BRACE_S", "EXIT_S", "NOTHING_LEFT", "STALL_S", "Stats", "Tracer"]

_log = logging.getLogger("evalhub.tracing")
EXIT_S = 15.0
"""Seconds that delivery may take when the process ends, as long as spans are being taken."""
STALL_S = 5.0
"""Seconds that it waits then for an exporter that takes none."""
BRACE_S = 1.0
"""Seconds that it takes at most to bring what is in memory to the disk, when SIGTERM comes."""
NOTHING_LEFT = Flushed(0, 0)

_MAX_ERROR_CHARS = 20_000
_MAX_FRAMES = 50


@dataclass(frozen=True, slots=True)
class Stats:
    """What happened to spans since the tracer was configured (or the process forked)."""

    recorded: int
    """Spans that ended, and scores; the sum of the next four."""
    exported: int
    """Of these, taken by the exporter."""
    waiting: int
    """Not yet delivered, and in memory only."""
    spooled: int
    """Not yet delivered, and on disk."""
    dropped: int
    """Lost: memory and disk were full, or the exporter refused one and took others."""
    export_errors: int
    """Failed tries to deliver; the spans were kept."""
    internal_errors: int
    """Failures of the SDK itself; the traced program did not notice them."""
    sampled_out: int = 0
    """Traces that were not recorded because of the sample rate; they count nowhere else."""


def _nothing() -> None:
    """Do nothing."""


class Tracer:
    """Opens and closes spans and owns the outbox that delivers them."""

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
        make_spool: MakeSpool | None = None,
        redact: Redact | None = None,
        sampler: Sampler | None = None,
        attachment_limit: int = ATTACHMENT_LIMIT,
        is_durable: bool = False,
        closes_at_fork: bool = True,
    ) -> None:
        self.project = project
        self.enabled = enabled
        self.limit = limit
        self.attachment_limit = attachment_limit
        self.clock = clock
        self.new_id = new_id
        self.closed = False
        self.successor: Tracer | None = None
        """Takes the spans that end after this tracer was closed."""
        self.internal_errors = 0
        self._on_start = on_start
        self._sampler = sampler
        self.redactor = redact or Redactor()
        self._reported: set[str] = set()
        self.muted = ActiveSpan(self, None, "", 0, "", "", "", None)
        """A span that is current where nothing must be recorded."""
        self.muted.recording = False

        def make_outbox() -> Outbox:
            return Outbox(
                connect,
                make_spool,
                self.report,
                self.muted,
                bounds=(max_spans, max_bytes, batch),
                redact=redact,
                is_durable=is_durable,
                closes_at_fork=closes_at_fork,
            )

        self._make_outbox = make_outbox
        self._start_anew()

    def _start_anew(self) -> None:
        self._outbox = self._make_outbox()
        self._is_started = False
        self._starting = threading.RLock()
        self.internal_errors = 0

    def abandon(self) -> Outbox:
        """Start over in a forked child: no spans, no threads. Return the parent's outbox."""
        before = self._outbox
        before.abandon()
        if self._sampler is not None:
            self._sampler.start_over()
        self._start_anew()
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

        The root of a trace that is not sampled is returned, and does not record.

        It is not made the current one: the caller decides that. *span_id* and
        *start_ns* are given by those who follow another tracer's spans.
        """
        above = parent or (innermost() if AMBIENT else CURRENT.get())
        if above is not None and not above.recording:
            return None
        start = self.clock() if start_ns is None else start_ns
        span = ActiveSpan(
            self, above, span_id or self.new_id(start), start, name, kind, project, inputs
        )
        if above is None and not self._is_started:
            self._start()  # here and not at the end: a thread cannot start where the stack is full
        if self._sampler is not None:
            self._sampler.opened(span, above)
        return span

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
        if span.recording == "local":
            return  # made for the program's eyes only: tracing_context(enabled="local")
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

    def put(self, item: Item) -> None:
        """Take a finished span, or a score, starting the threads if there are none."""
        for ready in (item,) if self._sampler is None else self._sampler.admit(item):
            if not self._is_started:
                self._start()
            self._outbox.put(ready)

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

    def flush(self, timeout_s: float) -> Flushed:
        """Wait until all spans ended so far are delivered, at most *timeout_s*."""
        return self._outbox.flush(timeout_s) if self._is_started else NOTHING_LEFT

    def drain(self, limit_s: float, stall_s: float) -> Flushed:
        """Deliver what can be, and spool the rest; see :meth:`Outbox.drain`."""
        return self._outbox.drain(limit_s, stall_s) if self._is_started else NOTHING_LEFT

    def close(self, limit_s: float = EXIT_S, stall_s: float = STALL_S) -> Flushed:
        """Drain and stop; what ends later goes to the successor."""
        self.closed = True
        return self._outbox.close(limit_s, stall_s) if self._is_started else NOTHING_LEFT

    def brace(self, timeout_s: float = BRACE_S) -> None:
        """Expect the end of the process: from now on, spans are on disk before calls return."""
        if self._is_started:
            self._outbox.brace(timeout_s)

    def park(self, timeout_s: float) -> bool:
        """Let the exporter be closed before a fork; False if it took too long."""
        return not self._is_started or self._outbox.park(timeout_s)

    def resume(self) -> None:
        """Go on after a fork."""
        if self._is_started:
            self._outbox.resume()

    def stats(self) -> Stats:
        """Return the counts so far."""
        outbox, ledger = self._outbox, self._outbox.ledger
        left = outbox.left()
        return Stats(
            recorded=ledger.recorded,
            exported=ledger.exported,
            waiting=left.waiting,
            spooled=left.spooled,
            dropped=ledger.dropped,
            export_errors=outbox.export_errors,
            internal_errors=self.internal_errors,
            sampled_out=0 if self._sampler is None else self._sampler.sampled_out,
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

    def _start(self) -> None:
        with self._starting:
            if not self._is_started:
                try:
                    self._outbox.start()
                except BaseException:
                    self._outbox = self._make_outbox()  # a thread cannot be started twice
                    raise
                self._is_started = True
                self._on_start()

    def _successor_or_self(self) -> "Tracer":
        tracer = self
        while tracer.closed and tracer.successor is not None:
            tracer = tracer.successor
        return tracer
