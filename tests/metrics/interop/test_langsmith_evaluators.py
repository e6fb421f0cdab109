"""LangSmith's evaluators as metrics; the oracle is how LangSmith's own SDK reads the same ones."""

import math
import subprocess
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langsmith import evaluation as sdk
from langsmith import schemas

from evalhub.errors import ConfigError, MetricError
from evalhub.metrics.base import ScoreTable
from evalhub.metrics.interop.langsmith import LangSmithEvaluator
from evalhub.metrics.registry import load
from evalhub.tracing.langsmith.evaluation import EvaluationResult, RunEvaluator

ROW: dict[str, Any] = {
    "outputs": "Paris",
    "references": ["Paris"],
    "inputs": {"question": "capital?"},
    "metadata": {"level": 1},
    "ids": "7",
    "latency_ms": 250.0,
}


def boolean(outputs: dict[str, Any], reference_outputs: dict[str, Any]) -> bool:
    """Modern form, a pass or fail."""
    return outputs == reference_outputs


def number(run: Any, example: Any) -> float:
    """Run and example."""
    return len(run.outputs["output"]) / len(example.outputs["output"])


def renamed(root_run: Any, gold: Any) -> dict[str, Any]:
    """The oldest form: two parameters of any name."""
    return {"score": root_run.outputs["output"] in gold.outputs["output"]}


def keyed(inputs: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """A key of its own, and a comment."""
    return {"key": "asked", "score": len(inputs), "comment": outputs["output"]}


def text(outputs: dict[str, Any]) -> str:
    """A category."""
    return "good"


def several(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """A list of results."""
    return [{"key": "a", "score": 0.5}, {"key": "b", "score": None, "comment": "not now"}]


def nested(outputs: dict[str, Any], example: Any) -> dict[str, Any]:
    """Results under ``results``."""
    return {"results": [{"key": "id", "score": 1, "comment": str(example.metadata["level"])}]}


def openevals_like(
    *,
    outputs: Any,
    reference_outputs: Any = None,
    inputs: Any = None,
    **kwargs: Any,
) -> dict[str, Any]:
    """The form of openevals and agentevals."""
    score = outputs["output"] == reference_outputs["output"]
    return {"key": "exact_match", "score": score, "comment": None, "metadata": {"extra": kwargs}}


def sdk_result(outputs: dict[str, Any]) -> Any:
    """An EvaluationResult of the SDK."""
    return sdk.EvaluationResult(key="sdk", score=2, feedback_config={"min": 0, "max": 5})


async def asynchronous(outputs: dict[str, Any]) -> dict[str, Any]:
    """A coroutine."""
    return {"score": 0.25}


def with_default(outputs: dict[str, Any], limit: int = 3) -> bool:
    """A setting with a default."""
    return len(outputs["output"]) > limit


EVALUATORS = [
    boolean,
    number,
    renamed,
    keyed,
    text,
    several,
    nested,
    openevals_like,
    sdk_result,
    asynchronous,
    with_default,
]
REFUSED_RESULTS: list[Any] = [
    None,
    "",
    [],
    {},
    {"key": "x"},
    {"results": [{"score": 1}]},
    {"score": "0.5"},
]


def scored(evaluator: Any, **given_settings: Any) -> ScoreTable:
    """Score the one row."""
    metric = LangSmithEvaluator(evaluator, **given_settings)
    return metric.score_batch(**{column: [ROW[column]] for column in metric.requires})


def by_the_sdk(evaluator: Callable[..., Any]) -> list[Any]:
    """Return what LangSmith's SDK makes of the same function and row."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    run = schemas.Run(
        id=uuid.uuid4(),
        name="x",
        run_type="chain",
        trace_id=uuid.uuid4(),
        start_time=moment,
        inputs=ROW["inputs"],
        outputs={"output": ROW["outputs"]},
    )
    example = schemas.Example(
        id=uuid.uuid4(),
        dataset_id=uuid.uuid4(),
        inputs=ROW["inputs"],
        outputs={"output": ROW["references"][0]},
        metadata=ROW["metadata"],
    )
    answer = sdk.run_evaluator(evaluator).evaluate_run(run, example)
    return list(answer["results"]) if isinstance(answer, dict) else [answer]


@pytest.mark.parametrize("evaluator", EVALUATORS, ids=lambda function: function.__name__)
def test_scores_are_those_of_the_sdk(evaluator: Callable[..., Any]) -> None:
    """Keys, scores, comments and texts come out alike."""
    ours = {name: column.score(0) for name, column in scored(evaluator).items()}
    theirs = {result.key: result for result in by_the_sdk(evaluator)}
    assert list(ours) == list(theirs)
    for key, result in theirs.items():
        assert ours[key].value == (None if result.score is None else float(result.score))
        assert ours[key].label == result.value
        if result.comment is not None:
            assert ours[key].explanation == result.comment


@settings(max_examples=40, deadline=None)
@given(
    score=st.one_of(
        st.none(), st.booleans(), st.integers(-(10**6), 10**6), st.floats(allow_nan=False, width=32)
    ),
    comment=st.one_of(st.none(), st.text(max_size=5)),
    key=st.one_of(st.none(), st.text(min_size=1, max_size=5)),
)
def test_any_score_is_that_of_the_sdk(
    score: float | None, comment: str | None, key: str | None
) -> None:
    """With any comment and key; infinity alone is an error here, since no mean survives it."""

    def evaluator(outputs: dict[str, Any]) -> dict[str, Any]:
        return {"score": score, "comment": comment} | ({} if key is None else {"key": key})

    (theirs,) = by_the_sdk(evaluator)
    (ours,) = scored(evaluator).values()
    assert ours.name == theirs.key
    if theirs.score is None or math.isfinite(theirs.score):
        assert ours.score(0).value == theirs.score
        assert ours.score(0).state == ("skipped" if theirs.score is None else "scored")
    else:
        assert ours.score(0).state == "errored"


@pytest.mark.parametrize("evaluator", EVALUATORS, ids=lambda function: function.__name__)
def test_what_the_sdk_decorates_gives_the_same(evaluator: Callable[..., Any]) -> None:
    """``@run_evaluator`` may stay where it is, and the signature is that of the function."""
    decorated = scored(sdk.run_evaluator(evaluator))
    plain = scored(evaluator)
    assert [column.score(0).value for column in decorated.values()] == [
        column.score(0).value for column in plain.values()
    ]
    code = LangSmithEvaluator(evaluator).signature.split("|")[2]
    assert LangSmithEvaluator(sdk.run_evaluator(evaluator)).signature.split("|")[2] == code


@pytest.mark.parametrize("answer", REFUSED_RESULTS, ids=repr)
def test_what_the_sdk_refuses_is_an_error_of_the_example(answer: Any) -> None:
    """An empty result, one without a score, and a score that is a text."""

    def evaluator(outputs: dict[str, Any]) -> Any:
        return answer

    with pytest.raises((ValueError, KeyError)):
        by_the_sdk(evaluator)
    (column,) = scored(evaluator).values()
    assert column.score(0).state == "errored"
    assert column.name == "evaluator"


def test_bounds_are_the_feedback_configuration_s() -> None:
    """A bool's are 0 and 1; a number's are not known unless they are told."""
    assert scored(sdk_result)["sdk"].bounds == (0.0, 5.0)
    assert scored(boolean)["boolean"].bounds == (0.0, 1.0)
    assert scored(number)["number"].bounds is None
    assert scored(number, bounds=[0, 2])["number"].bounds == (0.0, 2.0)


def test_run_evaluators_of_both_packages() -> None:
    """A class or an object with ``evaluate_run``, the SDK's or ours."""

    class Ours(RunEvaluator):
        def evaluate_run(self, run: Any, example: Any = None, **kwargs: Any) -> EvaluationResult:
            return EvaluationResult(key="ours", score=True, comment=example.inputs["question"])

    class Theirs(sdk.RunEvaluator):
        def evaluate_run(
            self, run: Any, example: Any = None, evaluator_run_id: uuid.UUID | None = None
        ) -> Any:
            return sdk.EvaluationResult(key="theirs", score=run.latency)

    assert scored(Ours)["ours"].score(0).explanation == "capital?"
    assert scored(Theirs())["theirs"].score(0).value == 0.25
    assert LangSmithEvaluator(Theirs()).name == "Theirs"


def test_states_where_there_is_nothing_to_judge() -> None:
    """No output is errored, no reference skipped, what the evaluator raises errored."""

    def fails(outputs: dict[str, Any]) -> bool:
        raise LookupError(outputs["output"])

    column = LangSmithEvaluator(boolean).score_batch(["a", None, "b"], ["a", "a", []])["boolean"]
    assert [column.score(i).state for i in range(3)] == ["scored", "errored", "skipped"]
    assert scored(fails)["fails"].score(0).explanation == "LookupError: Paris"


def test_references_may_be_left_out() -> None:
    """An evaluator of run and example need not have any; then a suite must not ask for them."""
    assert "references" in LangSmithEvaluator(number).requires
    without = LangSmithEvaluator(keyed)
    assert without.requires == ("outputs", "inputs")
    free = LangSmithEvaluator(renamed, needs_reference=False)
    assert "references" not in free.requires
    needs = LangSmithEvaluator(keyed, needs_reference=True)
    column = needs.score_batch(["x"], [None], [{}])["keyed"]
    assert column.score(0).state == "skipped"


def test_keys_of_the_texts_are_settings() -> None:
    """An evaluator that was written for ``answer`` and ``label`` reads them."""

    def custom(outputs: dict[str, Any], reference_outputs: dict[str, Any]) -> bool:
        return bool(outputs["answer"] == reference_outputs["label"])

    metric = LangSmithEvaluator(custom, output_key="answer", reference_key="label")
    assert metric.score_batch(["x"], ["x"])["custom"].values.tolist() == [1.0]
    assert "|keys:answer,label|" in metric.signature

    def best(outputs: dict[str, Any], reference_outputs: dict[str, Any]) -> bool:
        return outputs["output"] in reference_outputs["references"]

    assert LangSmithEvaluator(best).score_batch(["y"], [["x", "y"]])["best"].values.tolist() == [1]


def test_mistakes_are_told_before_anything_is_scored() -> None:
    """What LangSmith would refuse is refused here, with what an evaluator takes."""

    def three(a: Any, b: Any, c: Any) -> bool:
        return True

    with pytest.raises(ValueError, match="Invalid evaluator function"):
        sdk.run_evaluator(three)  # type: ignore[arg-type]  # what is tested
    with pytest.raises(MetricError, match="takes 'a'; an evaluator takes run, example, inputs"):
        LangSmithEvaluator(three)
    with pytest.raises(MetricError, match="takes nothing"):
        LangSmithEvaluator(lambda: 1)
    with pytest.raises(ConfigError, match="cannot import"):
        load("langsmith:no_such_module:fn")


def test_the_sdk_need_not_be_installed() -> None:
    """Without it the run and the example are records of our own."""
    code = (
        "import sys; sys.modules['langsmith'] = None; sys.modules['langsmith.schemas'] = None\n"
        "from evalhub.metrics.interop.langsmith import LangSmithEvaluator\n"
        "def both(run, example):\n"
        "    took = (run.end_time - run.start_time).total_seconds()\n"
        "    return {'key': example.metadata['m'], 'score': run.outputs == example.outputs,\n"
        "            'comment': f'{run.inputs} {took}'}\n"
        "metric = LangSmithEvaluator(both)\n"
        "table = metric.score_batch(['a'], ['a'], [{'q': 1}], [{'m': 'k'}], ['x'], [1500])\n"
        "print(table['k'].score(0).value, table['k'].score(0).explanation)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.strip() == "1.0 {'q': 1} 1.5"
