"""Settings that a judge's endpoint refuses: nights with and without them are not compared."""

from pathlib import Path
from typing import Any

import pytest

from evalhub.evals.runs.suite_run import SuiteResult, run_suite
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.folder import FolderTracker

GATE = "gates:\n  - {metric: rubric, not_worse_than: baseline-run, margin: 0.5}\n"


@pytest.fixture
def night_suite(words_suite: Path) -> Path:
    """Give the suite of words, whose judge is asked anew and held against an earlier night."""
    text = words_suite.read_text().replace("cache: true", "cache: false")
    words_suite.write_text(text + GATE + "baseline: {branch: main}\n")
    return words_suite


def _night(suite: Path) -> SuiteResult:
    tracker = FolderTracker(suite.parent / "runs")
    return run_suite(load_suite(suite), tracker, fresh=True)


def _signatures(result: SuiteResult) -> list[str]:
    found = [experiment.summary("rubric") for experiment in result.experiments]
    return [summary.signature for summary in found if summary is not None]


def test_a_night_without_temperature_is_another_measurement(
    night_suite: Path, fake_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature of each target's grades says so, and the gate names the setting."""
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    monkeypatch.delenv("GITHUB_HEAD_REF", raising=False)
    first = _night(night_suite)
    plain, polite = _signatures(first)
    assert plain == polite
    assert "without" not in plain
    fake_model.answers.refused = "temperature"
    second = _night(night_suite)
    assert _signatures(second) == [f"{plain}|without:temperature"] * 2
    assert first.decision is not None
    assert first.decision.verdict == "pass"
    assert second.decision is not None
    assert second.decision.verdict == "incomplete"
    assert "without:temperature" in (second.decision.results[0].reason or "")


def test_two_nights_without_it_are_compared(
    night_suite: Path, fake_model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that never took it is the same judge as last night."""
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    monkeypatch.delenv("GITHUB_HEAD_REF", raising=False)
    fake_model.answers.refused = "temperature"
    for _ in range(2):
        result = _night(night_suite)
        assert result.decision is not None
        assert result.decision.verdict == "pass"
    assert result.comparisons[-1].metric("rubric") is not None


def test_kept_answers_remember_what_they_were_asked_without(
    words_suite: Path, fake_model: Any
) -> None:
    """A night that asks nobody has the signature of the answers it takes."""
    fake_model.answers.refused = "temperature"
    asked = _signatures(_night(words_suite))
    before = sum(n for (model, _), n in fake_model.answers.asked.items() if model == "judge")
    assert _signatures(_night(words_suite)) == asked
    after = sum(n for (model, _), n in fake_model.answers.asked.items() if model == "judge")
    assert before == after
    assert asked[0].endswith("|without:temperature")
