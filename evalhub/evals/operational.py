"""Latency, tokens and cost of the target, as columns beside the metrics."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.structure.operational import Operational
from evalhub.model import ExampleResult, Score, ScoreState

__all__ = ["ERROR_RATE", "OPERATIONAL", "operational_columns", "score_of"]

ERROR_RATE = "error_rate"
"""What gates call the share of calls that failed; no column, and known of every run."""


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
_MARKS = {name: Operational(name).signature for name in OPERATIONAL}


def score_of(result: ExampleResult, name: str) -> Score | None:
    """Return *result*'s score called *name*, be it a metric or operational."""
    if name == ERROR_RATE:
        return _failed(result)
    if name not in OPERATIONAL:
        return result.score(name)
    mark = _MARKS[name]
    if result.error is not None:
        state = ScoreState.ERRORED if result.was_called else ScoreState.SKIPPED
        return Score(name, None, mark, state)
    value = OPERATIONAL[name](result)
    if value is None:
        return Score(name, None, mark, ScoreState.SKIPPED)
    return Score(name, float(value), mark)


def _failed(result: ExampleResult) -> Score:
    signature = f"{ERROR_RATE}|v:1"
    if not result.was_called:
        return Score(ERROR_RATE, None, signature, ScoreState.ERRORED)
    return Score(ERROR_RATE, float(result.error is not None), signature)


def operational_columns(results: Sequence[ExampleResult]) -> list[ScoreColumn]:
    """Return a column for each of :data:`OPERATIONAL`; unknown is skipped, never 0."""
    return [_column(name, results) for name in OPERATIONAL]


def _column(name: str, results: Sequence[ExampleResult]) -> ScoreColumn:
    scores = [score_of(result, name) for result in results]
    known = [score for score in scores if score is not None]
    column = Operational(name).score_batch([score.value for score in known])[name]
    states = [score.state for score in known]
    return replace(column, states=states, explanations=None, better=Operational.better)
