"""Suites that are built in Python run as those of a file do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import ConfigError, SuiteError
from evalhub.evals import Gate, Suite, TargetOutput, Verdict, run_suite
from evalhub.evals.runs.resume import plan_of
from evalhub.evals.suites.assemble import assemble
from evalhub.experiments.folder import FolderTracker
from evalhub.metrics import Contains, ExactMatch
from evalhub.model import Dataset, Example


def echo(text: str) -> str:
    """Return *text*."""
    return text


class Shout:
    """A target of one's own."""

    name = "shout"

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Return the text in capitals."""
        return TargetOutput(inputs["text"].upper())


def dataset() -> Dataset:
    """Return ten examples whose right answer is their text."""
    examples = [Example(str(n), {"text": f"text {n}"}, (f"text {n}",)) for n in range(10)]
    return Dataset("texts", tuple(examples))


def test_a_suite_of_objects_runs(tmp_path: Path) -> None:
    """Functions, targets, metrics, gates and a data set, each as an object."""
    suite = Suite.build(
        "built",
        dataset=dataset(),
        targets={"shout": Shout(), "echo": echo},
        metrics=["rouge1", ExactMatch(), {"metric": "exact_match", "label": "em"}],
        gates=[
            Gate("exact_match", not_worse_than="shout", margin=0.5),
            {"metric": "em", "at_least": 0.5, "of": "echo"},
        ],
        concurrency=2,
        folder=tmp_path,
    )
    result = run_suite(suite, FolderTracker(tmp_path / "runs"))
    assert result.decision is not None
    assert result.decision.verdict is Verdict.PASS
    assert [item.target for item in result.experiments] == ["shout", "echo"]
    mean = result.experiments[1].summary("em")
    assert mean is not None
    assert mean.mean == 1.0


def test_a_built_suite_may_be_all_settings(folder: Path) -> None:
    """Files, functions by name and a matrix work as in a file; paths start from the folder."""
    suite = Suite.build(
        "built",
        dataset={"path": "data.jsonl", "inputs": ["text"], "reference": "right"},
        targets={"each": {"function": "suite_app:${matrix.f}"}},
        metrics=["exact_match"],
        gates=[{"metric": "exact_match", "of": "each[*]", "at_least": 0.5}],
        matrix={"f": ["copy", "first"]},
        folder=folder,
    )
    with assemble(suite) as assembly:
        assert len(assembly.dataset.examples) == 8
        assert [one.target.name for one in assembly.targets] == ["each[f=copy]", "each[f=first]"]
    assert [gate.of for gate in suite.gates] == ["each[f=copy]", "each[f=first]"]
    assert suite.files == ()


def test_the_plan_tells_one_build_from_another(tmp_path: Path) -> None:
    """A run goes on after a kill where the same is built again, and only there."""

    def plan(**changes: Any) -> str:
        settings: dict[str, Any] = {
            "dataset": dataset(),
            "targets": {"echo": echo},
            "metrics": [Contains()],
        }
        suite = Suite.build("built", folder=tmp_path, **settings | changes)
        with assemble(suite) as assembly:
            return plan_of(suite, assembly)

    assert plan() == plan()
    assert plan() != plan(targets={"echo": Shout.__call__})
    assert plan() != plan(metrics=[Contains(need="all")])
    smaller = Dataset("texts", dataset().examples[:5])
    assert plan() != plan(dataset=smaller)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": []}, "unknown key 'metric'; did you mean 'metrics'?"),
        ({"repeats": "many"}, "repeats must be a whole number, not 'many'"),
        ({"gates": [Gate("em", of="ecko", at_least=1)]}, "no target is called 'ecko'; did you"),
        ({"gates": [{"metric": "em"}]}, "gates.0: the gate on 'em' needs exactly one of"),
        ({"targets": {}}, "targets is {}: "),
        ({"targets": {"other": Shout()}}, "the target 'other' calls itself 'shout'"),
        ({"targets": {"echo": "echo"}}, "targets.echo must be a mapping, not 'echo'"),
        ({"gates": [3]}, "gates.0 must be a mapping, not 3"),
        ({"metrics": [3]}, "3 is no metric; give a name, a mapping or a metric"),
    ],
)
def test_what_is_wrong_is_said_without_a_place(changes: dict[str, Any], message: str) -> None:
    """The checks are those of a file; there is no line to name."""
    settings: dict[str, Any] = {"dataset": dataset(), "targets": {"echo": echo}}
    with pytest.raises(ConfigError) as caught:
        Suite.build("built", **settings | changes)
    assert str(caught.value).startswith(message)


def test_a_metric_that_is_not_there_is_found_before_a_call(tmp_path: Path) -> None:
    """As in a file, when the suite is assembled."""
    suite = Suite.build("b", dataset=dataset(), targets={"echo": echo}, metrics=["rogue1"])
    with pytest.raises(SuiteError, match="did you mean 'rouge1'"), assemble(suite):
        pass


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": [{"text": "a"}]}, "dataset is list; give a Dataset of Examples"),
        ({"dataset": None}, "dataset is NoneType; give a Dataset of Examples"),
        ({"targets": [echo]}, "targets is .*; give a mapping of names to targets"),
        ({"metrics": "rouge1"}, "metrics is 'rouge1'; give a list"),
        ({"gates": {"metric": "rouge1", "at_least": 0}}, "gates is .*; give a list"),
        ({"include": ["common.yaml"]}, "'include' is for files; merge the settings in Python"),
    ],
)
def test_the_wrong_kind_of_object_is_told_so(changes: dict[str, Any], message: str) -> None:
    """No traceback, and no letters of a name taken for metrics."""
    given: dict[str, Any] = {"dataset": dataset(), "targets": {"echo": echo}, **changes}
    with pytest.raises(ConfigError, match=message):
        Suite.build("built", **given)


def test_a_data_set_without_examples_is_refused() -> None:
    """An empty run would pass no gate and fail none."""
    suite = Suite.build("built", dataset=Dataset("none", ()), targets={"echo": echo})
    with pytest.raises(SuiteError, match="the data set 'none' has no example"), assemble(suite):
        pass
