"""Hand our metrics to ``mlflow.genai.evaluate`` as scorers."""

from collections.abc import Mapping
from typing import Any

from evalhub.errors import MetricError
from evalhub.metrics.base import Metric
from evalhub.metrics.interop.mlflow import import_mlflow
from evalhub.metrics.registry import load
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
        MetricError: no metric has this name, or it asks for a column that rows of MLflow lack.
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
    return outputs if key is None or not isinstance(outputs, Mapping) else outputs.get(key)


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
