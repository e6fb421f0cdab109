"""Real processes on one SQLite file."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from evalhub.store import open_store

OPEN = """
import sys
from evalhub.store import open_store
sys.stdin.read()  # until the test lets all go at once
open_store(sys.argv[1]).close()
"""

WRITE = """
import sys
from evalhub.model import Batch, Span, Usage
from evalhub.store.exporter import SqlExporter

url, writer = sys.argv[1:]
exporter = SqlExporter(url)
sys.stdin.read()
for batch in range(40):
    exporter.export(Batch([
        # One trace of its own, and one span in a trace that both write.
        Span(f"{writer}-{batch}", "a", None, "p", writer, "chain", "ok", batch, batch + 1),
        Span("shared", f"{writer}-{batch}", "root", "p", writer, "llm", "ok", batch, batch + 1,
             usage=Usage(1, 2)),
    ]))
exporter.close()
"""


def start(program: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a Python program that waits until its input is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def release(processes: "list[subprocess.Popen[str]]") -> None:
    """Let *processes* go at once, and assert that all end well."""
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
    for process in processes:
        _, errors = process.communicate()
        assert process.returncode == 0, errors


def test_processes_that_start_at_once_make_the_tables_once(tmp_path: Path) -> None:
    """Whoever comes second finds the tables made."""
    url = f"sqlite:///{tmp_path}/new folder/store.db"
    release([start(OPEN, url) for _ in range(3)])
    with open_store(url, upgrade=False) as store, store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM evalhub_version")).scalar() == 1


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    """Both processes' spans are stored, and the trace they share adds up."""
    url = f"sqlite:///{tmp_path}/store.db"
    release([start(WRITE, url, writer) for writer in ("one", "two")])
    with open_store(url) as store, store.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM span")).scalar() == 160
        assert connection.execute(text("SELECT count(*) FROM trace")).scalar() == 81
        shared = connection.execute(
            text("SELECT spans, input_tokens, output_tokens FROM trace WHERE trace_id = 'shared'")
        ).one()
    assert tuple(shared) == (80, 80, 160)
