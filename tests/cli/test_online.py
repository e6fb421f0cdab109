"""``evalhub online run`` as a process: exit codes, signals, two at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import select

from evalhub.evals.online.process import this_process
from evalhub.model import Span
from evalhub.store import open_store
from evalhub.store.online import write_state
from evalhub.store.spans import add_spans
from evalhub.store.tables import score


def add_traces(count: int, text: str = "good") -> None:
    """Store traces that ended five minutes ago, with a root span each."""
    end_ns = time.time_ns() - 300 * 10**9
    spans = [
        Span(
            trace_id=f"{number:032x}",
            span_id=f"{number:016x}",
            parent_id=None,
            project="support",
            name="answer",
            kind="chain",
            status="ok",
            start_ns=end_ns - 10**9,
            end_ns=end_ns,
            outputs=json.dumps({"answer": text}).encode(),
        )
        for number in range(count)
    ]
    with open_store() as store, store.begin() as connection:
        add_spans(connection, spans)


def scored() -> int:
    """Return how many scores the store holds."""
    with open_store() as store, store.read() as connection:
        return len(connection.execute(select(score.c.id)).all())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write a file with one metric and one band."""
    path = tmp_path / "online.yaml"
    path.write_text(
        """name: support
metrics: [{metric: regex, pattern: good, full: false}]
bands: [{metric: regex, at_least: 0.8}]
every: 1s
batch: 5
"""
    )
    return path


def start(config: Path, *options: str) -> "subprocess.Popen[str]":
    """Start the real command line on *config*."""
    command = [sys.executable, "-m", "evalhub", "online", "run", str(config), *options]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )


@pytest.mark.parametrize(("text", "code"), [("good", 0), ("bad", 1)])
def test_once_exits_with_the_state_of_the_bands(config: Path, text: str, code: int) -> None:
    """0 while the means are within, 1 when one has left; the traces are scored either way."""
    add_traces(60, text)
    process = start(config, "--once", "--json")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (code, "")
    told = json.loads(out)
    assert (told["scored"], told["bands"][0]["n"], told["bands"][0]["is_out"]) == (
        60,
        60,
        bool(code),
    )
    assert scored() == 60


def test_it_ends_in_good_order_on_sigterm(config: Path) -> None:
    """After a round it waits for the next one; told to end it does, with exit code 0."""
    add_traces(3)
    process = start(config)
    assert process.stdout is not None
    assert process.stdout.readline() == "3 traces scored\n"
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")
    # The lease was given back: the next one need not wait.
    after = start(config, "--once")
    out, _ = after.communicate(timeout=60)
    assert out.startswith("0 traces scored")


def test_two_processes_score_each_trace_once(config: Path) -> None:
    """Whoever comes second stands by or finds nothing left."""
    add_traces(40)
    both = [start(config, "--once", "--json") for _ in range(2)]
    told = [json.loads(process.communicate(timeout=60)[0]) for process in both]
    assert sum(one["scored"] for one in told) == 40
    assert scored() == 40


def test_a_wrong_file_is_one_line(config: Path) -> None:
    """Exit code 2, the place, and the nearest right key."""
    config.write_text(config.read_text().replace("batch:", "bath:"))
    process = start(config, "--once")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert err == f"error: {config}:5:1: unknown key 'bath'; did you mean 'batch'?\n"


def test_once_says_when_something_could_not_be_scored(config: Path) -> None:
    """Exit code 4: the judge is away, and cron must not take that for a good day."""
    add_traces(3)
    config.write_text(
        "name: support\nmetrics:\n"
        "  - {judge: rubric, criteria: polite, model: m, base_url: 'http://127.0.0.1:9/v1'}\n"
    )
    process = start(config, "--once")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, "0 traces scored, 3 to be tried again\n"), err
    assert err.startswith("warning: rubric could score none of 3 traces")


def test_the_next_process_takes_over_at_once_from_a_killed_one(config: Path) -> None:
    """Nobody waits for the lease of a process that is gone."""
    config.write_text(config.read_text().replace("every: 1s", "every: 1s\nsettle: 1s"))
    first = start(config)
    assert first.stdout is not None
    assert first.stdout.readline() == "0 traces scored\n"
    held = {"owner": "x", "until_ns": 2**62, "process": _mark_of(first.pid)}
    with open_store() as store, store.begin() as connection:
        write_state(connection, "held", held)
    config.write_text(config.read_text().replace("name: support", "name: held"))
    out, _ = start(config, "--once").communicate(timeout=60)
    assert "standing by" in out
    first.kill()
    first.communicate(timeout=60)
    out, _ = start(config, "--once").communicate(timeout=60)
    assert out.startswith("0 traces scored")


def _mark_of(process: int) -> str:
    own = this_process()
    assert own is not None, "the system says too little of its processes"
    where = own.rsplit(" ", 2)[0]
    started = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    return f"{where} {process} {started}"
