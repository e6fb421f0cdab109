"""Records that every room shares; standard library only."""

from evalhub.model.dataset import Dataset, Example
from evalhub.model.result import ExampleResult, Experiment, MetricSummary, Score, ScoreState
from evalhub.model.trace import Span, SpanEvent, SpanKind, SpanStatus, TraceSummary, Usage

__all__ = [
    "Dataset",
    "Example",
    "ExampleResult",
    "Experiment",
    "MetricSummary",
    "Score",
    "ScoreState",
    "Span",
    "SpanEvent",
    "SpanKind",
    "SpanStatus",
    "TraceSummary",
    "Usage",
]
