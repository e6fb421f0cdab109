"""The bounded queue between the program's threads and the worker.

It is bounded by spans and by bytes, and what the worker has taken but not yet
delivered still counts. When it is full the newest span is dropped and counted:
the oldest are the ones that explain how the trouble began.
"""

import threading
from collections import deque

from evalhub.model import Span
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.record import Item

__all__ = ["SpanQueue"]

_SPAN_BYTES = 800
"""What a span takes in memory besides its payloads."""


class SpanQueue:
    """Finished spans that wait for the worker."""

    def __init__(self, max_spans: int, max_bytes: int, batch: int) -> None:
        self._max_spans = max_spans
        self._max_bytes = max_bytes
        self._batch = batch
        self._items: deque[tuple[Item, int]] = deque()
        # Reentrant, as all here must be: a garbage collection or a signal inside
        # `put` may end another span on the same thread.
        self._lock = threading.RLock()
        self._signal = threading.Lock()  # a binary semaphore: released to wake the worker
        self._signal.acquire()
        self._bytes = 0
        self.accepted = 0
        """Spans ever taken."""
        self.finished = 0
        """Spans ever delivered, or given up after having been taken."""
        self.dropped = 0
        """Spans ever refused because the queue was full."""

    def __len__(self) -> int:
        return len(self._items)

    @property
    def has_batch(self) -> bool:
        """Whether as many spans wait as one batch holds."""
        return len(self._items) >= self._batch

    def put(self, span: Item) -> bool:
        """Add *span*, or drop it, count it and return False when the queue is full."""
        size = _size(span)
        with self._lock:
            if (
                self.accepted - self.finished >= self._max_spans
                or self._bytes + size > self._max_bytes
            ):
                self.dropped += 1
                return False
            self._items.append((span, size))
            self._bytes += size
            self.accepted += 1
            waiting = len(self._items)
        # Only these two wake the worker: waking it for each span would make the
        # two threads fight for the interpreter's lock.
        if waiting in (1, self._batch):
            self.wake()
        return True

    def take(self) -> list[tuple[Item, int]]:
        """Remove and return at most one batch; :meth:`finish` must follow."""
        with self._lock:
            items = self._items
            return [items.popleft() for _ in range(min(len(items), self._batch))]

    def finish(self, count: int, size: int) -> None:
        """Make room: *count* spans of *size* bytes are delivered or given up."""
        with self._lock:
            self.finished += count
            self._bytes -= size

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
        return _SPAN_BYTES + len(item._inputs or b"") + len(item._outputs or b"")
    if isinstance(item, Span):
        return _SPAN_BYTES + len(item.inputs or b"") + len(item.outputs or b"")
    return _SPAN_BYTES
