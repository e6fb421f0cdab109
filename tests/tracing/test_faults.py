"""Everything that can go wrong between a program and its store, caused on purpose.

The program goes on, keeps its spans, and each of them arrives once.
"""

import contextlib
import gzip
import http.server
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalhub.tracing import configure, flush, stats, traceable
from evalhub.tracing.wire import decode_batch


@traceable
def work(n: int) -> int:
    """Be traced."""
    return n


class FlakyCollector(http.server.ThreadingHTTPServer):
    """A fake collector that answers as it is told: statuses in turn, then 200."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.answers: list[int] = []
        self.headers: dict[str, str] = {}
        self.posts = 0
        self.spans: Counter[str] = Counter()
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FlakyCollector

    def do_POST(self) -> None:
        """Take the batch, or fail as told."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.posts += 1
        self.server.may_answer.wait()
        status = self.server.answers.pop(0) if self.server.answers else 200
        if status == 200:
            self.server.spans.update(span.span_id for span in decode_batch(body).spans)
        self.send_response(status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[FlakyCollector]:
    """Run a fake collector."""
    with FlakyCollector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.may_answer.set()
        server.shutdown()


@pytest.mark.parametrize("status", [429, 500, 503, 408])
def test_a_collector_that_fails_for_a_while(collector: FlakyCollector, status: int) -> None:
    """Spans wait on the disk and arrive once each."""
    collector.answers = [status] * 3
    configure(url=collector.url)
    for n in range(20):
        work(n)
    assert flush(30)
    assert len(collector.spans) == 20
    assert (stats().exported, stats().dropped) == (20, 0)


def test_retry_after_is_honoured(collector: FlakyCollector) -> None:
    """A collector that asks for time is left alone for as long."""
    collector.answers, collector.headers = [429], {"Retry-After": "30"}
    configure(url=collector.url)
    work(1)
    assert not flush(1.5)  # without the header, it would be tried again after 0.1 s
    assert collector.posts == 1
    collector.headers = {}
    assert flush(10)  # a new call asks for a new try


def test_a_collector_that_hangs(collector: FlakyCollector) -> None:
    """What comes meanwhile is on the disk; when it moves again, each span is stored once."""
    collector.may_answer.clear()
    configure(url=collector.url)
    for n in range(10):
        work(n)
    assert not flush(0.5)
    for n in range(10):
        work(n)
    assert not flush(0.5)
    assert stats().spooled >= 10
    collector.may_answer.set()
    assert flush(30)
    assert len(collector.spans) == 20
    assert set(collector.spans.values()) == {1}


def test_a_collector_that_comes_back_at_the_next_start(
    evalhub_home: Path, collector: FlakyCollector
) -> None:
    """A program that ended while it was down leaves its spans to the next one."""
    collector.answers = [500] * 100
    configure(url=collector.url)
    work(1)
    configure(enabled=False)  # as at the end of a program
    assert collector.spans == {}
    assert list((evalhub_home / "spool").glob("*/*.spool"))
    collector.answers = []
    configure(url=collector.url)
    work(2)
    assert flush(10)
    wait_until(lambda: len(collector.spans) == 2)
    configure(enabled=False)
    assert list((evalhub_home / "spool").glob("*/*")) == []


def test_a_locked_database(evalhub_home: Path) -> None:
    """While another program holds the write lock, spans are brought to the disk."""
    file = evalhub_home / "evalhub.db"
    configure(url=f"sqlite:///{file}?timeout=0.2")
    work(0)
    assert flush(30)
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for n in range(5):
            work(n)
        assert not flush(1)
        assert stats().spooled == 5
        other.execute("COMMIT")
    assert flush(30)
    assert count(file) == 6


def test_a_full_disk(evalhub_home: Path) -> None:
    """When neither store nor spool can grow, the program goes on and says what it lost."""
    code = """
import json, resource, signal
from evalhub.tracing import configure, flush, stats, traceable
@traceable
def work(text): return text
work("")
assert flush(30)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, -1))  # as if the disk had no more room
configure(url=None, max_queue_spans=10)
for n in range(50): assert work("x" * 2000)
flush(1)
counts = stats()
assert counts.recorded == 50 and counts.exported == 0, counts
assert counts.dropped + counts.waiting + counts.spooled == 50, counts
assert counts.dropped > 0, counts
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, -1))
assert flush(30)
assert stats().exported + stats().dropped == 50, stats()
work("again")
assert flush(30)
"""
    result = run(code, evalhub_home)
    assert result.returncode == 0, result.stderr
    assert "the newest are lost" in result.stderr
    assert count(evalhub_home / "evalhub.db") > 2


def test_killed_while_the_collector_hangs(evalhub_home: Path, collector: FlakyCollector) -> None:
    """``kill -9`` takes nothing that is older than a moment; the next start sends it."""
    collector.may_answer.clear()
    code = """
import sys, time
from evalhub.tracing import configure, flush, stats, traceable
@traceable
def work(n): return n
for n in range(30): work(n)
while stats().waiting: time.sleep(0.01)
print("ready", flush=True)
time.sleep(600)
"""
    kill_when_ready(code, evalhub_home, EVALHUB_URL=collector.url)
    collector.may_answer.set()
    collector.spans.clear()
    configure(url=collector.url)
    work(1)
    assert flush(10)
    wait_until(lambda: len(collector.spans) == 31)


@pytest.mark.parametrize("destination", ["sqlite", "nowhere"])
def test_durable_means_on_disk_before_the_call_returns(
    evalhub_home: Path, destination: str
) -> None:
    """Killed by itself right after its last call, a program has lost no span."""
    code = """
import os, signal
from evalhub.tracing import traceable
@traceable
def work(n): return n
for n in range(1000): work(n)
os.kill(os.getpid(), signal.SIGKILL)
"""
    file = evalhub_home / "evalhub.db"
    url = f"sqlite:///{file}"
    # Nobody listens on port 9: there the spans are only in the spool.
    target = url if destination == "sqlite" else "http://127.0.0.1:9"
    result = run(code, evalhub_home, EVALHUB_DURABLE="1", EVALHUB_URL=target)
    assert result.returncode == -signal.SIGKILL
    if destination == "nowhere":
        segments = (evalhub_home / "spool").glob("*/*.spool")
        assert sum(len(path.read_bytes().split(b'"span_id"')) - 1 for path in segments) >= 1000
        return
    configure(url=url)
    work(1)
    assert flush(30)
    wait_until(lambda: count(file) == 1001)


def test_durable_leaves_nothing_behind(evalhub_home: Path) -> None:
    """A program that ends well in durable mode stores each span once and keeps no file."""
    code = """
from evalhub.tracing import traceable
@traceable
def work(n): return n
for n in range(1000): work(n)
"""
    result = run(code, evalhub_home, EVALHUB_DURABLE="1")
    assert (result.returncode, result.stderr) == (0, "")
    assert count(evalhub_home / "evalhub.db") == 1000
    assert list((evalhub_home / "spool").glob("*/*")) == []


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for what another thread does; fail when it does not happen."""
    deadline = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.01)


def run(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run *code* in a new interpreter."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "EVALHUB_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def kill_when_ready(code: str, home: Path, **environment: str) -> None:
    """Run *code* until it prints a line, and kill it."""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "EVALHUB_HOME": str(home), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()


def count(file: Path) -> int:
    """Return how many spans an SQLite store holds."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        [(number,)] = connection.execute("SELECT count(*) FROM span")
        return int(number)
