"""Where each batch is on its way: in memory, on disk, delivered. It counts them, and moves them.

The worker decides; the program's own threads come in here too, when the queue is full.
"""

from collections.abc import Callable, Iterable

from evalhub.model import Batch, Delivery
from evalhub.tracing.disk import Disk
from evalhub.tracing.parcel import Parcel
from evalhub.tracing.queue import Queued, SpanQueue

__all__ = ["Custody"]


class Custody:
    """Takes parcels from the queue and the disk, and settles what became of them."""

    def __init__(
        self,
        queue: SpanQueue,
        disk: Disk,
        to_batch: Callable[[Iterable[Queued]], Batch],
        on_change: Callable[[], None],
    ) -> None:
        self.ledger = disk.ledger
        self._queue = queue
        self._disk = disk
        self._to_batch = to_batch
        self._on_change = on_change

    @property
    def identity(self) -> Delivery:
        """What a batch on disk says of the process that wrote it."""
        return self.ledger.line(spooled=self._disk.records, tells_losses=False)

    def from_queue(self) -> Parcel | None:
        """Return the oldest batch in memory."""
        taken = self._queue.take()
        return Parcel(self._to_batch(taken), taken) if taken else None

    def from_disk(self) -> Parcel | None:
        """Return the oldest batch on disk."""
        while (record := self._disk.next_record()) is not None:
            if record.batch:
                return Parcel(record.batch, record=record)
            self._disk.done(record)  # nothing in it that this version can read
        self._on_change()
        return None

    def spill(self, taken: list[Queued]) -> Parcel | None:
        """Write what was *taken* from the queue to the disk; return it where that takes nothing."""
        parcel = Parcel(self._to_batch(taken), taken)
        return None if self.move_to_disk(parcel) else parcel

    def move_to_disk(self, parcel: Parcel) -> bool:
        """Leave *parcel*, which came from the queue, to the disk; False when that takes nothing."""
        segments = parcel.segments
        if segments:
            for segment, count in segments.items():
                self._disk.settle(segment, count, delivered=False)
        elif parcel.copy is not None:
            self._disk.admit(parcel.copy, len(parcel.batch))
        elif self._disk.append(self._signed(parcel.batch)) is None:
            return False
        self._queue.finish(parcel.taken)
        self._on_change()
        return True

    def keep_copy(self, parcel: Parcel) -> None:
        """Write *parcel* to the disk as well, lest the process be killed before it is delivered."""
        if not parcel.is_on_disk:
            parcel.copy = self._disk.keep(self._signed(parcel.batch))

    def delivered(self, parcel: Parcel, count: int) -> None:
        """Note that *count* records of *parcel* are stored, and no others of it ever will be."""
        if parcel.record is not None:
            self.ledger.exported += min(self._disk.done(parcel.record), count)
        else:
            self.ledger.exported += count
        if parcel.copy is not None:
            parcel.copy.remove()
        for segment, spans in parcel.segments.items():
            self._disk.settle(segment, spans, delivered=True)
        self._queue.finish(parcel.taken)
        self._on_change()

    def _signed(self, batch: Batch) -> Batch:
        # With this process's line of the ledger, as another may deliver it.
        return Batch(batch.spans, batch.scores, self.identity)
