"""The bounded queue between the program's threads and the worker.

It is bounded by number and by bytes, and what the worker has taken but not yet
settled still counts. When it is full, the outbox makes room on the disk.
"""

import threading
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from evalhub.model import Span
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.record import Item

if TYPE_CHECKING:
    from evalhub.tracing.segment import Segment  # it loads orjson

__all__ = ["Queued", "SpanQueue"]

_SPAN_BYTES = 800
"""What a span takes in memory besides its payloads."""
_BATCH_BYTES = 20_000_000
"""What one batch may hold: attachments grow by a third on their way to a collector."""


class Queued(NamedTuple):
    """One item in the queue."""

    item: Item
    size: int
    segment: "Segment | None"
    """Where it is on disk as well (durable mode)."""


class SpanQueue:
    """Finished spans, and scores, that wait for the worker."""

    def __init__(self, max_spans: int, max_bytes: int, batch: int) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._batch = batch
        self._items: deque[Queued] = deque()
        # Reentrant, as all here must be: a garbage collection or a signal inside
        # `put` may end another span on the same thread.
        self._lock = threading.RLock()
        self._signal = threading.Lock()  # a binary semaphore: released to wake the worker
        self._signal.acquire()
        self._bytes = 0
        self.accepted = 0
        """Items ever put, those that had no room included."""
        self.finished = 0
        """Items that have left: delivered, spooled or given up."""

    def __len__(self) -> int:
        return len(self._items)

    @property
    def has_batch(self) -> bool:
        """Whether as many items wait as one batch holds."""
        return len(self._items) >= self._batch

    def put(self, item: Item, segment: "Segment | None" = None) -> bool:
        """Add *item*; False when the queue is full and it must go elsewhere."""
        size = _size(item)
        with self._lock:
            if (
                self.accepted - self.finished >= self._max_spans
                or self._bytes + size > self._max_bytes
            ):
                return False
            self._items.append(Queued(item, size, segment))
            self._bytes += size
            self.accepted += 1
            waiting = len(self._items)
        # Only these two wake the worker: waking it for each span would make the
        # two threads fight for the interpreter's lock.
        if waiting in (1, self._batch):
            self.wake()
        return True

    def pass_by(self) -> None:
        """Count an item that was never in the queue: it is on disk, or lost."""
        with self._lock:
            self.accepted += 1
            self.finished += 1

    def take(self, limit: int | None = None) -> list[Queued]:
        """Remove and return the oldest items, at most one batch; :meth:`finish` must follow."""
        with self._lock:
            items, room = self._items, _BATCH_BYTES
            taken: list[Queued] = []
            for _ in range(min(len(items), limit or self._batch)):
                room -= items[0].size
                if room < 0 and taken:
                    break
                taken.append(items.popleft())
            return taken

    def finish(self, taken: list[Queued]) -> None:
        """Make room: what was *taken* is delivered, spooled or given up."""
        with self._lock:
            self.finished += len(taken)
            self._bytes -= sum(queued.size for queued in taken)

    def wake(self) -> None:
        """Let :meth:`wait` return now, or its next call if none is waiting."""
        try:
            self._signal.release()
        except RuntimeError:
            return  # it was already told

    def wait(self, seconds: float = -1) -> bool:
        """Wait to be woken, at most *seconds* (-1: for ever); False when time ran out."""
        return self._signal.acquire(timeout=seconds)


def _size(item: Item) -> int:
    if isinstance(item, ActiveSpan):
        details = item._details
        attached = 0 if details is None else details.attached_bytes
        return _SPAN_BYTES + len(item._inputs or b"") + len(item._outputs or b"") + attached
    if isinstance(item, Span):
        attached = sum(len(x.data) for x in item.attachments)
        return _SPAN_BYTES + len(item.inputs or b"") + len(item.outputs or b"") + attached
    return _SPAN_BYTES
