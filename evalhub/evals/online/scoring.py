"""Score traces: what their root spans were given and gave, as columns for metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from evalhub.errors import MetricInputError, ModelError
from evalhub.evals.online.reading import NewTrace
from evalhub.evals.runs.scoring import Columns, score_columns
from evalhub.evals.suites.labelled import column_names
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.base import TargetOutput
from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.model import Score, ScoreState, SpanStatus
from evalhub.store import StoredScore

__all__ = ["AVAILABLE", "Scorer", "stored"]

AVAILABLE = (
    *("contexts", "cost_usd", "ids", "input_tokens", "inputs", "latency_ms", "metadata"),
    *("output_tokens", "outputs", "retrieved_ids", "tool_calls"),
)
"""Columns that a trace has; there are no right answers among them."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Metrics, and where outputs hold what they are given.

    Raises:
        MetricInputError: a metric needs a column that traces do not have.
    """

    metrics: Sequence[tuple[Metric, str]]
    """Each with the source its scores have: ``metric`` or ``judge``."""
    paths: AnswerPaths

    def __post_init__(self) -> None:
        for metric, _ in self.metrics:
            lacking = [name for name in metric.requires if name not in AVAILABLE]
            if lacking:
                raise MetricInputError(
                    f"{metric.name} needs {lacking[0]!r}, which traces do not have; they have "
                    f"{', '.join(AVAILABLE)}"
                )

    def score(self, metric: int, traces: Sequence[NewTrace]) -> list[ScoreColumn]:
        """Return the columns that the metric of this index gives, an item a trace."""
        return list(score_columns(self.metrics[metric][0], _columns(traces, self.paths)))

    def names(self, metric: int) -> tuple[str, ...]:
        """Return what the metric of this index says its columns are called."""
        return column_names(self.metrics[metric][0])

    def unscored(
        self, metric: int, traces: Sequence[NewTrace], reason: str, now_ns: int
    ) -> list[StoredScore]:
        """Return errored scores, for the *reason*, of what the metric was not asked."""
        kind, source = self.metrics[metric]
        state = ScoreState.ERRORED
        return [
            StoredScore(
                Score(name, None, kind.signature, state, explanation=reason),
                trace.summary.trace_id,
                source,
                now_ns,
            )
            for name in self.names(metric)
            for trace in traces
        ]


def stored(
    traces: Sequence[NewTrace], columns: Sequence[ScoreColumn], source: str, now_ns: int
) -> list[StoredScore]:
    """Return the scores in *columns*, given by *source*, as the store takes them."""
    return [
        StoredScore(column.score(index), trace.summary.trace_id, source, now_ns)
        for column in columns
        for index, trace in enumerate(traces)
    ]


def _columns(traces: Sequence[NewTrace], paths: AnswerPaths) -> Columns:
    outputs = [_output(trace, paths) for trace in traces]
    summaries = [trace.summary for trace in traces]
    by_name: Mapping[str, Sequence[Any]] = {
        "ids": [one.trace_id for one in summaries],
        "inputs": [_mapping(trace.root.inputs) for trace in traces],
        "metadata": [_mapping(trace.root.attributes) for trace in traces],
        "outputs": [None if one is None else one.text for one in outputs],
        "contexts": [[] if one is None else list(one.contexts) for one in outputs],
        "retrieved_ids": [[] if one is None else list(one.retrieved_ids) for one in outputs],
        "tool_calls": [[] if one is None else list(one.tool_calls) for one in outputs],
        "latency_ms": [trace.root.duration_ms for trace in traces],
        "input_tokens": [one.input_tokens for one in summaries],
        "output_tokens": [one.output_tokens for one in summaries],
        "cost_usd": [one.cost_usd for one in summaries],
    }
    failed = [None if one is not None else ScoreState.ERRORED for one in outputs]
    return Columns(by_name, failed)


def _output(trace: NewTrace, paths: AnswerPaths) -> TargetOutput | None:
    """Return what the root span gave; None where it failed, or gave nothing that can be read."""
    if trace.root.status == SpanStatus.ERROR or trace.root.outputs is None:
        return None
    try:
        return paths.read(orjson.loads(trace.root.outputs))
    except (ModelError, orjson.JSONDecodeError):
        return None


def _mapping(payload: bytes | None) -> Mapping[str, Any]:
    try:
        value = orjson.loads(payload or b"{}")
    except orjson.JSONDecodeError:
        value = (payload or b"").decode("utf-8", "replace")
    return value if isinstance(value, Mapping) else {"input": value}
