"""Latency, tokens and cost of the target, as columns beside the metrics."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from evalhub.metrics.base import ScoreColumn, signature
from evalhub.model import ExampleResult, Score, ScoreState

__all__ = ["LOWER_IS_BETTER", "OPERATIONAL", "operational_columns", "score_of"]


def _input_tokens(result: ExampleResult) -> float | None:
    return None if result.usage is None else result.usage.input_tokens


def _output_tokens(result: ExampleResult) -> float | None:
    return None if result.usage is None else result.usage.output_tokens


OPERATIONAL: Mapping[str, Callable[[ExampleResult], float | None]] = {
    "latency_ms": lambda result: result.latency_ms,
    "input_tokens": _input_tokens,
    "output_tokens": _output_tokens,
    "cost_usd": lambda result: result.cost_usd,
}
"""How each is read from a result; None when it is not known."""

LOWER_IS_BETTER = frozenset(OPERATIONAL)
"""Metrics of which less is better; of all others more is."""


def score_of(result: ExampleResult, name: str) -> Score | None:
    """Return *result*'s score called *name*, be it a metric or operational."""
    if name not in OPERATIONAL:
        return result.score(name)
    mark = signature(name, version=1)
    if result.error is not None:
        return Score(name, None, mark, ScoreState.ERRORED)
    value = OPERATIONAL[name](result)
    if value is None:
        return Score(name, None, mark, ScoreState.SKIPPED)
    return Score(name, float(value), mark)


def operational_columns(results: Sequence[ExampleResult]) -> list[ScoreColumn]:
    """Return a column for each of :data:`OPERATIONAL`; unknown is skipped, never 0."""
    return [_column(name, results) for name in OPERATIONAL]


def _column(name: str, results: Sequence[ExampleResult]) -> ScoreColumn:
    scores = [score_of(result, name) for result in results]
    known = [score for score in scores if score is not None]
    values = [np.nan if score.value is None else score.value for score in known]
    return ScoreColumn(
        name=name,
        values=np.array(values, dtype=np.float64),
        signature=signature(name, version=1),
        states=[score.state for score in known],
        bounds=(0.0, math.inf),
    )
