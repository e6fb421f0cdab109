"""The background thread that decides what becomes of each finished span.

It gathers for a moment (``_LINGER_S``) so that spans travel in batches, and hands
them to the sender. While the sender is stuck or the exporter is down, it writes
what comes to the spool, so that nothing is in memory alone for longer than a quarter of a
second; when the exporter takes spans again, it sends what lies there.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from evalhub.errors import StoreUnavailableError
from evalhub.model import Batch, Delivery
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.custody import Custody
from evalhub.tracing.disk import Disk
from evalhub.tracing.parcel import Parcel
from evalhub.tracing.queue import Queued, SpanQueue
from evalhub.tracing.refusals import find_refused
from evalhub.tracing.sender import Sender

__all__ = ["Worker"]

_LINGER_S = 0.1
_SLOW_S = 0.1
"""An export that takes longer is copied to the disk, lest the process be killed meanwhile."""
_ISOLATE_AFTER = 3
"""Refusals of one batch after which its spans are tried apart."""
_MAX_HELD = 3
"""Batches that were refused and are tried by turns, to see whether others are taken."""
_MAX_RETRY_AFTER_S = 60.0

Report = Callable[[str, BaseException | None], None]


class Worker:
    """Delivers what is put on *queue*."""

    def __init__(
        self,
        queue: SpanQueue,
        sender: Sender,
        disk: Disk,
        to_batch: Callable[[Iterable[Queued]], Batch],
        report: Report,
        *,
        closes_at_fork: bool = True,
        retry_s: tuple[float, float] = (0.1, 5.0),
    ) -> None:
        self._queue = queue
        self._sender = sender
        self._disk = disk
        self._ledger = disk.ledger
        self.custody = Custody(queue, disk, to_batch, on_change=self._tell)
        self._report = report
        self._closes_at_fork = closes_at_fork
        self._first_retry_s, self._last_retry_s = retry_s
        self._progress = threading.Condition()
        self._forks = 0  # in progress, each on a thread of its own
        self._is_parked = False
        self._urgent = False
        self._closed = False
        self._to_shore = False
        self._to_secure = False
        self._parcel: Parcel | None = None
        """What the sender has in hand."""
        self._line: Delivery | None = None
        """What that says of the ledger."""
        self._held: deque[Parcel] = deque()
        """What was tried in vain, and is in memory."""
        self._failures = 0
        self._retry_at = 0.0
        self._successes = 0
        self.export_errors = 0
        self._thread = threading.Thread(target=self._run, name="evalhub-tracing", daemon=True)

    def start(self, muted: ActiveSpan) -> None:
        """Start the threads; what they do is below *muted* and so never traced.

        Raises:
            RuntimeError: the interpreter is shutting down.
        """
        self._muted = muted
        self._sender.start()
        self._thread.start()

    def flush(self, timeout_s: float, *, max_failures: int = 0) -> bool:
        """Deliver what was put before this call; False when *timeout_s* was too short.

        With *max_failures* it does not wait for an exporter that has failed so often since.
        """
        if threading.current_thread() is self._thread or self._sender.is_here:
            return False  # an exporter that flushes would wait for itself
        target = self._queue.accepted
        self._hurry()

        def is_delivered() -> bool:
            return self._queue.finished >= target and not self._disk.records

        def is_over() -> bool:
            return is_delivered() or 0 < max_failures <= self._failures

        with self._progress:
            self._progress.wait_for(is_over, timeout_s)
        return is_delivered()

    def put_ashore(self, timeout_s: float) -> None:
        """Let everything in memory be written to the disk, and the ledger be closed."""
        with self._progress:
            self._to_shore = True
            self._queue.wake()
            self._progress.wait_for(lambda: self._closed or not self._to_shore, timeout_s)

    def secure(self, timeout_s: float) -> None:
        """Let everything in memory be on the disk as well, in case the process is killed."""
        with self._progress:
            self._to_secure = True
            self._queue.wake()
            self._progress.wait_for(lambda: not self._to_secure, timeout_s)

    def end(self, timeout_s: float) -> None:
        """Let the threads end."""
        self._closed = True
        self._queue.wake()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout_s)

    def spill(self, taken: list[Queued]) -> bool:
        """Write what was *taken* from the queue to the disk; else hold it, and return False."""
        parcel = self.custody.spill(taken)
        if parcel is not None:
            self._held.append(parcel)
        return parcel is None

    def park(self, timeout_s: float) -> bool:
        """Close the exporter and stand still until :meth:`resume`; False if it took too long.

        A fork must not copy an open connection: SQLite keeps its file locks in
        the memory of the process, and the child's copy would count them as its own.
        """
        here = threading.current_thread() is self._thread or self._sender.is_here
        if here or not self._thread.is_alive():
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
        called = self._urgent or self._closed or self._to_shore or self._to_secure
        return called or self._forks > 0

    def _hurry(self) -> None:
        self._failures = 0  # a new chance for an exporter that has recovered
        self._retry_at = 0.0
        self._urgent = True
        self._queue.wake()

    def _run(self) -> None:
        CURRENT.set(self._muted)
        self._guarded(self._disk.adopt)
        while not self._closed:
            self._guarded(self._step)
        self._close_exporter()
        self._sender.end()
        self._disk.close()

    def _guarded(self, step: Callable[[], None]) -> None:
        """Do *step*; a failure of ours must not end the thread."""
        try:
            step()
        except BaseException as error:  # noqa: BLE001 - whatever it is, spans must go on
            self._report("the delivery of spans failed and goes on", error)
            time.sleep(_LINGER_S)

    def _step(self) -> None:
        if self._parcel is None:
            self._sleep()
            self._gather()
            self._stand_still()
            self._send_next()
        if self._parcel is not None:
            self._await()
        if self._to_secure:
            self._spill_queue()
            self._secure_parcel()
            self._to_secure = False
            self._tell()
        if self._to_shore:
            self._go_ashore()

    def _sleep(self) -> None:
        """Wait for something to do."""
        while not (len(self._queue) or self._is_called):
            has_rest = bool(self._held) or self._disk.has_records
            pause = self._retry_at - time.monotonic() if has_rest else -1
            if has_rest and pause <= 0:
                return
            self._queue.wait(pause)
        if not len(self._queue):
            self._urgent = False

    def _gather(self) -> None:
        deadline = time.monotonic() + _LINGER_S
        while not (self._is_called or self._queue.has_batch or not len(self._queue)):
            if not self._queue.wait(max(0.0, deadline - time.monotonic())):
                return

    def _send_next(self) -> None:
        """Hand the next batch to the sender, or the disk while the exporter is down."""
        if self._failures and time.monotonic() < self._retry_at:
            self._spill_queue()
            self._rest()
            return
        parcel = self._choose()
        if parcel is not None:
            self._send(parcel)

    def _rest(self) -> None:
        """Wait for the next try while the queue cannot be emptied."""
        while len(self._queue) and not self._is_called:
            pause = min(self._retry_at - time.monotonic(), _LINGER_S)
            if pause <= 0 or not self._queue.wait(pause):
                return

    def _choose(self) -> Parcel | None:
        if not self._failures:
            return self._from_held() or self.custody.from_queue() or self.custody.from_disk()
        self._spill_queue()  # the oldest first, and nothing new held up by the try
        another = self.custody.from_disk() if len(self._held) < _MAX_HELD else None
        return another or self._from_held() or self.custody.from_queue()

    def _from_held(self) -> Parcel | None:
        return self._held.popleft() if self._held else None

    def _send(self, parcel: Parcel) -> None:
        self._parcel = parcel
        batch = parcel.batch
        self._line = None
        if batch.delivery is None or batch.delivery.producer == self._ledger.producer:
            self._line = self._ledger.line(spooled=self._disk.records)
            batch = replace(batch, delivery=self._line)
        self._sender.export(batch)

    def _await(self) -> None:
        """Wait for the sender; when it takes long, bring everything into safety."""
        if self._sender.wait(_SLOW_S):
            self._settle()
            return
        self._secure_parcel()
        self._spill_queue()

    def _secure_parcel(self) -> None:
        if self._parcel is not None:
            self.custody.keep_copy(self._parcel)

    def _settle(self) -> None:
        parcel, self._parcel = self._parcel, None
        failure = self._sender.failure
        if parcel is None:
            return
        if failure is not None:
            self._failed(parcel, failure)
            return
        self._failures = 0
        self._successes += 1
        if self._line is not None:
            self._ledger.told(self._line)
        self.custody.delivered(parcel, len(parcel.batch))

    def _failed(self, parcel: Parcel, error: BaseException) -> None:
        self._failures += 1
        self.export_errors += 1
        self._urgent = False
        self._report("spans could not be exported and are kept", error)
        if not isinstance(error, StoreUnavailableError | OSError):
            if not parcel.refusals:
                parcel.successes_before = self._successes
            parcel.refusals += 1
            if parcel.refusals >= _ISOLATE_AFTER and self._isolate(parcel):
                return
        self._retry_at = time.monotonic() + self._pause_s(error)
        if parcel.record is not None or not self.custody.move_to_disk(parcel):
            self._held.append(parcel)
        self._tell()

    def _pause_s(self, error: BaseException) -> float:
        pause = min(self._first_retry_s * 2.0 ** (self._failures - 1), self._last_retry_s)
        asked = getattr(error, "retry_after_s", None) or 0.0
        return max(pause, min(asked, _MAX_RETRY_AFTER_S))

    def _isolate(self, parcel: Parcel) -> bool:
        """Deliver *parcel* but for what is refused; False when the exporter takes nothing."""
        works = self._successes > parcel.successes_before
        refused = find_refused(parcel.batch, self._export_now, works=works)
        if refused is None or self._closed:
            return False
        self._failures = 0
        if refused.records:
            self._report("a span was refused while others were taken; it is lost", refused.reason)
        self._ledger.drop(record.trace_id for record in refused.records)
        self.custody.delivered(parcel, len(parcel.batch) - len(refused.records))
        return True

    def _export_now(self, batch: Batch) -> BaseException | None:
        self._sender.export(batch)
        while not self._sender.wait(_SLOW_S):
            self._spill_queue()
            if self._closed:
                return TimeoutError("the tracer was closed")
        if self._sender.failure is not None:
            self.export_errors += 1
        return self._sender.failure

    def _spill_queue(self) -> None:
        while self._disk.is_usable and (taken := self._queue.take()):
            if not self.spill(taken):
                return

    def _go_ashore(self) -> None:
        """Write everything to the disk and stop, as the process is about to end."""
        self._spill_queue()
        rest = [parcel for parcel in (self._parcel, *self._held) if parcel is not None]
        moved = [parcel.record is not None or self.custody.move_to_disk(parcel) for parcel in rest]
        if self._parcel is None and not self._failures:
            self._say_goodbye()
        self._closed = all(moved) and not len(self._queue)
        if self._closed:
            self._disk.close()  # here, as the interpreter does not wait for this thread
        with self._progress:
            self._to_shore = False
            self._progress.notify_all()

    def _say_goodbye(self) -> None:
        if self._successes:
            line = self._ledger.line(spooled=self._disk.records, is_ended=True)
            self._sender.export(Batch(delivery=line))
            self._sender.wait(_SLOW_S * 10)

    def _tell(self) -> None:
        with self._progress:
            self._progress.notify_all()

    def _close_exporter(self) -> None:
        if not self._sender.is_idle:
            return
        self._sender.close()
        if self._sender.wait(_SLOW_S * 10) and self._sender.failure is not None:
            self._report("the exporter could not be closed", self._sender.failure)
