"""A batch on its way to the exporter, and where else its content lies meanwhile."""

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from evalhub.model import Batch
from evalhub.tracing.queue import Queued

if TYPE_CHECKING:
    from evalhub.tracing.segment import Record, Segment  # it loads orjson

__all__ = ["Parcel"]


@dataclass(slots=True, eq=False)
class Parcel:
    """What was taken from the queue, or read back from the spool."""

    batch: Batch
    taken: list[Queued] = field(default_factory=list)
    record: "Record | None" = None
    copy: "Segment | None" = None
    """Its own file on disk, written because its delivery takes long."""
    refusals: int = 0
    successes_before: int = 0
    """How many batches had been delivered when it was first refused."""

    @property
    def segments(self) -> "Counter[Segment]":
        """Segments that hold its spans as well, and how many (durable mode)."""
        return Counter(queued.segment for queued in self.taken if queued.segment is not None)

    @property
    def is_on_disk(self) -> bool:
        """Whether the death of the process would not lose it."""
        return self.record is not None or self.copy is not None or bool(self.segments)
