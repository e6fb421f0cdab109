"""What a prefix in a metric's name stands for: ``python:`` a function, ``hf:`` a module."""

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["PREFIXES", "Prefix"]


class Prefix(NamedTuple):
    """The class that a prefix names, as ``module:Class``, and the setting it gives it."""

    home: str
    setting: str


PREFIXES: Mapping[str, Prefix] = {
    "hf": Prefix("evalhub.metrics.interop.huggingface:HuggingFaceMetric", "module"),
    "langsmith": Prefix("evalhub.metrics.interop.langsmith:LangSmithEvaluator", "evaluator"),
    "mlflow": Prefix("evalhub.metrics.interop.mlflow:MlflowScorer", "scorer"),
    "python": Prefix("evalhub.metrics.interop.function:FunctionMetric", "function"),
}
"""``load("python:pkg.mod:fn")`` makes ``FunctionMetric(function="pkg.mod:fn")``."""
