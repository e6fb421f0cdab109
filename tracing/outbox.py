"""What leaves the program: the queue, the spool behind it, and who delivers from both.

One outbox a tracer. :meth:`put` is all that traced code calls; everything else
happens on two background threads, the worker's and the sender's.
"""

import sys
import time
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING

from evalhub.model import Batch
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.disk import Disk
from evalhub.tracing.exporters.base import Exporter
from evalhub.tracing.ledger import Ledger
from evalhub.tracing.queue import Queued, SpanQueue
from evalhub.tracing.record import Item, Redact, to_batch
from evalhub.tracing.sender import Sender
from evalhub.tracing.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evalhub.tracing.segment import Segment
    from evalhub.tracing.spool import Spool

__all__ = ["Flushed", "Outbox", "is_putting"]

_SPILL = 256
"""Items that a full queue gives to the disk at once: about 2 ms of the thread that is told."""

Report = Callable[[str, BaseException | None], None]
MakeSpool = Callable[[Ledger], "Spool"]


@dataclass(frozen=True, slots=True)
class Flushed:
    """What :func:`~evalhub.tracing.flush` left; true when that is nothing."""

    waiting: int
    """Spans still in memory."""
    spooled: int
    """Spans on disk, to be delivered later."""

    def __bool__(self) -> bool:
        """Whether everything was delivered."""
        return not (self.waiting or self.spooled)


class Outbox:
    """Takes finished spans and gets them to the exporter, by way of the disk if need be."""

    def __init__(
        self,
        connect: Callable[[], Exporter],
        make_spool: MakeSpool | None,
        report: Report,
        muted: ActiveSpan,
        *,
        bounds: tuple[int, int, int],
        redact: Redact | None = None,
        is_durable: bool = False,
        closes_at_fork: bool = True,
    ) -> None:
        self._queue = SpanQueue(*bounds)
        self.ledger = Ledger(lambda: self._queue.accepted)
        self._report = report
        self._muted = muted
        self._redact = redact
        self._is_durable = is_durable
        self._is_ending = False
        self._disk = Disk(self.ledger, make_spool, report)
        self._worker = Worker(
            self._queue,
            Sender(connect, muted),
            self._disk,
            self._to_batch,
            report,
            closes_at_fork=closes_at_fork,
        )

    def start(self) -> None:
        """Start the threads.

        Raises:
            RuntimeError: the interpreter is shutting down.
        """
        self._worker.start(self._muted)

    def put(self, item: Item) -> None:
        """Take *item*; it is in memory, on disk, or counted as lost when this returns."""
        if self._is_durable or self._is_ending:
            self._put_on_disk(item)
        elif not self._queue.put(item):
            self._overflow(item)

    def flush(self, timeout_s: float) -> Flushed:
        """Wait until all that was put is delivered, at most *timeout_s*; say what is left.

        A signal's handler that calls it within :meth:`put` does not wait: the worker could do
        nothing meanwhile.
        """
        if not is_putting(sys._getframe()):
            self._worker.flush(timeout_s)
        return self.left()

    def drain(self, limit_s: float, stall_s: float) -> Flushed:
        """Deliver what can be delivered before the process ends, and spool the rest.

        It waits *limit_s* while spans are being delivered, and *stall_s* for one that is
        not; an exporter that fails at once is given up at once. What is put afterwards
        goes to the disk.
        """
        deadline = time.monotonic() + limit_s
        exported = -1
        while exported < self.ledger.exported and time.monotonic() < deadline:
            exported = self.ledger.exported
            if self._worker.flush(stall_s, max_failures=3):
                break
        self._is_ending = self._disk.is_usable
        self._worker.put_ashore(stall_s)
        return self.left()

    def close(self, limit_s: float, stall_s: float) -> Flushed:
        """Drain, and let the threads end."""
        left = self.drain(limit_s, stall_s)
        self._worker.end(stall_s)
        return left

    def brace(self, timeout_s: float) -> None:
        """Bring what is in memory to the disk, and from now on write there first."""
        self._is_durable = self._disk.is_usable
        self._worker.secure(timeout_s)

    def left(self) -> Flushed:
        """Return what is not delivered."""
        return Flushed(self.waiting, self._disk.records)

    @property
    def waiting(self) -> int:
        """Spans that are in memory only."""
        ledger = self.ledger
        return max(0, ledger.recorded - ledger.exported - ledger.dropped - self._disk.records)

    @property
    def export_errors(self) -> int:
        """Failed tries to deliver."""
        return self._worker.export_errors

    def park(self, timeout_s: float) -> bool:
        """Stand still for a fork; False if it took too long."""
        return self._worker.park(timeout_s)

    def resume(self) -> None:
        """Go on after a fork."""
        self._worker.resume()

    def abandon(self) -> None:
        """Let go of the parent's files, in a forked child."""
        self._disk.abandon()

    def _to_batch(self, taken: Iterable[Queued]) -> Batch:
        items = [queued.item for queued in taken]
        try:
            return to_batch(items, self._redact)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - one span must not take others
            self._report("a span could not be converted and is lost", error)
            return self._without_bad(items)

    def _batch_of(self, item: Item) -> Batch:
        batch = to_batch([item], self._redact)
        return Batch(batch.spans, batch.scores, self._worker.custody.identity)

    def _without_bad(self, items: Iterable[Item]) -> Batch:
        good = []
        for item in items:
            try:
                to_batch([item], self._redact)
            except (Exception, SystemExit):  # noqa: BLE001 - it was reported
                self.ledger.drop([item.trace_id])
            else:
                good.append(item)
        return to_batch(good, self._redact)

    def _put_on_disk(self, item: Item) -> None:
        with self._muting():
            segment = self._disk.append(self._batch_of(item), in_memory=True)
        if self._is_ending or not self._queue.put(item, segment):
            self._queue.pass_by()
            self._settle_on_disk(item, segment)

    def _settle_on_disk(self, item: Item, segment: "Segment | None") -> None:
        if segment is None:
            self._lose(item)
        else:
            self._disk.settle(segment, 1, delivered=False)

    def _overflow(self, item: Item) -> None:
        """Make room for *item* by giving the oldest to the disk; lose it when there is none."""
        with self._muting():
            oldest = self._queue.take(_SPILL) if self._disk.is_usable else []
            if oldest and self._worker.spill(oldest) and self._queue.put(item):
                return
            # All that the queue may hold is on its way.
            segment = self._disk.append(self._batch_of(item))
        self._queue.pass_by()
        if segment is None:
            self._lose(item)

    def _lose(self, item: Item) -> None:
        self.ledger.drop([item.trace_id])
        self._report(
            "the queue of spans is full and the disk takes none; the newest are lost", None
        )

    @contextmanager
    def _muting(self) -> "Iterator[None]":
        token = CURRENT.set(self._muted)  # a redaction of the user's may be traced
        try:
            yield
        finally:
            CURRENT.reset(token)


def is_putting(frame: FrameType | None) -> bool:
    """Whether *frame* runs within :meth:`Outbox.put`, which holds locks that the worker needs."""
    while frame is not None:
        if frame.f_code is Outbox.put.__code__:
            return True
        frame = frame.f_back
    return False
