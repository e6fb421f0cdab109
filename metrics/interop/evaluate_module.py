"""Hand our metrics to Hugging Face ``evaluate``, whose ``combine`` and ``evaluator`` take them."""

from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import MetricError
from evalhub.metrics.base import Metric
from evalhub.metrics.registry import load

__all__ = ["as_evaluate", "script_path"]


def as_evaluate(metric: str | Metric, *, details: bool = False, **settings: Any) -> Any:
    """Return *metric*, or the one of that name made with *settings*, as an ``evaluate.Metric``.

    ``compute(predictions=..., references=...)`` gives the mean of each column over the examples
    that have a score, or None where none has; of BLEU, chrF and TER the score of the corpus.
    References are texts or lists of texts. Other columns that the metric asks for have the names
    they have here; ``inputs`` are texts, given to the metric as ``{"input": text}``. With
    *details*, here or in ``compute``, each column also has ``NAME_scores``, one per example and
    None where there is none, and ``NAME_states``, how many examples are in each state; without,
    missing scores are logged as a warning.

    Raises:
        MetricError: no metric has this name, or it asks for a column that such modules lack.
        MissingExtraError: ``evaluate`` is not installed.
    """
    require("evaluate", extra="huggingface")
    if settings and not isinstance(metric, str):
        raise MetricError(f"{metric.name} is made already; settings are for a metric's name")
    made = load(metric, **settings) if isinstance(metric, str) else metric
    # The class derives from one of evaluate's, which takes seconds to import.
    script: Any = require("evalhub.metrics.interop.evaluate_script", extra="huggingface")
    return script.EvalhubMetric(made.name, metric=made, details=details)


def script_path() -> Path:
    """Return the file that ``evaluate.load(FILE, NAME, **settings)`` makes our metric *NAME* of."""
    return Path(__file__).with_name("evaluate_script.py")
