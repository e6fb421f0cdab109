"""What is written down is not paid for again, whatever kills the process."""

import itertools
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.runs.call import Call
from evalhub.evals.runs.journal import Journal
from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Usage

EXAMPLES = 300
CONCURRENCY = 4
PROGRAM = f"""
import http.client, sys, threading
from pathlib import Path
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.runner import run_experiment
from evalhub.evals.targets.function import FunctionTarget
from evalhub.model import Dataset, Example

port, folder = int(sys.argv[1]), Path(sys.argv[2])
own = threading.local()

def ask(text):
    if not hasattr(own, "connection"):
        own.connection = http.client.HTTPConnection("127.0.0.1", port)
    own.connection.request("GET", "/ask?id=" + text)
    return own.connection.getresponse().read().decode()

examples = tuple(Example(str(i), {{"text": str(i)}}) for i in range({EXAMPLES}))
with Journal(folder, "plan") as journal:
    done = run_experiment(FunctionTarget(ask), Dataset("many", examples), [], suite="many",
                          limits=Limits(concurrency={CONCURRENCY}), journal=journal)
    journal.finish()
print(len(done.results), sum(r.output is not None for r in done.results),
      len({{r.example_id for r in done.results}}))
"""


def start(server: Any, folder: Path) -> "subprocess.Popen[str]":
    """Start the program that calls the server for each example."""
    arguments = [sys.executable, "-c", PROGRAM, str(server.server_port), str(folder)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def finished(folder: Path) -> set[str]:
    """Return the examples that the journal holds."""
    path = folder / "plan.journal"
    if not path.exists():
        return set()
    connection = sqlite3.connect(path)
    try:
        return {row[0] for row in connection.execute("select example from call")}
    except sqlite3.OperationalError:  # killed before it had made its tables
        return set()
    finally:
        connection.close()


@pytest.mark.slow
def test_twenty_kills_pay_no_finished_call_twice(counting_server: Any, tmp_path: Path) -> None:
    """Killed at any moment, the program goes on: finished examples are never asked again."""
    rng, kills = random.Random(0), 0
    while kills < 20:
        before, asked_before = finished(tmp_path), counting_server.asked.copy()
        process = start(counting_server, tmp_path)
        progress = len(before) + rng.randint(0, 2 * EXAMPLES // 20)
        while process.poll() is None and len(finished(tmp_path)) < min(progress, EXAMPLES - 1):
            time.sleep(0.005)
        time.sleep(rng.random() * 0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        assert not [e for e in before if counting_server.asked[e] != asked_before[e]]
        if len(finished(tmp_path)) >= EXAMPLES - 20:
            break
    assert kills >= 15
    process = start(counting_server, tmp_path)
    output, _ = process.communicate(timeout=60)
    assert output.split() == [str(EXAMPLES)] * 3
    # Only what was under way at a kill can have been asked twice.
    assert sum(counting_server.asked.values()) <= EXAMPLES + kills * CONCURRENCY
    assert not (tmp_path / "plan.journal").exists()


def test_a_call_comes_back_as_it_was(tmp_path: Path) -> None:
    """Texts, chunks, tool calls, tokens and times survive."""
    output = TargetOutput(
        "an answer",
        contexts=("a", "b"),
        retrieved_ids=("1", "2"),
        tool_calls=({"name": "search", "arguments": {"q": "x"}},),
        usage=Usage(3, 4),
        cost_usd=0.1,
    )
    call = Call(output, None, "abc", 12.5)
    with Journal(tmp_path, "plan") as journal:
        journal.add("target", "é/1", 2, call)
    with Journal(tmp_path, "plan") as journal:
        assert journal.calls("target") == {("é/1", 2): call}
        assert journal.calls("other") == {}


def test_an_attempt_keeps_its_id_until_it_is_finished(tmp_path: Path) -> None:
    """The next attempt at the same plan has another."""
    with Journal(tmp_path, "plan") as journal:
        first = journal.attempt
        journal.set_run_id("target", "run-1")
    with Journal(tmp_path, "plan") as journal:
        assert journal.attempt == first
        assert journal.run_id("target") == "run-1"
        journal.finish()
    with Journal(tmp_path, "plan") as journal:
        assert journal.attempt != first
        assert journal.run_id("target") is None


def test_one_process_at_a_time_runs_a_plan(tmp_path: Path) -> None:
    """A second one is refused in one line and leaves the first alone."""
    with Journal(tmp_path, "plan"):
        with pytest.raises(ConfigError, match="another process runs this suite now"):
            Journal(tmp_path, "plan")
        with Journal(tmp_path, "other"):
            pass


def test_threads_write_at_once(tmp_path: Path) -> None:
    """Each call is kept, whichever thread it came from."""
    with Journal(tmp_path, "plan") as journal:

        def write(thread: int) -> None:
            for number in range(50):
                call = Call(TargetOutput("x"), None, None, 1.0)
                journal.add("target", f"{thread}-{number}", 0, call)

        threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(journal.calls("target")) == 200


def close_amid_writes(folder: Path) -> list[str]:
    """Close a journal while four threads write; return what each of them was told."""
    journal = Journal(folder, "plan")
    told: list[str] = []
    all_write = threading.Barrier(5)

    def write(thread: int) -> None:
        try:
            for number in itertools.count():
                journal.add("target", f"{thread}-{number}", 0, Call(None, "x", None, 1.0))
                if number == 0:
                    all_write.wait(10)
        except ConfigError as error:
            told.append(str(error))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    all_write.wait(10)
    journal.close()
    for thread in threads:
        thread.join()
    return told


def test_a_call_that_comes_back_after_the_end_is_one_line(tmp_path: Path) -> None:
    """Closing waits for a write that is on its way: SQLite would crash the process."""
    for number in range(50):
        told = close_amid_writes(tmp_path / str(number))
        assert len(told) == 4
        assert all("cannot be written: Cannot operate on a closed" in one for one in told)


def test_a_journal_that_is_none_is_one_line(tmp_path: Path) -> None:
    """A damaged file is named, with what to do."""
    (tmp_path / "plan.journal").write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigError, match=r"plan\.journal .*delete it"):
        Journal(tmp_path, "plan")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """The path and the reason are told."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        Journal(tmp_path / "file" / "journals", "plan")
