"""The background thread that takes spans off the queue and delivers them.

One daemon thread a tracer, started by the first span. It sleeps while there is
nothing to do, then gathers for a moment (``linger``) so that spans travel in
batches. Until the exporter accepts a batch the worker holds on to it.
"""

import threading
import time
from collections.abc import Callable, Iterable

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.exporters.base import Exporter
from evalhub.tracing.queue import SpanQueue
from evalhub.tracing.record import Item, to_batch

__all__ = ["Worker"]

_LINGER_S = 0.2
_ISOLATE_AFTER = 3
"""Failures of one batch after which its spans are tried one by one."""
_TRIES_ALONE = 3
_REFUSALS = 3
"""So many spans refused without one taken mean that the exporter is down."""

Report = Callable[[str, BaseException], None]
Sized = tuple[Item, int]


class Worker:
    """Delivers what is put on *queue* to the exporter that *connect* returns."""

    def __init__(
        self,
        queue: SpanQueue,
        connect: Callable[[], Exporter],
        report: Report,
        muted: ActiveSpan,
        *,
        closes_at_fork: bool = True,
        retry_s: tuple[float, float] = (0.1, 5.0),
    ) -> None:
        self._queue = queue
        self._connect = connect
        self._report = report
        self._muted = muted
        self._first_retry_s, self._last_retry_s = retry_s
        self._exporter: Exporter | None = None
        self._closes_at_fork = closes_at_fork
        self._progress = threading.Condition()
        self._forks = 0  # in progress, each on a thread of its own
        self._is_parked = False
        self._urgent = False
        self._closed = False
        self._failures = 0
        self.lost = 0
        """Spans given up because the exporter takes others but never them."""
        self.export_errors = 0
        self._thread = threading.Thread(target=self._run, name="evalhub-tracing", daemon=True)

    def start(self) -> None:
        """Start the thread.

        Raises:
            RuntimeError: the interpreter is shutting down.
        """
        self._thread.start()

    def flush(self, timeout_s: float) -> bool:
        """Deliver what was put before this call; False when *timeout_s* was too short."""
        target = self._queue.accepted
        if threading.current_thread() is self._thread:
            return False  # an exporter that flushes would wait for itself
        self._hurry()
        with self._progress:
            return self._progress.wait_for(lambda: self._queue.finished >= target, timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Flush, then let the thread close its exporter and end; False if spans are left."""
        deadline = time.monotonic() + timeout_s
        delivered = self.flush(timeout_s)
        self._closed = True
        self._hurry()
        self._thread.join(max(0.0, deadline - time.monotonic()))
        return delivered

    def park(self, timeout_s: float) -> bool:
        """Close the exporter and stand still until :meth:`resume`; False if it took too long.

        A fork must not copy an open connection: SQLite keeps its file locks in
        the memory of the process, and the child's copy would count them as its own.
        """
        if threading.current_thread() is self._thread or not self._thread.is_alive():
            return True
        with self._progress:
            self._forks += 1
            self._queue.wake()
            return self._progress.wait_for(lambda: self._is_parked, timeout_s)

    def resume(self) -> None:
        """Go on after :meth:`park`."""
        with self._progress:
            self._forks = max(0, self._forks - 1)
            self._progress.notify_all()

    def _stand_still(self) -> None:
        if not self._forks:
            return
        if self._closes_at_fork:
            self._close_exporter()
        with self._progress:
            self._is_parked = True
            self._progress.notify_all()
            self._progress.wait_for(lambda: not self._forks)
            self._is_parked = False

    @property
    def _is_called(self) -> bool:
        return self._urgent or self._closed or self._forks > 0

    def _hurry(self) -> None:
        self._failures = 0  # a new chance for an exporter that has recovered
        self._urgent = True
        self._queue.wake()

    def _run(self) -> None:
        CURRENT.set(self._muted)  # what an exporter does is never traced
        while not self._closed:
            if not len(self._queue):
                self._urgent = False
                self._queue.wait()
            self._gather()
            self._stand_still()
            self._deliver_one_batch()
        self._close_exporter()

    def _gather(self) -> None:
        deadline = time.monotonic() + _LINGER_S
        while not (self._is_called or self._queue.has_batch):
            if not self._queue.wait(max(0.0, deadline - time.monotonic())):
                return

    def _deliver_one_batch(self) -> None:
        items = self._queue.take()
        while items and not self._closed:
            try:
                self._export(item for item, _ in items)
            except Exception as error:  # noqa: BLE001 - an exporter may raise anything
                self._note_failure(error)
                items = self._isolate(items) if self._failures == _ISOLATE_AFTER else items
                self._pause(self._failures)
                self._stand_still()
            else:
                self._failures = 0
                self._finish(items)
                return

    def _export(self, items: Iterable[Item]) -> None:
        if self._exporter is None:
            self._exporter = self._connect()
        self._exporter.export(to_batch(items))

    def _note_failure(self, error: Exception) -> None:
        self._failures += 1
        self.export_errors += 1
        self._report("spans could not be exported and are kept", error)

    def _pause(self, failures: int) -> None:
        """Wait before the next try, longer each time; a flush ends the wait."""
        self._urgent = False
        delay = min(self._first_retry_s * 2 ** max(failures - 1, 0), self._last_retry_s)
        deadline = time.monotonic() + delay
        while not self._is_called:
            if not self._queue.wait(max(0.0, deadline - time.monotonic())):
                return

    def _isolate(self, items: list[Sized]) -> list[Sized]:
        """Deliver one by one and return what is left to deliver.

        One span that the exporter cannot take must not hold up all others for
        ever. It is given up only when others of its batch were taken meanwhile,
        for that shows that the exporter works.
        """
        refusals: list[Exception] = []
        for position, item in enumerate(items):
            refusal = self._export_alone(item)
            if refusal is not None:
                refusals.append(refusal)
            if self._closed or (len(refusals) == position + 1 >= _REFUSALS):
                return items  # the exporter is down, not the span wrong
        if len(refusals) == len(items):
            return items
        if refusals:
            self.lost += len(refusals)
            self._report("a span was refused while others were taken; it is lost", refusals[0])
        self._finish(items)
        return []

    def _export_alone(self, item: Sized) -> Exception | None:
        """Deliver one span; return the last refusal when the exporter did not take it."""
        refusal: Exception | None = None
        for _ in range(_TRIES_ALONE):
            try:
                self._export([item[0]])
            except Exception as error:  # noqa: BLE001 - an exporter may raise anything
                self.export_errors += 1
                refusal = error
            else:
                return None
        return refusal

    def _finish(self, items: list[Sized]) -> None:
        with self._progress:
            self._queue.finish(len(items), sum(size for _, size in items))
            self._progress.notify_all()

    def _close_exporter(self) -> None:
        exporter, self._exporter = self._exporter, None
        if exporter is None:
            return
        try:
            exporter.close()
        except Exception as error:  # noqa: BLE001 - an exporter may raise anything
            self._report("the exporter could not be closed", error)
