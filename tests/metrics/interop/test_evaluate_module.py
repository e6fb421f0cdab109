"""Our metrics as modules of Hugging Face evaluate, in its own ``combine`` and ``evaluator``."""

import importlib
import logging
from typing import Any

import pytest
import sacrebleu.metrics

from evalhub.errors import MetricError
from evalhub.metrics.interop.evaluate_module import as_evaluate, script_path
from evalhub.metrics.text.rouge import Rouge

evaluate = importlib.import_module("evaluate")
datasets = importlib.import_module("datasets")

OUTPUTS = ["the cat sat", "a dog"]
REFERENCES = ["the cat sat down", "the dog"]


pytestmark = pytest.mark.usefixtures("evaluate_offline")


def means(**settings: Any) -> dict[str, float]:
    """Return the means that ROUGE has here."""
    table = Rouge(**settings).score_batch(OUTPUTS, REFERENCES)
    return {name: float(column.values.mean()) for name, column in table.items()}


def test_it_is_a_metric_of_evaluate() -> None:
    """With what evaluate shows of a metric; the values are ours."""
    metric = as_evaluate("rouge", variants=["rouge1", "rougeL"])
    assert isinstance(metric, evaluate.Metric)
    assert metric.name == "rouge"
    assert "Lin (2004)" in metric.citation
    assert "stem:porter" in metric.description
    assert metric.compute(predictions=OUTPUTS, references=REFERENCES) == means(
        variants=["rouge1", "rougeL"]
    )


def test_examples_may_come_in_parts() -> None:
    """``add`` and ``add_batch`` collect them, as for any module, and it can be used again."""
    metric = as_evaluate(Rouge(["rouge2"]))
    for _ in range(2):
        metric.add(prediction=OUTPUTS[0], reference=REFERENCES[0])
        metric.add_batch(predictions=OUTPUTS[1:], references=REFERENCES[1:])
        assert metric.compute() == means(variants=["rouge2"])


def test_several_references() -> None:
    """A list of lists is told from a list of texts."""
    metric = as_evaluate("exact_match")
    assert metric.compute(predictions=["b", "c"], references=[["a", "b"], ["a"]]) == {
        "exact_match": 0.5
    }


def test_details_tell_each_example_and_the_states(caplog: pytest.LogCaptureFixture) -> None:
    """Without them, the mean is over what is scored, and that is logged."""
    metric = as_evaluate("rouge1")
    given = {"predictions": ["a b", "!!!", None], "references": ["a b", "a", "a"]}
    assert metric.compute(**given, details=True) == {
        "rouge1": 1.0,
        "rouge1_scores": [1.0, None, None],
        "rouge1_states": {"scored": 1, "errored": 2},
    }
    assert as_evaluate("rouge1", details=True).compute(**given)["rouge1_states"]["errored"] == 2
    with caplog.at_level(logging.WARNING):
        assert metric.compute(**given) == {"rouge1": 1.0}
    assert "rouge1 is the mean of 1 of 3 examples (2 errored)" in caplog.text


def test_where_nothing_has_a_score_there_is_no_mean() -> None:
    """None, and never 0."""
    assert as_evaluate("rouge1").compute(predictions=["!!"], references=["?"]) == {"rouge1": None}


@pytest.mark.parametrize(("name", "kind"), [("bleu", "BLEU"), ("chrf", "CHRF"), ("ter", "TER")])
def test_what_is_of_the_corpus_is_no_mean(name: str, kind: str) -> None:
    """As evaluate's own modules give it; each example's scores are among the details."""
    outputs = ["the cat sat on the mat", "dogs bark loudly at night"]
    references = ["the cat sat on the mat", "dogs bark at night"]
    found = as_evaluate(name).compute(predictions=outputs, references=references, details=True)
    scorer = getattr(sacrebleu.metrics, kind)()
    assert found[name] == pytest.approx(scorer.corpus_score(outputs, [references]).score)
    assert found[name] != pytest.approx(sum(found[f"{name}_scores"]) / 2)


def test_combine_takes_several() -> None:
    """Each keeps its name, and two of one name are told apart as evaluate does it."""
    combined = evaluate.combine(
        [as_evaluate("rouge1"), as_evaluate("exact_match"), as_evaluate("rouge1", stemmer=False)]
    )
    combined.add_batch(predictions=["running", "b"], references=["runs", "b"])
    assert combined.compute() == {
        "rouge1_0_rouge1": 1.0,
        "exact_match": 0.5,
        "rouge1_1_rouge1": 0.5,
    }
    named = evaluate.combine(
        {"stemmed": as_evaluate("rouge1"), "exact": as_evaluate("exact_match")}
    )
    assert named.compute(predictions=["runs"], references=["runs"]) == {
        "rouge1": 1.0,
        "exact_match": 1.0,
    }


class Pipeline:
    """A fake of transformers' pipelines, as far as evaluate calls one.

    A real one needs the weights of a model for the task.
    """

    def __init__(self, task: str, key: str, answers: dict[str, str]) -> None:
        self.task = task
        self._key = key
        self._answers = answers

    def __call__(self, inputs: Any, **settings: Any) -> list[dict[str, str]]:
        """Answer each of *inputs*."""
        texts = [item["text"] if isinstance(item, dict) else item for item in inputs]
        return [{self._key: self._answers[text]} for text in texts]


@pytest.fixture
def transformers_4(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give transformers the name that evaluate 0.4.6 still asks it for, and 5 dropped."""
    transformers = importlib.import_module("transformers")
    monkeypatch.setattr(transformers, "TFPreTrainedModel", type("TFPreTrainedModel", (), {}), False)


@pytest.mark.usefixtures("transformers_4")
def test_evaluator_classifies_with_ours() -> None:
    """``evaluator("text-classification")`` gives our mean beside its own times."""
    found = evaluate.evaluator("text-classification").compute(
        model_or_pipeline=Pipeline("text-classification", "label", {"x": "good", "y": "bad"}),
        data=datasets.Dataset.from_dict({"text": ["x", "y"], "label": ["good", "good"]}),
        metric=as_evaluate("exact_match"),
    )
    assert found["exact_match"] == 0.5
    assert "samples_per_second" in found


@pytest.mark.usefixtures("transformers_4")
@pytest.mark.parametrize(
    ("evaluator", "task", "key"),
    [
        ("SummarizationEvaluator", "summarization", "summary_text"),
        ("Text2TextGenerationEvaluator", "text2text-generation", "generated_text"),
    ],
)
def test_evaluator_summarises_with_ours(evaluator: str, task: str, key: str) -> None:
    """Generated texts get our ROUGE, with evaluate's own bootstrap where it is asked for.

    The evaluators are made by class: ``evaluator(task)`` refuses tasks that transformers 5 dropped.
    """
    texts = ["first", "second"]
    found = getattr(evaluate, evaluator)().compute(
        model_or_pipeline=Pipeline(task, key, dict(zip(texts, OUTPUTS, strict=True))),
        data=datasets.Dataset.from_dict({"text": texts, "label": REFERENCES}),
        metric=as_evaluate("rouge", variants=["rougeL"]),
        strategy="bootstrap",
        n_resamples=20,
        random_state=1,
    )
    assert found["rougeL"]["score"] == means(variants=["rougeL"])["rougeL"]
    assert len(found["rougeL"]["confidence_interval"]) == 2


def test_evaluate_loads_the_file() -> None:
    """``evaluate.load(FILE, NAME, **settings)`` needs no line of evalhub's."""
    metric = evaluate.load(str(script_path()), "rougeL", stemmer=False)
    assert metric.name == "rougeL"
    assert metric.compute(predictions=OUTPUTS, references=REFERENCES) == means(
        variants=["rougeL"], stemmer=False
    )


def test_other_columns_keep_their_names() -> None:
    """Ids are lists of texts; a metric that needs no reference takes none."""
    recall = as_evaluate("recall_at_k", k=2)
    found = recall.compute(retrieved_ids=[["x", "y", "z"]], relevant_ids=[["x", "z"]])
    assert found == {"recall_at_2": 0.5}
    pattern = as_evaluate("regex", pattern="a")
    assert pattern.compute(predictions=["a", "b"], references=["", ""]) == {"regex": 0.5}


def test_what_arrow_cannot_hold_is_refused() -> None:
    """Mappings of any keys have no feature; settings are for a name."""
    with pytest.raises(MetricError, match="asks for 'tool_calls', which modules of evaluate"):
        as_evaluate("tool_order")
    with pytest.raises(MetricError, match="settings are for a metric's name"):
        as_evaluate(Rouge(), stemmer=False)
    with pytest.raises(MetricError, match="no metric is called 'nothing'"):
        as_evaluate("nothing")
