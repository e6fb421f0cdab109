"""Delivery at its edges: exporters that exit, text no JSON holds, signals within a call."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections import deque
from pathlib import Path

import pytest

from evalhub.model import Batch, Span
from evalhub.tracing import configure, flush, stats, traceable
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.outbox import Flushed
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.queue import Queued
from evalhub.tracing.tracer import Tracer
from evalhub.tracing.wire import decode_batch, encode_batch


@traceable
def work(n: int) -> int:
    """Be traced."""
    return n


class Exiting(MemoryExporter):
    """Calls ``sys.exit`` in its first export."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def export(self, batch: Batch) -> None:
        """Keep *batch*, except the first time."""
        self.calls += 1
        if self.calls == 1:
            sys.exit("a client library gave up")
        super().export(batch)


def test_an_exporter_that_exits_has_failed() -> None:
    """``SystemExit`` is no delivery, and does not end the thread that delivers."""
    exporter = Exiting()
    configure(exporter=exporter)
    for n in range(5):
        work(n)
    assert flush(10)
    assert len(exporter.spans) == 5
    assert (stats().exported, stats().export_errors) == (5, 1)


def test_a_redaction_that_exits_takes_only_its_own_span() -> None:
    """Spans that come after it are delivered."""
    exporter = MemoryExporter()

    def hide(inputs: dict[str, int]) -> dict[str, int]:
        return sys.exit(1) if inputs["n"] == 0 else inputs

    configure(exporter=exporter, hide_inputs=hide)
    work(0)
    work(1)
    assert flush(10)
    assert b'{"n":1}' in [span.inputs for span in exporter.spans]
    assert b'{"n":0}' not in [span.inputs for span in exporter.spans]
    work(2)
    assert flush(10)


def test_a_record_that_json_cannot_hold_is_kept() -> None:
    """Half a surrogate pair is escaped, and a number of more than 64 bits is bounded."""
    span = Span("t" * 32, "s" * 32, None, "p", "a\ud800", "chain", "ok", 1, 2**70)
    read = decode_batch(encode_batch(Batch([span]))).spans[0]
    assert (read.name, read.end_ns) == ("a\\ud800", 2**63 - 1)


class Down(MemoryExporter):
    """Fails as long as it is told to."""

    is_down = True

    def export(self, batch: Batch) -> None:
        """Keep *batch*, unless down."""
        if self.is_down:
            raise ConnectionError("down")
        super().export(batch)


def test_such_a_record_goes_to_the_disk_with_the_others() -> None:
    """While the exporter is down it holds up nothing, and arrives later."""
    exporter = Down()
    configure(exporter=exporter)
    tracer: Tracer = tracer_in_force()
    tracer.submit(Span("t" * 32, "s" * 32, None, "p", "a\ud800", "chain", "ok", 1, 2))
    work(1)
    assert not flush(0.5)
    assert stats().spooled == 2
    exporter.is_down = False
    assert flush(10)
    assert len(exporter.spans) == 2


def test_sigterm_while_a_span_is_put(evalhub_home: Path) -> None:
    """The locks of that moment hold up nothing: all is stored, at once."""
    code = """
import os, signal
from evalhub.tracing import flush, queue, traceable

@traceable
def work(n): return n

work(0)
flush(60)
class Deque(queue.deque):
    def append(self, item):  # called with the queue's lock held
        super().append(item)
        if len(self) == 50:
            os.kill(os.getpid(), signal.SIGTERM)
from evalhub.tracing.force import ACTIVE
ACTIVE.tracer._outbox._queue._items = Deque()
while True: work(1)
"""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "EVALHUB_HOME": str(evalhub_home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (-signal.SIGTERM, "")
    with contextlib.closing(sqlite3.connect(evalhub_home / "evalhub.db")) as store:
        [(spans, missing)] = store.execute("SELECT stored, recorded - stored FROM producer")
    assert spans >= 51
    assert missing == 0


def test_a_flush_within_a_put_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal's handler that flushes at that moment goes on; it holds what delivery needs."""
    answers: list[Flushed] = []

    class Deque(deque[Queued]):
        def append(self, item: Queued) -> None:
            super().append(item)
            if not answers:
                answers.append(flush(3600))

    monkeypatch.setattr("evalhub.tracing.queue.deque", Deque)
    configure(exporter=MemoryExporter())
    work(1)
    assert len(answers) == 1
    assert flush(10)
