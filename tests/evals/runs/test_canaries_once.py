"""Canaries are asked each night, and once in an attempt, however often it is killed."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.evals.gates.canaries import ask_canaries
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.suite_run import SuiteResult, run_suite
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.folder import FolderTracker
from evalhub.metrics.base import Metric
from evalhub.metrics.judge.canary import CanaryItem, CanarySet
from evalhub.metrics.judge.canary_file import load_canaries, save_canaries

KILLED = """
import os, signal, sys
from pathlib import Path
from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.folder import FolderTracker

def killed(target, progress):
    os.kill(os.getpid(), signal.SIGKILL)

run_suite(load_suite(Path(sys.argv[1])), FolderTracker(Path(sys.argv[2])), on_progress=killed)
"""
COUNT = 10


@pytest.fixture
def canary_suite(words_suite: Path) -> Path:
    """Give the suite of words with ten canaries for its judge, and a gate on it."""
    text = words_suite.read_text().replace("cache: true", "judge_canary: canaries.jsonl")
    words_suite.write_text(f"{text}gates:\n  - {{metric: rubric, at_least: 0.5}}\n")
    (words_suite.parent / "canaries.jsonl").write_text("")
    with assemble(load_suite(words_suite)) as assembly:
        metric = assembly.metrics[1]
    given = {"outputs": "fine", "inputs": {"word": "x"}, "references": ["fine"]}
    columns = {name: given[name] for name in metric.requires}
    items = tuple(CanaryItem(str(n), columns, 4.0) for n in range(COUNT))
    save_canaries(words_suite.parent / "canaries.jsonl", CanarySet(metric.signature, items))
    return words_suite


@pytest.fixture
def asked(fake_model: Any) -> Callable[[], int]:
    """Give what says how often the judge was asked about canaries."""

    def count() -> int:
        with fake_model.answers.lock:
            return sum(n for (_, text), n in fake_model.answers.asked.items() if "fine" in text)

    return count


def _run(suite: Path) -> SuiteResult:
    return run_suite(load_suite(suite), FolderTracker(suite.parent / "runs"))


def _verdict(result: SuiteResult) -> str:
    assert result.decision is not None
    return result.decision.verdict.value


def test_a_killed_run_that_goes_on_asks_no_canary_again(
    canary_suite: Path, asked: Callable[[], int]
) -> None:
    """The verdict is that of the answers of before the kill; the next night asks anew."""
    command = [sys.executable, "-c", KILLED, str(canary_suite), str(canary_suite.parent / "runs")]
    for _ in range(2):
        done = subprocess.run(command, check=False, capture_output=True)
        assert done.returncode == -signal.SIGKILL, done.stderr
        assert asked() == COUNT
    assert _verdict(_run(canary_suite)) == "pass"
    assert asked() == COUNT
    assert _verdict(_run(canary_suite)) == "pass"
    assert asked() == 2 * COUNT


def test_a_budget_that_was_spent_moves_no_judge(
    canary_suite: Path, asked: Callable[[], int]
) -> None:
    """With a budget for a few canaries the rest has no grades, which says nothing of the judge."""
    text = canary_suite.read_text()
    canary_suite.write_text(f"{text}budget: {{tokens: 2000}}\n")
    result = _run(canary_suite)
    assert result.partial is not None
    assert asked() < COUNT
    assert _verdict(result) == "incomplete"
    canary_suite.write_text(f"{text}budget: {{tokens: 2000000}}\n")
    assert _verdict(_run(canary_suite)) == "pass"


class _Asked:
    """A suite's judge and a journal, as a run has them."""

    def __init__(self, suite: Path, folder: Path) -> None:
        self.path = suite.parent / "canaries.jsonl"
        self.folder = folder
        with assemble(load_suite(suite)) as assembly:
            ((self.metric, _),) = assembly.canaries

    def complete(self, metric: Metric | None = None, plan: str = "plan") -> bool:
        """Ask in an attempt that goes on; return whether there is an answer."""
        with Journal(self.folder, plan) as journal:
            judges = [(metric or self.metric, self.path)]
            (found,) = ask_canaries(judges, journal, is_spent=lambda: False).values()
        return found.complete


def test_another_judge_or_file_or_attempt_is_asked(
    canary_suite: Path, tmp_path: Path, asked: Callable[[], int]
) -> None:
    """What was kept answers for the same judge, canaries and attempt alone."""
    run = _Asked(canary_suite, tmp_path)
    counts = []
    for _ in range(2):
        assert run.complete()
        counts.append(asked())
    found = load_canaries(run.path)
    save_canaries(run.path, CanarySet(found.signature, found.items[:4]))
    assert run.complete()
    counts.append(asked())
    text = canary_suite.read_text().replace("criteria: right", "criteria: right words")
    canary_suite.write_text(text)
    assert run.complete(_Asked(canary_suite, tmp_path).metric)
    counts.append(asked())
    assert run.complete(plan="other")
    counts.append(asked())
    assert counts == [10, 10, 14, 18, 22]


def test_canaries_that_could_not_be_judged_are_asked_again(
    canary_suite: Path, tmp_path: Path, fake_model: Any, asked: Callable[[], int]
) -> None:
    """An endpoint that was down is no answer to keep."""
    run = _Asked(canary_suite, tmp_path)
    fake_model.answers.judge_status = 404
    assert not run.complete()
    fake_model.answers.judge_status = 200
    assert run.complete()
    assert asked() == COUNT


def test_a_journal_from_before_canaries_were_kept_goes_on(tmp_path: Path) -> None:
    """It gets the table that it lacks: an update in the middle of a run pays nothing twice."""
    with Journal(tmp_path, "plan") as journal:
        attempt = journal.attempt
    with sqlite3.connect(tmp_path / "plan.journal") as connection:
        connection.execute("drop table canary")
    with Journal(tmp_path, "plan") as journal:
        assert journal.attempt == attempt
        assert journal.canary("k") is None
        journal.keep_canary("k", b"{}")
    with Journal(tmp_path, "plan") as journal:
        assert journal.canary("k") == b"{}"
