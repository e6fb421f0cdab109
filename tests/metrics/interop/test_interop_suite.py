"""Functions, LangSmith's evaluators and MLflow's scorers in a suite that runs."""

import sys
from pathlib import Path

import pytest

from evalhub.evals import run_experiment
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.suite import load_suite

CODE = """
def answer(question):
    if question == "fail":
        raise RuntimeError("no answer")
    return question.upper()


def loud(output):
    return output.isupper()


def right(outputs, reference_outputs):
    return {"key": "right", "score": outputs == reference_outputs, "comment": "compared"}


def spelled(outputs, expectations):
    return "yes" if outputs == expectations["expected_response"] else "no"
"""

SUITE = """
name: interop
dataset:
  path: data.jsonl
  inputs: [question]
  reference: gold
targets:
  upper: {function: "interop_suite_functions:answer"}
metrics:
  - metric: python:interop_suite_functions:loud
    name: shouts
  - langsmith:interop_suite_functions:right
  - mlflow:interop_suite_functions:spelled
gates:
  - {metric: right, at_least: 0.5}
"""


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a suite file beside its data, with its functions importable."""
    (tmp_path / "interop_suite_functions.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    (tmp_path / "data.jsonl").write_text(
        '{"id": "1", "question": "a", "gold": "A"}\n'
        '{"id": "2", "question": "b", "gold": "x"}\n'
        '{"id": "3", "question": "fail", "gold": "x"}\n',
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "interop_suite_functions", raising=False)
    return tmp_path / "suite.yaml"


def test_a_suite_takes_them_all(suite: Path) -> None:
    """Settings reach them, gates may name what they give, and a failed target is an error."""
    loaded = load_suite(suite)
    with assemble(loaded) as assembly:
        assert [metric.name for metric in assembly.metrics] == ["shouts", "right", "spelled"]
        experiment = run_experiment(
            assembly.targets[0].target, assembly.dataset, assembly.metrics, suite="interop"
        )
    found = {
        name: [result.score(name) for result in experiment.results]
        for name in ("shouts", "right", "spelled")
    }
    values = {
        name: [None if score is None else score.value for score in scores]
        for name, scores in found.items()
    }
    assert values == {
        "shouts": [1.0, 1.0, None],
        "right": [1.0, 0.0, None],
        "spelled": [1.0, 0.0, None],
    }
    assert {scores[2].state for scores in found.values() if scores[2]} == {"errored"}
    assert found["right"][0] is not None
    assert found["right"][0].explanation == "compared"
