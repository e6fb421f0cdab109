"""The same command goes on after a kill: nothing is paid, counted or kept twice."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from evalhub.evals.runs.call import Call
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.resume import greeting, plan_of
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.evals.targets.base import TargetOutput

KILLS = 20
CONCURRENCY = 4
PROGRAM = """
import os, pickle, sys
from dataclasses import replace
from pathlib import Path
from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.suite import load_suite

class Folder:
    '''Keeps each experiment as two files, the tags last, as a tracker does.'''
    def __init__(self, path):
        self.path = path
        path.mkdir(exist_ok=True)
    def check(self): pass
    def log(self, experiment, *, artifacts=(), tags=None):
        run = f"run-{len(list(self.path.iterdir()))}"
        (self.path / run).write_bytes(pickle.dumps(replace(experiment, run_id=run)))
        (self.path / f"{run}.tags").write_bytes(pickle.dumps(dict(tags or {})))
        return run
    def find(self, suite, tag, value):
        for path in self.path.glob("*.tags"):
            if pickle.loads(path.read_bytes()).get(tag) == value:
                return path.stem
        return None
    def load(self, run):
        return pickle.loads((self.path / run).read_bytes())
    def __getattr__(self, name):
        return lambda *given, **named: []

def deliver(result):
    with open("reported", "a") as file:
        file.write(" ".join(str(len(run.results)) for run in result.experiments) + "\\n")

result = run_suite(load_suite(sys.argv[1]), Folder(Path("runs")), on_note=print, deliver=deliver)
print("over", *(sum(r.output is not None for r in run.results) for run in result.experiments),
      *(run.summary("rubric").n for run in result.experiments))
"""


def start(suite: Path) -> "subprocess.Popen[str]":
    """Start the program that runs *suite*."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(suite)],
        cwd=suite.parent,
        env=dict(os.environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def journaled(home: Path) -> set[tuple[str, str]]:
    """Return the calls that the journal holds, by target and example."""
    found: set[tuple[str, str]] = set()
    for path in (home / "journals").glob("*.journal"):
        connection = sqlite3.connect(path)
        try:
            found |= set(connection.execute("select target, example from call"))
        except sqlite3.OperationalError:  # killed before it had made its tables
            pass
        finally:
            connection.close()
    return found


@pytest.mark.slow
def test_twenty_kills_of_a_suite_pay_nothing_twice(
    words_suite: Path, fake_model: Any, evalhub_home: Path
) -> None:
    """Killed while calling, judging, keeping and reporting, it goes on to the whole result.

    The server counts: beside what was under way at a kill, each prompt and each judge's
    question is answered once, and each experiment is kept once.
    """
    rng = random.Random(1)
    fake_model.answers.delay_s = 0.04
    kills = 0
    while kills < KILLS:
        process, before = start(words_suite), fake_model.answers.calls
        # Some kills come while it imports, most after some calls.
        calls = before + rng.randint(0, 8)
        while process.poll() is None and fake_model.answers.calls < calls:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.05)
        if process.poll() is not None:
            break
        done = journaled(evalhub_home)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
        assert done <= journaled(evalhub_home)
    if process.poll() is None or process.returncode != 0:
        process = start(words_suite)
    output, errors = process.communicate(timeout=60)
    assert output.split()[-5:] == ["over", "30", "30", "30", "30"], errors
    assert kills >= 15
    answered = fake_model.answers.asked
    assert len(answered) == 90  # two prompts a word; the judge's questions are the same for both
    assert sum(answered.values()) <= 90 + kills * CONCURRENCY
    assert len(list((words_suite.parent / "runs").glob("*.tags"))) == 2
    assert (words_suite.parent / "reported").read_text() == "30 30\n"
    assert not journaled(evalhub_home)


def test_a_kill_while_it_reports_makes_it_report_again(words_suite: Path, fake_model: Any) -> None:
    """Nothing is called for it, and no experiment is kept again."""
    dying = PROGRAM.replace(
        '    with open("reported"', '    os.kill(os.getpid(), 9)\n    with open("r"'
    )
    killed = subprocess.run(
        [sys.executable, "-c", dying, str(words_suite)],
        cwd=words_suite.parent,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    calls = fake_model.answers.calls
    process = start(words_suite)
    output, errors = process.communicate(timeout=60)
    assert output.splitlines()[0] == "going on: 60 of 60 calls are done (--fresh starts anew)"
    assert output.split()[-5:] == ["over", "30", "30", "30", "30"], errors
    assert fake_model.answers.calls == calls == 90
    assert len(list((words_suite.parent / "runs").glob("*.tags"))) == 2


def plan(path: Path, more: str = "") -> str:
    """Return the plan of the suite at *path* with *more* at its end."""
    own = path.with_name("own.yaml")
    own.write_text(path.read_text() + more)
    suite = load_suite(own)
    with assemble(suite) as assembly:
        return plan_of(suite, assembly)


@pytest.mark.parametrize(
    "more",
    [
        "budget: {tokens: 5}\n",
        "concurrency: 9\n",
        "timeout_s: 3\n",
        "retries: 0\n",
        "requests_per_minute: 100\n",
        "gates:\n  - {metric: exact_match, of: plain, at_least: 0.5}\n",
    ],
)
def test_the_same_plan_goes_on_with_other_limits_and_gates(words_suite: Path, more: str) -> None:
    """What is called and scored is the same, so what was paid for counts."""
    assert plan(words_suite, more) == plan(words_suite)


def test_another_prompt_metric_or_example_is_another_plan(words_suite: Path) -> None:
    """What was paid for says nothing about these."""
    first, text = plan(words_suite), words_suite.read_text()
    assert plan(words_suite, "repeats: 2\n") != first
    words_suite.write_text(text.replace('"say {word}"', '"say: {word}"'))
    assert plan(words_suite) != first
    words_suite.write_text(text.replace("  - exact_match\n", ""))
    assert plan(words_suite) != first
    words_suite.write_text(text)
    assert plan(words_suite) == first
    rows = words_suite.parent / "words.jsonl"
    rows.write_text(rows.read_text().replace("word3", "word-3"))
    assert plan(words_suite) != first


def keep_one(folder: Path, **settings: Any) -> tuple[str, str | None]:
    """Add a call to the journal; return its attempt, and how a run greets."""
    with Journal(folder, "plan", **settings) as journal:
        greeted = greeting(journal, 1000)
        journal.add("target", "1", 0, Call(TargetOutput("x"), None, None, 1.0))
        return journal.attempt, greeted


def test_a_run_says_that_it_goes_on(tmp_path: Path) -> None:
    """How much is done, and how to start anew; which then does."""
    first, greeted = keep_one(tmp_path)
    assert greeted is None
    again, greeted = keep_one(tmp_path)
    assert again == first
    assert greeted == "going on: 1 of 1,000 calls are done (--fresh starts anew)"
    fresh, greeted = keep_one(tmp_path, fresh=True)
    assert fresh != first
    assert greeted is None


@pytest.mark.parametrize(("hours", "goes_on"), [(19.9, True), (20.1, False)])
def test_what_was_left_the_night_before_is_not_gone_on_with(
    tmp_path: Path, hours: float, goes_on: bool
) -> None:
    """A nightly job starts anew after twenty hours, and says why."""
    first, _ = keep_one(tmp_path)
    with sqlite3.connect(tmp_path / "plan.journal") as connection:
        connection.execute("update attempt set start_s = start_s - ?", (hours * 3600,))
    second, greeted = keep_one(tmp_path)
    assert (second == first) is goes_on
    assert greeted is not None
    assert ("older than 20 hours" in greeted) is not goes_on


def test_a_journal_of_another_version_is_not_gone_on_with(tmp_path: Path) -> None:
    """After an update of evalhub the run starts anew; nothing breaks."""
    first, _ = keep_one(tmp_path)
    with sqlite3.connect(tmp_path / "plan.journal") as connection:
        connection.execute("pragma user_version = 1")
    second, greeted = keep_one(tmp_path)
    assert second != first
    assert greeted is None
