"""What a score is and how it is computed.

Each name is fetched at its first use, so that importing this package stays cheap.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.metrics.aggregate import summarize
    from evalhub.metrics.base import COLUMNS, Metric, ScoreColumn, ScoreTable
    from evalhub.metrics.interop.huggingface import HuggingFaceMetric
    from evalhub.metrics.judge.rubric import RubricJudge as Rubric
    from evalhub.metrics.prf import PrecisionRecallF
    from evalhub.metrics.rag.retrieval import Retrieval
    from evalhub.metrics.registry import MetricInfo, available, load
    from evalhub.metrics.semantic.bertscore import BertScore
    from evalhub.metrics.structure.contains import Contains
    from evalhub.metrics.structure.regex import Regex
    from evalhub.metrics.text.exact_match import ExactMatch
    from evalhub.metrics.text.rouge import Rouge
    from evalhub.metrics.text.token_f1 import TokenF1

__all__ = [
    "COLUMNS",
    "BertScore",
    "Contains",
    "ExactMatch",
    "HuggingFaceMetric",
    "Metric",
    "MetricInfo",
    "PrecisionRecallF",
    "Regex",
    "Retrieval",
    "Rouge",
    "Rubric",
    "ScoreColumn",
    "ScoreTable",
    "TokenF1",
    "available",
    "load",
    "summarize",
]

_HOMES = {
    "COLUMNS": "evalhub.metrics.base:COLUMNS",
    "BertScore": "evalhub.metrics.semantic.bertscore:BertScore",
    "Contains": "evalhub.metrics.structure.contains:Contains",
    "ExactMatch": "evalhub.metrics.text.exact_match:ExactMatch",
    "HuggingFaceMetric": "evalhub.metrics.interop.huggingface:HuggingFaceMetric",
    "Metric": "evalhub.metrics.base:Metric",
    "MetricInfo": "evalhub.metrics.registry:MetricInfo",
    "PrecisionRecallF": "evalhub.metrics.prf:PrecisionRecallF",
    "Regex": "evalhub.metrics.structure.regex:Regex",
    "Retrieval": "evalhub.metrics.rag.retrieval:Retrieval",
    "Rouge": "evalhub.metrics.text.rouge:Rouge",
    "Rubric": "evalhub.metrics.judge.rubric:RubricJudge",
    "ScoreColumn": "evalhub.metrics.base:ScoreColumn",
    "ScoreTable": "evalhub.metrics.base:ScoreTable",
    "TokenF1": "evalhub.metrics.text.token_f1:TokenF1",
    "available": "evalhub.metrics.registry:available",
    "load": "evalhub.metrics.registry:load",
    "summarize": "evalhub.metrics.aggregate:summarize",
}


def __getattr__(name: str) -> object:
    try:
        module, _, attribute = _HOMES[name].partition(":")
    except KeyError:
        raise AttributeError(f"module 'evalhub.metrics' has no attribute {name!r}") from None
    return getattr(importlib.import_module(module), attribute)
