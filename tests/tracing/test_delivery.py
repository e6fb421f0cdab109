"""Delivery: failing, hanging and recovering exporters, full queues, flush in time."""

import json
import logging
import threading
import time
from pathlib import Path

import pytest

from evalhub.errors import ConfigError, StoreUnavailableError
from evalhub.model import Batch
from evalhub.tracing import configure, flush, stats, trace, traceable
from evalhub.tracing.exporters.lookup import make_exporter
from evalhub.tracing.exporters.memory import MemoryExporter


class Failing(MemoryExporter):
    """Fails as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.is_down = True
        self.calls = 0

    def export(self, batch: Batch) -> None:
        """Keep *batch*, unless down."""
        self.calls += 1
        if self.is_down:
            raise RuntimeError("down")
        super().export(batch)


class Hanging(MemoryExporter):
    """Does not return until it is released."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.release = threading.Event()

    def export(self, batch: Batch) -> None:
        """Wait, then keep *batch*."""
        self.entered.set()
        self.release.wait()
        super().export(batch)


@traceable
def work(n: int) -> int:
    """Be traced."""
    return n


def test_spans_arrive_without_flush() -> None:
    """The worker delivers by itself what waits."""
    exporter = MemoryExporter()
    configure(exporter=exporter)
    work(1)
    deadline = time.monotonic() + 10
    while not exporter.spans and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [span.name for span in exporter.spans] == ["work"]


def test_order_and_number_over_many_batches() -> None:
    """Several times the batch size arrives once each and in order."""
    exporter = MemoryExporter()
    configure(exporter=exporter)
    for n in range(3_500):
        work(n)
    assert flush(10)
    assert [span.inputs for span in exporter.spans] == [b'{"n":%d}' % n for n in range(3_500)]
    assert (stats().recorded, stats().exported, stats().waiting) == (3_500, 3_500, 0)


def test_failing_exporter_recovers(caplog: pytest.LogCaptureFixture) -> None:
    """Spans are kept while the exporter fails and all arrive when it recovers."""
    exporter = Failing()
    configure(exporter=exporter)
    for n in range(5):
        work(n)
    left = flush(0.5)
    assert (left.waiting, left.spooled) == (0, 5)
    assert not left
    assert stats().spooled == 5
    assert stats().export_errors >= 2
    exporter.is_down = False
    work(5)
    assert flush(10)
    assert len(exporter.spans) == 6
    warnings = [r for r in caplog.records if r.levelno == logging.WARNING]
    kept = [r for r in warnings if "are kept" in r.getMessage()]
    assert len(kept) == 1
    assert "down" in kept[0].getMessage()


def test_an_exporter_that_stays_down_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """Trying the spans one by one, to find a bad one, says nothing more."""
    exporter = Failing()
    configure(exporter=exporter)
    for n in range(5):
        work(n)
    deadline = time.monotonic() + 20
    while exporter.calls < 15 and time.monotonic() < deadline:
        flush(0.1)
    assert exporter.calls >= 15
    [warning] = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert "are kept" in warning.getMessage()


def test_exporter_that_cannot_be_made_is_tried_again() -> None:
    """A URL that nobody serves keeps the spans and counts the tries; calls go on."""
    configure(url="nosuch://place")
    assert work(1) == 1
    assert not flush(0.3)
    assert (stats().spooled, stats().dropped) == (1, 0)
    assert stats().export_errors > 0


def test_hanging_exporter() -> None:
    """Flush returns in time, calls go on, and everything arrives once it moves again."""
    exporter = Hanging()
    configure(exporter=exporter)
    work(1)
    assert exporter.entered.wait(10)
    work(2)
    assert not flush(0.05)
    exporter.release.set()
    assert flush(10)
    assert len(exporter.spans) == 2


def numbers(exporter: MemoryExporter) -> list[int]:
    """Return what ``work`` was called with, in the order of arrival."""
    return [json.loads(span.inputs or b"")["n"] for span in exporter.spans]


def test_a_full_queue_goes_to_the_disk() -> None:
    """Memory stays bounded by number, nothing is lost, and all arrives once it moves again."""
    exporter = Hanging()
    configure(exporter=exporter, max_queue_spans=10)
    work(0)
    assert exporter.entered.wait(10)
    for n in range(1, 500):
        work(n)
    assert stats().waiting <= 10
    assert stats().spooled >= 490
    exporter.release.set()
    assert flush(20)
    assert sorted(numbers(exporter)) == list(range(500))
    assert (stats().exported, stats().dropped) == (500, 0)


def test_the_queue_is_bounded_by_bytes() -> None:
    """Large payloads go to the disk before their number fills the queue."""
    exporter = Hanging()
    configure(exporter=exporter, max_queue_bytes=100_000)
    big = traceable(lambda text: None)
    for _ in range(10):
        big("x" * 30_000)
    assert stats().spooled >= 7
    exporter.release.set()
    assert flush(20)
    assert len(exporter.spans) == 10


def test_without_a_disk_the_newest_are_lost_and_counted(
    evalhub_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """When neither memory nor disk has room, the oldest stay; the ledger says which traces lost."""
    (evalhub_home / "spool").write_text("a file where the folder should be")
    exporter = Hanging()
    configure(exporter=exporter, max_queue_spans=10)
    work(0)
    assert exporter.entered.wait(10)
    for n in range(1, 25):
        work(n)
    assert (stats().waiting, stats().spooled, stats().dropped) == (10, 0, 15)
    exporter.release.set()
    assert flush(20)
    assert numbers(exporter) == list(range(10))
    work(99)
    assert flush(10)
    assert numbers(exporter)[-1] == 99
    assert exporter.delivery is not None
    assert (exporter.delivery.recorded, exporter.delivery.dropped) == (26, 15)
    assert sum("the newest are lost" in r.getMessage() for r in caplog.records) == 1


def test_the_ledger_names_the_traces_that_lost_spans(evalhub_home: Path) -> None:
    """What was lost of a trace is said once, with the next batch that arrives."""
    losses: list[tuple[str, int]] = []

    class Listening(Hanging):
        def export(self, batch: Batch) -> None:
            super().export(batch)
            if batch.delivery is not None:
                losses.extend(batch.delivery.losses)

    (evalhub_home / "spool").write_text("a file where the folder should be")
    exporter = Listening()
    configure(exporter=exporter, max_queue_spans=2)
    work(0)
    assert exporter.entered.wait(10)
    with trace("unlucky") as span:
        for n in range(1, 5):
            work(n)
    exporter.release.set()
    assert flush(20)
    work(6)
    assert flush(10)
    # One child found room; three and their parent did not.
    assert losses == [(span.trace_id, 4)]


def test_a_lone_span_that_is_refused_is_given_up_once_others_are_taken() -> None:
    """A bad span in a batch of its own does not hold up all that follows."""

    class Picky(MemoryExporter):
        def export(self, batch: Batch) -> None:
            if any(span.inputs == b'{"n":3}' for span in batch.spans):
                raise ValueError("not that one")
            super().export(batch)

    exporter = Picky()
    configure(exporter=exporter)
    work(3)
    assert not flush(0.5)
    work(4)
    assert flush(20)
    assert numbers(exporter) == [4]
    assert (stats().exported, stats().dropped) == (1, 1)


def test_one_span_that_is_refused_does_not_hold_up_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An exporter that takes others but never one span loses that one, counted and told."""

    class Picky(MemoryExporter):
        def export(self, batch: Batch) -> None:
            if any(span.inputs == b'{"n":3}' for span in batch.spans):
                raise ValueError("not that one")
            super().export(batch)

    exporter = Picky()
    configure(exporter=exporter)
    for n in range(6):
        work(n)
    assert flush(20)
    assert [span.inputs for span in exporter.spans] == [b'{"n":%d}' % n for n in (0, 1, 2, 4, 5)]
    assert (stats().exported, stats().dropped) == (5, 1)
    assert sum("it is lost: ValueError" in r.getMessage() for r in caplog.records) == 1


def test_what_an_exporter_does_is_not_traced() -> None:
    """An exporter that calls traced code, or flushes, does not feed itself."""

    class Curious(MemoryExporter):
        def export(self, batch: Batch) -> None:
            work(0)
            assert not flush(5)
            super().export(batch)

    exporter = Curious()
    configure(exporter=exporter)
    work(1)
    assert flush(10)
    assert stats().recorded == 1


def test_a_batch_is_bounded_by_bytes() -> None:
    """Many large payloads travel in several batches; one that is larger than a batch goes alone."""
    sizes: list[int] = []

    class Weighing(MemoryExporter):
        def export(self, batch: Batch) -> None:
            sizes.append(sum(len(span.inputs or b"") for span in batch.spans))
            super().export(batch)

    exporter = Weighing()
    configure(exporter=exporter, max_payload_bytes=30_000_000)
    big = traceable(lambda text: None)
    for length in (9_000_000, 9_000_000, 9_000_000, 25_000_000):
        big("x" * length)
    assert flush(60)
    assert len(exporter.spans) == 4
    assert max(sizes) < 26_000_000
    assert len(sizes) >= 3


def test_many_threads_lose_nothing() -> None:
    """Spans of eight threads all arrive, each with an id of its own."""
    exporter = MemoryExporter()
    configure(exporter=exporter)

    def burst() -> None:
        for n in range(500):
            work(n)

    threads = [threading.Thread(target=burst) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert flush(60)
    assert len({span.span_id for span in exporter.spans}) == 4_000


def test_reconfiguring_delivers_first_and_moves_open_spans() -> None:
    """Spans that ended go to the old exporter; one that is open goes to the new one."""
    old, new = MemoryExporter(), MemoryExporter()
    configure(exporter=old)

    @traceable
    def outer() -> None:
        work(1)
        configure(exporter=new)

    outer()
    assert flush(10)
    assert [s.name for s in old.spans] == ["work"]
    assert [s.name for s in new.spans] == ["outer"]


def test_settings_that_cannot_be_used_disable_tracing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong variable is logged once and the program runs untraced; configure() raises."""
    monkeypatch.setenv("EVALHUB_TRACING", "perhaps")
    assert [work(n) for n in range(3)] == [0, 1, 2]
    assert sum("EVALHUB_TRACING" in record.getMessage() for record in caplog.records) == 1
    with pytest.raises(ConfigError, match="perhaps"):
        configure()


def test_failure_inside_the_sdk_never_reaches_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the tracer itself breaks, calls return and the failures are counted."""
    from evalhub.tracing.process import ACTIVE

    def broken(now_ns: int) -> str:
        raise StoreUnavailableError("no ids")

    configure(exporter=MemoryExporter())
    assert ACTIVE.tracer is not None
    monkeypatch.setattr(ACTIVE.tracer, "new_id", broken)
    assert [work(n) for n in range(3)] == [0, 1, 2]
    assert stats().internal_errors == 3


@pytest.mark.parametrize("limit", ["max_payload_bytes", "max_queue_spans", "max_queue_bytes"])
def test_limits_must_be_positive(limit: str) -> None:
    """A limit of zero is refused."""
    with pytest.raises(ConfigError, match="at least 1"):
        configure(**{limit: 0})  # type: ignore[arg-type]  # one of three integers


def test_unknown_scheme_names_the_known_ones() -> None:
    """The error says which schemes there are."""
    with pytest.raises(ConfigError, match=r"no exporter for 'nosuch'.*sqlite"):
        make_exporter("nosuch://x")
