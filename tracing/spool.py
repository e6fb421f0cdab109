"""Spans on disk, while the exporter cannot take them or the queue is full.

A folder for each destination. A process writes segments ``<producer>-<number>.spool``
there and holds a lock on ``<producer>.lock`` as long as it lives; whoever gets that
lock finds the segments of a process that is gone, and delivers them.

Nothing is forced through to the disk: what was written survives the death of the
process at once, and that of the machine after some seconds.
"""

import contextlib
import hashlib
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from evalhub.model import Batch
from evalhub.tracing.lockfile import LockFile
from evalhub.tracing.segment import (
    Record,
    Segment,
    decode_record,
    encode_record,
    gather,
    open_private,
    read_records,
)

__all__ = ["Spool", "folder_of"]

SEGMENT_BYTES = 8_000_000


def folder_of(root: Path, destination: str) -> Path:
    """Return the folder below *root* where spans for *destination* wait."""
    return root / hashlib.sha256(destination.encode("utf-8", "replace")).hexdigest()[:16]


class Spool:
    """The spans that this process keeps on disk for one destination, and orphaned ones."""

    def __init__(
        self,
        folder: Path,
        producer: str,
        *,
        max_bytes: int,
        on_evicted: Callable[[Batch], None],
    ) -> None:
        self.folder = folder
        self.records = 0
        """Spans and scores of this process that are on disk only."""
        self._producer = producer
        self._max_bytes = max_bytes
        self._segment_bytes = min(SEGMENT_BYTES, max(max_bytes // 8, 1))
        self._on_evicted = on_evicted
        # Reentrant: a garbage collection in here may end another span on this thread.
        self._lock = threading.RLock()
        self._owner: LockFile | None = None
        self._number = 0
        self._open: Segment | None = None
        self._file = -1
        self._closed: deque[Segment] = deque()
        self._orphans: deque[Segment] = deque()
        self._adopted: list[LockFile] = []
        self._reading: Iterator[Record] = iter(())
        self._read_from: Segment | None = None

    @property
    def has_records(self) -> bool:
        """Whether anything is here to be delivered."""
        return bool(self.records or self._orphans)

    def append(self, batch: Batch, *, in_memory: bool = False) -> Segment:
        """Write *batch* behind what is there and return the segment that holds it.

        With *in_memory* its records are expected to be delivered from memory, and
        :meth:`settle` must say what became of them.

        Raises:
            OSError: it could not be written; what was there is unharmed.
        """
        frame, count = encode_record(batch), len(batch)
        with self._lock:
            segment = self._open or self._new_segment()
            self._write(segment, frame)
            if in_memory:
                segment.waiting += count
            else:
                self._owe(segment, count)
            if segment.size >= self._segment_bytes:
                self._rotate()
            return segment

    def keep(self, batch: Batch) -> Segment:
        """Write *batch* into a file of its own, which only :meth:`admit` lets be read back.

        Raises:
            OSError: it could not be written.
        """
        frame = encode_record(batch)
        with self._lock:
            segment = Segment(self._new_path(), len(frame))
        try:
            with open(segment.path, "xb", opener=open_private) as file:
                file.write(frame)
        except OSError:
            segment.remove()
            raise
        return segment

    def admit(self, segment: Segment, count: int) -> None:
        """Take over a segment of :meth:`keep` whose *count* records were not delivered."""
        with self._lock:
            self._closed.append(segment)
            self._owe(segment, count)

    def settle(self, segment: Segment, count: int, *, delivered: bool) -> None:
        """Say of *count* records in memory that they are delivered, or left to the disk."""
        with self._lock:
            segment.waiting -= count
            if not delivered:
                self._owe(segment, count)
            if segment.is_needed:
                return
            if segment is self._open:
                with contextlib.suppress(OSError):  # then it is delivered again, which is harmless
                    os.ftruncate(self._file, 0)
                    segment.size = 0
            else:
                self._forget(segment)

    def next_record(self) -> Record | None:
        """Return the oldest batch on disk, own ones first; :meth:`done` must follow it."""
        with self._lock:
            while True:
                record = next(self._reading, None)
                if record is not None:
                    return record
                segment = self._next_segment()
                if segment is None:
                    return None
                self._reading, self._read_from = self._read(segment), segment

    def done(self, record: Record) -> int:
        """Note that *record* is delivered or given up; return how many own records that were."""
        segment = record.segment
        with self._lock:
            count = segment.owed if record.is_last else min(segment.owed, len(record.batch))
            self._owe(segment, -count)
            if record.is_last:
                self._forget(segment)
            return count

    def adopt(self) -> None:
        """Look for segments of processes that are gone; they come after one's own."""
        with self._lock, contextlib.suppress(OSError):
            names = sorted(os.listdir(self.folder))
            owners = {name.partition("-")[0].removesuffix(".lock") for name in names}
            for owner in sorted(owners - {self._producer}):
                lock = LockFile.take(self.folder / f"{owner}.lock")
                if lock is None:
                    continue
                self._adopted.append(lock)
                own = (name for name in names if name.startswith(f"{owner}-"))
                self._orphans.extend(Segment(self.folder / name) for name in own)
            self._release_adopted()

    def close(self) -> None:
        """Give up the files; what is left is for whoever comes next."""
        with self._lock:
            if self._open is not None:
                self._rotate()
            for lock in self._adopted:
                lock.release()
            self._adopted.clear()
            if self._owner is not None:
                self._owner.release()
                self._owner = None

    def abandon(self) -> None:
        """Close the file descriptors, as a forked child must; locks stay its parent's."""
        if self._file >= 0:
            os.close(self._file)
        for lock in [*self._adopted, *([self._owner] if self._owner else [])]:
            lock.abandon()

    def _new_path(self) -> Path:
        if self._owner is not None and not self.folder.is_dir():
            self._owner.abandon()  # somebody deleted the folder, and the lock with it
            self._owner = None
        if self._owner is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._owner = LockFile.own(self.folder / f"{self._producer}.lock")
        self._number += 1
        return self.folder / f"{self._producer}-{self._number:06d}.spool"

    def _new_segment(self) -> Segment:
        path = self._new_path()
        self._make_room()
        self._file = open_private(str(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._open = Segment(path)
        return self._open

    def _owe(self, segment: Segment, count: int) -> None:
        segment.owed += count
        self.records += count

    def _write(self, segment: Segment, frame: bytes) -> None:
        left = memoryview(frame)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, segment.size)
            raise
        segment.size += len(frame)

    def _rotate(self) -> None:
        segment, self._open = self._open, None
        file, self._file = self._file, -1  # first, as a fork may come in between
        os.close(file)
        if segment is not None and segment.is_needed:
            self._closed.append(segment)
        elif segment is not None:
            segment.remove()

    def _next_segment(self) -> Segment | None:
        if self._open is not None and self._open.owed and all(s.is_read for s in self._closed):
            self._rotate()
        for segment in (*self._closed, *self._orphans):
            if not (segment.is_read or segment.waiting):
                return segment
        return None

    def _read(self, segment: Segment) -> Iterator[Record]:
        segment.is_read = True
        bodies = deque(read_records(segment.path))
        found = len(bodies)
        while bodies:
            batch = gather(bodies)
            segment.handed_out = found - len(bodies)
            yield Record(batch, not bodies, segment)
        if not found:
            self._owe(segment, -segment.owed)  # somebody deleted or damaged the file
            self._forget(segment)

    def _forget(self, segment: Segment) -> None:
        segment.remove()
        for segments in (self._closed, self._orphans):
            if segment in segments:
                segments.remove(segment)
        self._release_adopted()

    def _release_adopted(self) -> None:
        if not self._orphans:
            while self._adopted:
                self._adopted.pop().release()

    def _make_room(self) -> None:
        """Delete the oldest segments while all together are larger than the limit."""
        files = sorted(self.folder.glob("*.spool"), key=_age)
        total = sum(_size(path) for path in files)
        known = {segment.path: segment for segment in (*self._closed, *self._orphans)}
        for path in files:
            if total + self._segment_bytes <= self._max_bytes:
                return
            segment = known.get(path)
            is_own = path.name.startswith(f"{self._producer}-")
            if is_own and (segment is None or segment.waiting):
                continue  # a copy of what is in memory too: it will soon be settled
            total -= _size(path)
            self._evict(segment or Segment(path))

    def _evict(self, segment: Segment) -> None:
        if segment.owed:
            for body in list(read_records(segment.path))[segment.handed_out :]:
                lost = decode_record(body)
                self._on_evicted(lost)
                self._owe(segment, -min(len(lost), segment.owed))
        if segment is self._read_from:
            self._reading, self._read_from = iter(()), None
        self._forget(segment)


def _age(path: Path) -> tuple[int, str]:
    try:
        return path.stat().st_mtime_ns, path.name
    except OSError:
        return 0, path.name


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
