"""Suites with slices, kept baselines and canaries, from the file to the verdict."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evalhub.cli.eval import app
from evalhub.errors import ConfigError, SuiteError
from evalhub.evals.runs.suite_run import SuiteResult, run_suite
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.tags import BRANCH_TAG, VERDICT_TAG
from evalhub.metrics.judge.canary import CanaryItem, CanarySet
from evalhub.metrics.judge.canary_file import save_canaries

WriteSuite = Callable[..., Path]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> MlflowTracker:
    """Return a tracker on one SQLite MLflow for this file: making one takes 5 s."""
    return MlflowTracker(f"sqlite:///{tmp_path_factory.mktemp('mlflow') / 'mlflow.db'}")


@pytest.fixture
def write_suite(tmp_path: Path, request: pytest.FixtureRequest) -> WriteSuite:
    """Return a function that writes a suite of recorded answers, of which some are wrong."""
    languages = ["en", "en", "en", "de"]
    rows = [
        {"id": f"q{n}", "question": f"{n}?", "reference": f"a{n}", "language": languages[n % 4]}
        for n in range(80)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))

    def write(gates: Sequence[Any], *, wrong: Sequence[int] = (), **keys: Any) -> Path:
        outputs = [{"id": f"q{n}", "output": "?" if n in wrong else f"a{n}"} for n in range(80)]
        (tmp_path / "outputs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in outputs))
        suite = {
            "name": request.node.name,
            "dataset": {"path": "rows.jsonl", "inputs": ["question"], "reference": "reference"},
            "slices": ["language"],
            "targets": {"answer": {"outputs": "outputs.jsonl"}},
            "metrics": ["exact_match"],
            "gates": gates,
            **keys,
        }
        path = tmp_path / "suite.yaml"
        path.write_text(json.dumps(suite))
        return path

    return write


def verdict(result: SuiteResult) -> str:
    """Return the verdict of a suite with gates."""
    assert result.decision is not None
    return result.decision.verdict.value


def test_the_worst_slice_of_a_suite(tracker: MlflowTracker, write_suite: WriteSuite) -> None:
    """Half of the German answers are wrong: the mean holds, the slice does not."""
    wrong = range(3, 80, 8)
    whole = {"metric": "exact_match", "at_least": 0.7}
    path = write_suite([whole, {**whole, "slices": "language"}], wrong=wrong)
    result = run_suite(load_suite(path), tracker)
    assert result.decision is not None
    assert [one.verdict.value for one in result.decision.results] == ["pass", "inconclusive"]
    parts = {part.label: part.value for part in result.decision.results[1].parts}
    assert parts == {"de": 0.5, "en": 1.0}
    kept = tracker.load(result.experiments[0].run_id or "")
    assert kept.results[3].slices == {"language": "de"}


def test_nights_on_a_branch(
    tracker: MlflowTracker, write_suite: WriteSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first has nothing to be held against; a worse one fails and is not the next baseline."""
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    monkeypatch.delenv("GITHUB_HEAD_REF", raising=False)
    gate = {"metric": "exact_match", "not_worse_than": "baseline-run", "margin": "5%"}
    nights = []
    for wrong in (range(2), range(40), range(2)):
        path = write_suite([gate], wrong=wrong, baseline={"branch": "main"})
        result = run_suite(load_suite(path), tracker, fresh=True)
        run_id = result.experiments[0].run_id or ""
        nights.append((verdict(result), tracker.info(run_id).tags[VERDICT_TAG], run_id))
        assert tracker.info(run_id).tags[BRANCH_TAG] == "main"
    assert [one[:2] for one in nights] == [("pass", "pass"), ("fail", "fail"), ("pass", "pass")]
    (comparison,) = result.comparisons
    assert comparison.baseline.run_id == nights[0][2]
    metric = comparison.metric("exact_match")
    assert metric is not None
    assert metric.declared


def test_a_quick_look_is_held_against_the_same_examples_of_the_night(
    tracker: MlflowTracker, write_suite: WriteSuite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a limit, the night's run counts by what it gave for those; its means are theirs too."""
    monkeypatch.setenv("GITHUB_REF_NAME", "main")
    monkeypatch.delenv("GITHUB_HEAD_REF", raising=False)
    gate = {"metric": "exact_match", "not_worse_than": "baseline-run", "margin": 0.1}
    accepted = {"metric": "exact_match", "at_least": 0.5}
    night = write_suite([accepted], wrong=range(50, 70), baseline={"branch": "main"})
    assert verdict(run_suite(load_suite(night), tracker)) == "pass"
    for wrong, expected in ((range(50, 70), "pass"), (range(40), "fail")):
        path = write_suite([gate], wrong=wrong, baseline={"branch": "main"})
        result = run_suite(load_suite(path), tracker, limit=60, fresh=True)
        assert verdict(result) == expected
        (comparison,) = result.comparisons
        before = comparison.baseline.summary("exact_match")
        assert before is not None
        assert (before.n, before.mean) == (60, 50 / 60)
        metric = comparison.metric("exact_match")
        assert metric is not None
        assert metric.refused is None
    changed = write_suite([gate], wrong=range(50, 70), baseline={"branch": "main"})
    rows = (changed.parent / "rows.jsonl").read_text()
    (changed.parent / "rows.jsonl").write_text(rows.replace('"3?"', '"3!"'))
    result = run_suite(load_suite(changed), tracker, limit=60, fresh=True)
    assert verdict(result) == "incomplete"  # another data set: nothing says what changed in it


def test_an_alias_that_nobody_has_is_found_before_a_call(
    tracker: MlflowTracker, write_suite: WriteSuite
) -> None:
    """Nothing is kept: the suite cannot be judged."""
    gate = {"metric": "exact_match", "not_worse_than": "baseline-run"}
    path = write_suite([gate], baseline={"alias": "production"})
    with pytest.raises(ConfigError, match="has the alias 'production'"):
        run_suite(load_suite(path), tracker)
    assert tracker.newest(load_suite(path).spec.name, {}) is None


def test_promoting_a_run_and_being_held_against_it(write_suite: WriteSuite) -> None:
    """From the command line; a second promotion takes the alias away."""
    gate = {"metric": "exact_match", "at_least": 0.5}
    tracker, ids = MlflowTracker(), []
    for wrong in (range(2), range(3)):
        result = run_suite(load_suite(write_suite([gate], wrong=wrong)), tracker, fresh=True)
        ids.append(result.experiments[0].run_id or "")
    runner = CliRunner()
    said = [runner.invoke(app, ["promote", run_id]).output.strip() for run_id in (*ids, ids[1])]
    assert said == [
        f"{ids[0]} is production",
        f"{ids[1]} is production, in place of {ids[0]}",
        f"{ids[1]} is production already",
    ]
    held = {"metric": "exact_match", "not_worse_than": "baseline-run", "margin": 0.1}
    path = write_suite([held], wrong=range(60), baseline={"alias": "production"})
    assert verdict(run_suite(load_suite(path), tracker)) == "fail"
    accepted = runner.invoke(app, ["promote", ids[0], "--accept", "--alias", "x"])
    assert "leave out --alias" in str(accepted.exception)


@pytest.mark.parametrize(("before", "expected"), [(4.0, "pass"), (2.0, "suspended")])
def test_a_judge_that_moved_suspends_its_gates(
    tracker: MlflowTracker, words_suite: Path, fake_model: Any, before: float, expected: str
) -> None:
    """The canaries are asked anew each time, though the judge keeps its answers otherwise."""
    canaries = words_suite.parent / "canaries.jsonl"
    text = words_suite.read_text().replace("cache: true", "judge_canary: canaries.jsonl")
    words_suite.write_text(f"{text}gates:\n  - {{metric: rubric, at_least: 0.5}}\n")
    canaries.write_text("")
    with assemble(load_suite(words_suite)) as assembly:
        metric = assembly.metrics[1]
    columns = {"outputs": "fine", "inputs": {"word": "x"}, "references": ["fine"]}
    items = [
        CanaryItem(str(n), {name: columns[name] for name in metric.requires}, before)
        for n in range(10)
    ]
    save_canaries(canaries, CanarySet(metric.signature, tuple(items)))
    counts = []
    for _ in range(2):
        asked = fake_model.answers.calls
        assert verdict(run_suite(load_suite(words_suite), tracker, fresh=True)) == expected
        counts.append(fake_model.answers.calls - asked)
    # Both times 60 calls of targets and 10 of canaries; the judge's other answers are kept.
    assert counts[1] == 70


def test_a_file_of_canaries_that_is_not_there_is_one_line(words_suite: Path) -> None:
    """Found with the file and the line, before anything is asked."""
    text = words_suite.read_text().replace("cache: true", "judge_canary: nowhere.jsonl")
    words_suite.write_text(text)
    with (
        pytest.raises(SuiteError, match=r"words\.yaml:8:.*there is no file of canaries"),
        assemble(load_suite(words_suite)),
    ):
        pass


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        ({"metric": "exact_match", "at_least": 1, "margin": "2 percent"}, "margin '2 percent'"),
        ({"metric": "exact_match", "better_than": "baseline-run"}, "no target is called"),
        ({"metric": "eror_rate", "at_most": 0.1}, "did you mean 'error_rate'"),
        ({"metric": "exact_match", "at_least": 1, "statistic": "p0"}, "has statistic 'p0'"),
    ],
)
def test_a_gate_that_makes_no_sense_is_named_by_its_line(
    write_suite: WriteSuite, gate: dict[str, Any], message: str
) -> None:
    """Before anything is called."""
    path = write_suite([gate])
    with pytest.raises(SuiteError) as caught, assemble(load_suite(path)):
        pass
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}:1:")


def test_a_baseline_that_names_two_runs_is_refused(write_suite: WriteSuite) -> None:
    """By id, by branch or by alias, and not by two of them."""
    path = write_suite([], baseline={"branch": "main", "alias": "production"})
    with pytest.raises(SuiteError, match="exactly one of run, branch and alias"):
        load_suite(path)
