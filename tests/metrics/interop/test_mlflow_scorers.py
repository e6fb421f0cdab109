"""MLflow's scorers as metrics, and ours as scorers of MLflow."""

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.interop.mlflow import MlflowScorer, import_mlflow
from evalhub.metrics.interop.mlflow_scorer import as_scorer
from evalhub.metrics.registry import load
from evalhub.metrics.text.rouge import Rouge

MODULE = """
from mlflow.entities import Feedback
from mlflow.genai.scorers import scorer


@scorer
def matches(outputs, expectations):
    return outputs == expectations["expected_response"]


@scorer
def parts(inputs, outputs):
    return [
        Feedback(name="length", value=len(outputs), rationale=f"of {inputs['question']}"),
        Feedback(name="tone", value="friendly"),
        Feedback(name="broken", error=ValueError("no model")),
    ]


def plain(outputs, expectations):
    return Feedback(value="YES" if expectations["level"] == 1 else "no", rationale="by level")


@scorer
def of_traces(trace):
    return 1
"""


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a module of scorers, as a user of MLflow has it."""
    import_mlflow("mlflow.genai.scorers")
    folder = tmp_path_factory.mktemp("scorers")
    (folder / "scorers_of_a_user.py").write_text(MODULE, encoding="utf-8")
    sys.path.insert(0, str(folder))
    yield importlib.import_module("scorers_of_a_user")
    sys.path.remove(str(folder))


def test_a_decorated_scorer_is_taken_as_it_is(module: Any) -> None:
    """The score is the one that the scorer itself gives."""
    metric = load("mlflow:scorers_of_a_user:matches")
    assert metric.name == "matches"
    assert metric.requires == ("outputs", "references", "metadata")
    column = metric.score_batch(["a", "b", None], ["a", ["x", "b"], "c"], [{}, {}, {}])["matches"]
    assert [column.score(i).value for i in range(3)] == [1.0, 0.0, None]
    assert column.score(2).state == "errored"
    assert column.bounds == (0.0, 1.0)
    for index, (output, expected) in enumerate([("a", "a"), ("b", "x")]):
        own = module.matches.run(outputs=output, expectations={"expected_response": expected})
        assert column.values[index] == own


def test_feedbacks_are_columns(module: Any) -> None:
    """A rationale explains, a text is a label without a score, an error is an error."""
    table = MlflowScorer(module.parts).score_batch(["abc"], [{"question": "q"}])
    assert list(table) == ["length", "tone", "broken"]
    assert table["length"].score(0).value == 3.0
    assert table["length"].score(0).explanation == "of q"
    assert (table["tone"].score(0).state, table["tone"].score(0).label) == ("skipped", "friendly")
    broken = table["broken"].score(0)
    assert (broken.state, broken.explanation) == ("errored", "no model")


def test_yes_and_no_are_what_mlflow_counts_them_as(module: Any) -> None:
    """The oracle is the function with which MLflow makes its means; a name is the scorer's."""
    cast = importlib.import_module(
        "mlflow.genai.scorers.aggregation"
    )._cast_assessment_value_to_float
    metric = MlflowScorer(module.plain)
    column = metric.score_batch(["a", "b"], [[], []], [{"level": 1}, {"level": 2}])["plain"]
    feedbacks = [module.plain("", {"level": level}) for level in (1, 2)]
    assert column.values.tolist() == [cast(feedback) for feedback in feedbacks] == [1.0, 0.0]
    assert column.bounds == (0.0, 1.0)
    assert column.score(0).label == "YES"
    assert column.score(0).explanation == "by level"


def test_built_in_scorers_take_their_settings() -> None:
    """Two patterns are two metrics; a scorer that ran alone says the same."""
    path = "mlflow:mlflow.genai.scorers:RegexMatch"
    digits = load(path, options={"pattern": r"\d"})
    column = digits.score_batch(["a 1", "a"])["regex_match"]
    assert column.values.tolist() == [1.0, 0.0]
    assert digits.requires == ("outputs",)
    assert digits.signature != load(path, options={"pattern": "a"}).signature
    assert digits.signature == load(path, options={"pattern": r"\d"}).signature
    length = load("mlflow:mlflow.genai.scorers:ResponseLength", options={"max_length": 2})
    assert length.score_batch(["a 1"])["response_length"].values.tolist() == [0.0]


def test_references_may_be_demanded_or_left_out(module: Any) -> None:
    """A scorer of expectations need not use any reference."""
    free = MlflowScorer(module.plain, needs_reference=False)
    assert free.requires == ("outputs", "metadata")
    assert free.score_batch(["a"], [{"level": 1}])["plain"].values.tolist() == [1.0]
    needs = MlflowScorer(module.matches, needs_reference=True)
    assert needs.score_batch(["a"], [None], [{}])["matches"].score(0).state == "skipped"
    lenient = MlflowScorer(module.matches).score_batch(["a"], [None], [{}])["matches"].score(0)
    assert (lenient.state, lenient.explanation) == ("errored", "KeyError: 'expected_response'")


def test_mistakes_are_told_before_anything_is_scored(module: Any) -> None:
    """A scorer of traces, missing settings, options for a function."""
    with pytest.raises(MetricError, match="needs 'trace'; a metric gives it inputs, outputs"):
        MlflowScorer(module.of_traces)
    with pytest.raises(MetricError, match="RegexMatch cannot be made of"):
        load("mlflow:mlflow.genai.scorers:RegexMatch")
    with pytest.raises(MetricError, match="options are for classes"):
        MlflowScorer(module.matches, options={"pattern": "a"})
    with pytest.raises(MetricError, match="give a Scorer or a function"):
        MlflowScorer(3)  # type: ignore[arg-type]  # what is tested


@pytest.mark.filterwarnings("ignore:.*is deprecated since 3.4.0:FutureWarning")
def test_the_deprecated_metrics_of_mlflow_are_refused() -> None:
    """``mlflow.metrics`` scores a whole table at once, and often gives one number for all."""
    with pytest.raises(MetricError, match=r"exact_match is of mlflow\.metrics, which MLflow"):
        MlflowScorer(import_mlflow("mlflow.metrics").exact_match())


def test_ours_is_refused_where_rows_of_mlflow_lack_a_column() -> None:
    """And settings of a metric that was made already."""
    with pytest.raises(MetricError, match="asks for 'retrieved_ids'; rows of MLflow have"):
        as_scorer("recall_at_5")
    with pytest.raises(MetricError, match="settings are for a metric's name"):
        as_scorer(Rouge(["rouge1"]), stemmer=False)


def test_classes_are_not_taken_from_one_row() -> None:
    """Any other answer would be no class, and the wrong ones would not count."""
    with pytest.raises(MetricError, match="one row at a time by MLflow; give it labels"):
        as_scorer("classification")
    (feedback,) = as_scorer("classification", labels=["a", "b"])(
        outputs="b", expectations={"expected_response": "a"}
    )
    assert feedback.value == 0


def test_outputs_that_are_mappings_are_told_what_to_name() -> None:
    """Answers of chat models are; the message has the keys."""
    with pytest.raises(MetricInputError, match=r"are a mapping; name .* out of text, id"):
        as_scorer("rouge1")(outputs={"text": "a", "id": 1}, expectations={})
    with pytest.raises(MetricInputError, match="lack 'answer'; name"):
        as_scorer("rouge1", output_key="answer")(outputs={"text": "a"}, expectations={})


def test_ours_as_a_scorer_says_the_state(module: Any) -> None:
    """Called as MLflow calls it: columns, several references, signature, and errors."""
    scorer = as_scorer("rouge", variants=["rouge1", "rougeL"], output_key="text")
    assert scorer.name == "rouge"
    feedbacks = scorer.run(
        inputs={"q": "x"},
        outputs={"text": "the cat"},
        expectations={"expected_response": ["a dog", "the cat"]},
    )
    assert [(item.name, item.value, item.error) for item in feedbacks] == [
        ("rouge1", 1.0, None),
        ("rougeL", 1.0, None),
    ]
    assert feedbacks[0].metadata["evalhub.signature"].startswith("rouge1|stem:porter|")
    (skipped, _) = scorer.run(inputs={}, outputs={"text": "the cat"}, expectations={})
    assert (skipped.value, skipped.error.error_code) == (None, "SKIPPED")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # MLflow's own: type hints, pandas 4, an open database
def test_mlflow_evaluates_with_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``mlflow.genai.evaluate`` on a static data set keeps our means, over what is scored."""
    monkeypatch.chdir(tmp_path)
    mlflow = import_mlflow("mlflow")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    try:
        mlflow.set_experiment("ours")
        rows = [
            ("the cat", "the cat sat"),
            ("a dog", "a dog"),
            ("!!", "x"),
        ]
        result = mlflow.genai.evaluate(
            data=[
                {"inputs": {"n": i}, "outputs": got, "expectations": {"expected_response": want}}
                for i, (got, want) in enumerate(rows)
            ],
            scorers=[as_scorer("rouge1"), as_scorer("exact_match")],
        )
    finally:
        mlflow.set_tracking_uri(before)
    table = Rouge(["rouge1"]).score_batch([row[0] for row in rows], [row[1] for row in rows])
    assert result.metrics["rouge1/mean"] == pytest.approx(table["rouge1"].values[:2].mean())
    assert result.metrics["exact_match/mean"] == pytest.approx(1 / 3)
    told = [text for text in result.result_df["rouge1/error_message"] if isinstance(text, str)]
    assert told == [table["rouge1"].score(2).explanation]
