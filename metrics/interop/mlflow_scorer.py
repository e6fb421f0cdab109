"""Hand our metrics to ``mlflow.genai.evaluate`` as scorers."""

from collections.abc import Mapping
from typing import Any

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import Metric
from evalhub.metrics.interop.mlflow import import_mlflow
from evalhub.metrics.registry import load
from evalhub.metrics.structure.classification import ClassificationReport
from evalhub.model import Score, ScoreState

__all__ = ["as_scorer"]

_COLUMNS = ("outputs", "references", "inputs", "metadata")


def as_scorer(
    metric: str | Metric,
    *,
    output_key: str | None = None,
    expectation_key: str = "expected_response",
    **settings: Any,
) -> Any:
    """Return *metric*, or the one of that name made with *settings*, as a scorer of MLflow.

    The references are *expectation_key* of a row's expectations, a text or a list of texts; all
    other expectations are the metric's metadata. Outputs are texts, or mappings with the text under
    *output_key*. Each column is a feedback with the signature in its metadata; what has no score
    is a feedback with an error that says the state and why. MLflow asks for one row at a time, so
    what a metric learns of a whole batch (idf, for one) is of that row only.

    Raises:
        MetricError: no metric has this name, it asks for a column that rows of MLflow lack, or
            it takes its classes from all references.
        MissingExtraError: MLflow is not installed.
    """
    if settings and not isinstance(metric, str):
        raise MetricError(f"{metric.name} is made already; settings are for a metric's name")
    made = load(metric, **settings) if isinstance(metric, str) else metric
    strange = [column for column in made.requires if column not in _COLUMNS]
    if strange:
        raise MetricError(
            f"{made.name} asks for {strange[0]!r}; rows of MLflow have {', '.join(_COLUMNS)}"
        )
    if isinstance(made, ClassificationReport) and not made.labels:
        # Its classes would be the reference of that row: another answer would be no class.
        raise MetricError(f"{made.name} is asked for one row at a time by MLflow; give it labels")
    scorers = import_mlflow("mlflow.genai.scorers")

    def score(inputs: Any = None, outputs: Any = None, expectations: Any = None) -> Any:
        expected = dict(expectations or {})
        row = {
            "outputs": _text(outputs, output_key),
            "references": expected.pop(expectation_key, None),
            "inputs": inputs if isinstance(inputs, Mapping) else {"input": inputs},
            "metadata": expected,
        }
        table = made.score_batch(**{column: [row[column]] for column in made.requires})
        return [_feedback(column.score(0)) for column in table.values()]

    return scorers.scorer(score, name=made.name, description=made.signature)


def _text(outputs: Any, key: str | None) -> Any:
    if not isinstance(outputs, Mapping):
        return outputs
    if key not in outputs:
        told = ", ".join(map(str, outputs)) or "nothing"
        named = f"lack {key!r}" if key else "are a mapping"
        raise MetricInputError(f"the outputs {named}; name the text with output_key out of {told}")
    return outputs[key]


def _feedback(score: Score) -> Any:
    """Return *score* as MLflow keeps it."""
    entities: Any = import_mlflow("mlflow.entities")
    error = None
    if score.state is not ScoreState.SCORED:
        told = score.explanation or "no reason is given"
        error = entities.AssessmentError(error_code=score.state.upper(), error_message=told)
    return entities.Feedback(
        name=score.name,
        value=score.value,
        error=error,
        rationale=score.explanation,
        metadata={"evalhub.signature": score.signature},
    )
