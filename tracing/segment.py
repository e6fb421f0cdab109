"""One file of the spool: a row of records, each a length, a checksum and one batch (wire.py).

A record that was cut short by the end of its writer is known by its checksum, and left out.
"""

import contextlib
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evalhub.model import Batch, Span, SpanScore
from evalhub.tracing.wire import decode_batch, encode_batch

__all__ = [
    "Record",
    "Segment",
    "decode_record",
    "encode_record",
    "gather",
    "open_private",
    "read_records",
]

_GATHERED_SPANS, _GATHERED_BYTES = 1_000, 4_000_000
"""Records are read back together up to these; in durable mode each holds one span."""
_HEADER = struct.Struct("<III")  # magic, length, CRC-32 of the body
_MAGIC = 0x45564831  # "EVH1"


@dataclass(slots=True, eq=False)
class Segment:
    """One file of the spool."""

    path: Path
    size: int = 0
    owed: int = 0
    """Records that are here and nowhere else."""
    waiting: int = 0
    """Records that are in memory too, to be delivered from there (durable mode)."""

    is_read: bool = False
    """Whether its records have begun to be handed out."""
    handed_out: int = 0
    """How many of them were."""

    @property
    def is_needed(self) -> bool:
        """Whether it holds anything that is not delivered."""
        return bool(self.owed or self.waiting)

    def remove(self) -> None:
        """Delete the file; one that is gone already is fine."""
        with contextlib.suppress(OSError):
            self.path.unlink()


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """What was read back as one batch, and where it lay."""

    batch: Batch
    is_last: bool
    """Whether its segment holds nothing after it."""
    segment: Segment = field(repr=False)


def encode_record(batch: Batch) -> bytes:
    """Return *batch* as it is written to a segment."""
    body = encode_batch(batch)
    return _HEADER.pack(_MAGIC, len(body), zlib.crc32(body)) + body


def decode_record(body: bytes) -> Batch:
    """Return the batch of a record; an empty one when this version cannot read it."""
    try:
        return decode_batch(body)
    except (KeyError, TypeError, ValueError):
        return Batch()  # written by a version that knew other fields


def read_records(path: Path) -> Iterator[bytes]:
    """Yield the body of each whole record of a segment."""
    try:
        content = path.read_bytes()
    except OSError:
        return
    start = 0
    while start + _HEADER.size <= len(content):
        magic, length, checksum = _HEADER.unpack_from(content, start)
        start += _HEADER.size
        body = content[start : start + length]
        if magic != _MAGIC or len(body) < length or zlib.crc32(body) != checksum:
            return  # its writer died in the middle of it
        yield body
        start += length


def gather(bodies: deque[bytes]) -> Batch:
    """Take the first of *bodies*, all by one process, as one batch with its last word."""
    spans: list[Span] = []
    scores: list[SpanScore] = []
    delivery, size = None, 0
    while bodies and len(spans) < _GATHERED_SPANS:
        size += len(bodies[0])
        if size > _GATHERED_BYTES and (spans or scores):
            break
        batch = decode_record(bodies.popleft())
        spans += batch.spans
        scores += batch.scores
        delivery = batch.delivery or delivery
    return Batch(spans, scores, delivery)


def open_private(path: str, flags: int) -> int:
    """Open a file that only this user may read: payloads are nobody else's business."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
