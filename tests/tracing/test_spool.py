"""The spool: what is written comes back, whoever wrote it and however it ended."""

import os
import shutil
from pathlib import Path

import pytest

from evalhub.model import Batch, Span
from evalhub.tracing.segment import read_records
from evalhub.tracing.spool import Spool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that holds nothing else; the spool makes it."""
    return tmp_path / "spool"


def batch(*names: str) -> Batch:
    """Return a batch of spans with these names."""
    return Batch(
        [Span("t" * 32, name, None, "p", name, "chain", "ok", 1, 2, inputs=b"{}") for name in names]
    )


def open_spool(folder: Path, producer: str = "me", max_bytes: int = 10**9) -> Spool:
    """Return a spool that puts what it loses into ``lost``."""
    return Spool(folder, producer, max_bytes=max_bytes, on_evicted=lost.append)


lost: list[Batch] = []


@pytest.fixture(autouse=True)
def _nothing_lost_yet() -> None:
    lost.clear()


def drain(spool: Spool) -> list[str]:
    """Return the names of all spans that wait, taking them out."""
    names = []
    while (record := spool.next_record()) is not None:
        names += [span.name for span in record.batch.spans]
        spool.done(record)
    return names


def test_first_in_first_out(folder: Path) -> None:
    """Batches come back in order, once, and leave no file behind."""
    spool = open_spool(folder)
    spool.append(batch("a", "b"))
    spool.append(batch("c"))
    assert (spool.records, spool.has_records) == (3, True)
    assert drain(spool) == ["a", "b", "c"]
    assert (spool.records, spool.has_records) == (0, False)
    spool.append(batch("d"))
    assert drain(spool) == ["d"]
    spool.close()
    assert list(folder.iterdir()) == []


def test_the_spans_of_a_process_that_is_gone(folder: Path) -> None:
    """Whoever comes next delivers them; those of a process that lives are left alone."""
    dead, alive = open_spool(folder, "dead"), open_spool(folder, "alive")
    dead.append(batch("a"))
    alive.append(batch("b"))
    dead.abandon()  # its descriptors are closed, as the system does for a killed process
    spool = open_spool(folder)
    spool.adopt()
    assert drain(spool) == ["a"]
    assert drain(alive) == ["b"]


def test_two_that_come_next(folder: Path) -> None:
    """Of two processes that start at once, one adopts."""
    dead = open_spool(folder, "dead")
    dead.append(batch("a"))
    dead.abandon()
    first, second = open_spool(folder, "first"), open_spool(folder, "second")
    first.adopt()
    second.adopt()
    assert (drain(second), drain(first)) == ([], ["a"])


@pytest.mark.parametrize("cut", [1, 5, 13, 60])
def test_a_record_cut_short(folder: Path, cut: int) -> None:
    """A writer that died in the middle of a record loses that one only."""
    dead = open_spool(folder, "dead")
    dead.append(batch("a"))
    segment = dead.append(batch("b"))
    dead.abandon()
    content = segment.path.read_bytes()
    segment.path.write_bytes(content[:-cut])
    spool = open_spool(folder)
    spool.adopt()
    assert drain(spool) == ["a"]
    assert list(folder.iterdir()) == []


def test_a_damaged_record_ends_its_segment(folder: Path) -> None:
    """Bytes that do not fit their checksum are not taken for spans."""
    spool = open_spool(folder)
    segment = spool.append(batch("a"))
    damaged = bytearray(segment.path.read_bytes())
    damaged[40] ^= 1
    segment.path.write_bytes(damaged)
    assert list(read_records(segment.path)) == []
    assert drain(spool) == []
    assert spool.records == 0


def test_at_its_limit_the_oldest_go(folder: Path) -> None:
    """The files together stay below the limit, and what was lost is told."""
    spool = open_spool(folder, max_bytes=20_000)
    for number in range(200):
        spool.append(batch(f"span {number}"))
    size = sum(path.stat().st_size for path in folder.glob("*.spool"))
    assert size <= 20_000
    kept = drain(spool)
    gone = [span.name for evicted in lost for span in evicted.spans]
    assert gone + kept == [f"span {number}" for number in range(200)]
    assert len(kept) > 10
    assert spool.records == 0


def test_small_records_are_read_back_together(folder: Path) -> None:
    """Durable mode writes one span a record; delivered one by one they would take minutes."""
    spool = open_spool(folder)
    for n in range(1_500):
        spool.append(batch(str(n)))
    sizes = []
    while (record := spool.next_record()) is not None:
        sizes.append(len(record.batch))
        spool.done(record)
    assert sizes == [1_000, 500]
    assert (spool.records, spool.has_records) == (0, False)


def test_eviction_while_a_segment_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Room made by deleting an older file does not stop the reading; nothing counts twice."""
    monkeypatch.setattr("evalhub.tracing.segment._GATHERED_SPANS", 1)
    spool = open_spool(folder, max_bytes=16_000)
    for name in ("a", "b", "c"):
        spool.append(batch(name))
    reading = spool.next_record()
    assert reading is not None
    older = folder / "other-000001.spool"
    older.write_bytes(b"x" * 15_000)
    os.utime(older, (0, 0))
    spool.append(batch("d"))
    assert not older.exists()
    spool.done(reading)
    assert drain(spool) == ["b", "c", "d"]
    assert (spool.records, spool.has_records) == (0, False)


def test_eviction_of_the_segment_that_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was handed out is not counted as lost, the rest is."""
    monkeypatch.setattr("evalhub.tracing.segment._GATHERED_SPANS", 1)
    spool = open_spool(folder, max_bytes=16_000)
    for name in ("a", "b", "c"):
        spool.append(batch(name))
    reading = spool.next_record()
    assert reading is not None
    names = [f"later {n}" for n in range(80)]
    for name in names:
        spool.append(batch(name))
    spool.done(reading)
    evicted = [span.name for each in lost for span in each.spans]
    assert evicted[:2] == ["b", "c"]
    assert [*evicted[2:], *drain(spool)] == names
    assert (spool.records, spool.has_records) == (0, False)


def test_the_limit_spares_what_is_in_memory_too(folder: Path) -> None:
    """A segment whose spans may yet be delivered from memory is not counted as lost."""
    spool = open_spool(folder, max_bytes=1)
    segments = [spool.append(batch(name), in_memory=True) for name in ("a", "b", "c")]
    assert lost == []
    for segment in segments:
        spool.settle(segment, 1, delivered=False)
    assert drain(spool) == ["a", "b", "c"]
    assert (spool.records, spool.has_records) == (0, False)


def test_a_folder_that_was_deleted_is_made_again(folder: Path) -> None:
    """The next segment is written and locked as the first was."""
    spool = open_spool(folder, max_bytes=1)
    spool.append(batch("a"))
    shutil.rmtree(folder)
    spool.append(batch("b"))
    assert drain(spool) == ["b"]
    assert [path.name for path in folder.iterdir()] == ["me.lock"]
    assert (spool.records, spool.has_records) == (0, False)


def test_delivered_from_memory(folder: Path) -> None:
    """What was delivered meanwhile is not read back; what was not, is."""
    spool = open_spool(folder)
    first = spool.append(batch("a"), in_memory=True)
    spool.append(batch("b"), in_memory=True)
    assert spool.next_record() is None
    spool.settle(first, 2, delivered=True)
    assert first.path.stat().st_size == 0
    again = spool.append(batch("c"), in_memory=True)
    spool.settle(again, 1, delivered=False)
    assert spool.records == 1
    assert drain(spool) == ["c"]


def test_a_copy_is_read_only_when_admitted(folder: Path) -> None:
    """A batch that is on its way is on disk for those who come after a crash only."""
    spool = open_spool(folder)
    copy = spool.keep(batch("a"))
    assert spool.next_record() is None
    spool.admit(copy, 1)
    assert drain(spool) == ["a"]


def test_files_are_private(folder: Path) -> None:
    """Only the user who runs the program may read what it recorded."""
    spool = open_spool(folder)
    segment = spool.append(batch("a"))
    copy = spool.keep(batch("b"))
    assert segment.path.stat().st_mode & 0o077 == 0
    assert copy.path.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
