"""The spool as the outbox sees it: made at its first use, and never raising.

A disk that refused is left alone for a second, so that a full one does not slow the
program down with every span.
"""

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from evalhub.model import Batch
from evalhub.tracing.ledger import Ledger

if TYPE_CHECKING:
    from evalhub.tracing.segment import Record, Segment
    from evalhub.tracing.spool import Spool

__all__ = ["Disk"]

_LEAVE_ALONE_S = 1.0


class Disk:
    """Writes to the spool when there is one and it works."""

    def __init__(
        self,
        ledger: Ledger,
        make_spool: "Callable[[Ledger], Spool] | None",
        report: Callable[[str, BaseException | None], None],
    ) -> None:
        self.ledger = ledger
        self._make_spool = make_spool
        self._report = report
        self._lock = threading.RLock()
        self._spool: Spool | None = None
        self._refused_at = -_LEAVE_ALONE_S

    @property
    def records(self) -> int:
        """Spans and scores of this process that are on disk only."""
        return 0 if self._spool is None else self._spool.records

    @property
    def is_usable(self) -> bool:
        """Whether it is worth trying to write."""
        rested = time.monotonic() - self._refused_at >= _LEAVE_ALONE_S
        return self._make_spool is not None and rested

    @property
    def has_records(self) -> bool:
        """Whether anything is there to be delivered."""
        return self._spool is not None and self._spool.has_records

    def adopt(self) -> None:
        """Take over what processes that are gone have left for the same destination."""
        spool = self._open()
        if spool is not None:
            spool.adopt()

    def append(self, batch: Batch, *, in_memory: bool = False) -> "Segment | None":
        """Write *batch*; None when it could not be written. See :meth:`Spool.append`."""
        return self._try(lambda spool: spool.append(batch, in_memory=in_memory))

    def keep(self, batch: Batch) -> "Segment | None":
        """Write *batch* into a file of its own; None when it could not be written."""
        return self._try(lambda spool: spool.keep(batch))

    def admit(self, segment: "Segment", count: int) -> None:
        """See :meth:`Spool.admit`."""
        if self._spool is not None:
            self._spool.admit(segment, count)

    def settle(self, segment: "Segment", count: int, *, delivered: bool) -> None:
        """See :meth:`Spool.settle`."""
        if self._spool is not None:
            self._spool.settle(segment, count, delivered=delivered)

    def next_record(self) -> "Record | None":
        """Return the oldest batch that waits on disk."""
        return None if self._spool is None else self._spool.next_record()

    def done(self, record: "Record") -> int:
        """See :meth:`Spool.done`."""
        return 0 if self._spool is None else self._spool.done(record)

    def close(self) -> None:
        """Close the files; the next write opens others."""
        if self._spool is not None:
            self._spool.close()

    def abandon(self) -> None:
        """Close the file descriptors in a forked child."""
        if self._spool is not None:
            self._spool.abandon()

    def _open(self) -> "Spool | None":
        with self._lock:
            if self._spool is None and self._make_spool is not None:
                self._spool = self._make_spool(self.ledger)
            return self._spool

    def _try(self, write: "Callable[[Spool], Segment]") -> "Segment | None":
        if not self.is_usable:
            return None
        try:
            spool = self._open()
            return None if spool is None else write(spool)
        except OSError as error:
            self._refused_at = time.monotonic()
            self._report("spans could not be written to the spool", error)
            return None
