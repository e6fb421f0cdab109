"""Records that every room shares; standard library only.

Each name is fetched at its first use: a traced program needs spans, and pays at import
neither for data sets nor for results.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.model.dataset import Dataset, Example
    from evalhub.model.result import (
        Direction,
        ExampleResult,
        Experiment,
        MetricSummary,
        Score,
        ScoreState,
    )
    from evalhub.model.trace import (
        Attachment,
        Batch,
        Delivery,
        Span,
        SpanEvent,
        SpanKind,
        SpanScore,
        SpanStatus,
        TraceSummary,
        Usage,
    )

__all__ = [
    "Attachment",
    "Batch",
    "Dataset",
    "Delivery",
    "Direction",
    "Example",
    "ExampleResult",
    "Experiment",
    "MetricSummary",
    "Score",
    "ScoreState",
    "Span",
    "SpanEvent",
    "SpanKind",
    "SpanScore",
    "SpanStatus",
    "TraceSummary",
    "Usage",
]

_HOMES = {
    "evalhub.model.dataset": ("Dataset", "Example"),
    "evalhub.model.result": (
        "Direction",
        "ExampleResult",
        "Experiment",
        "MetricSummary",
        "Score",
        "ScoreState",
    ),
    "evalhub.model.trace": (
        "Attachment",
        "Batch",
        "Delivery",
        "Span",
        "SpanEvent",
        "SpanKind",
        "SpanScore",
        "SpanStatus",
        "TraceSummary",
        "Usage",
    ),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(importlib.import_module(home), name)
            globals()[name] = value  # the next look-up does not come here
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
