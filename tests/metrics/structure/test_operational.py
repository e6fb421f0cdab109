"""Latency, tokens and cost as metrics, the same as those of every run."""

import math

import pytest

from evalhub.errors import MetricError, MetricInputError
from evalhub.evals.operational import OPERATIONAL as OF_RESULTS
from evalhub.evals.operational import operational_columns
from evalhub.metrics import load
from evalhub.metrics.direction import direction_said
from evalhub.metrics.structure.operational import OPERATIONAL, Operational
from evalhub.model import Direction, ExampleResult, ScoreState, Usage


@pytest.mark.parametrize("name", OPERATIONAL)
def test_numbers_are_scores(name: str) -> None:
    """What is not known is skipped, and never 0."""
    metric = load(name)
    assert metric.requires == (name,)
    column = metric.score_batch(**{name: [0, 12.5, None]})[name]
    assert column.values[:2].tolist() == [0, 12.5]
    assert column.states == (ScoreState.SCORED, ScoreState.SCORED, ScoreState.SKIPPED)
    assert column.bounds == (0, math.inf)
    assert metric.score_batch([1.0])[name].values.tolist() == [1]
    assert direction_said(Operational(name), name) is Direction.LOWER


def test_a_run_s_own_columns_are_the_same() -> None:
    """The columns that every run has agree with the metrics in name, signature and values."""
    results = [
        ExampleResult("a", "x", latency_ms=3.0, usage=Usage(5, 7), cost_usd=0.5),
        ExampleResult("b", "y"),
        ExampleResult("c", None, error="down", latency_ms=9.0),
    ]
    assert tuple(OF_RESULTS) == OPERATIONAL
    for column in operational_columns(results):
        values = [OF_RESULTS[column.name](result) for result in results]
        alone = load(column.name).score_batch(values[:2])[column.name]
        assert column.signature == alone.signature
        assert column.bounds == alone.bounds
        assert column.values[0] == alone.values[0]
        assert column.states == [ScoreState.SCORED, ScoreState.SKIPPED, ScoreState.ERRORED]


@pytest.mark.parametrize("value", ["3", -1, math.nan])
def test_what_is_no_measure_is_refused(value: object) -> None:
    """The message has the place and the value."""
    with pytest.raises(MetricInputError, match=r"latency_ms 1 is .*number from 0 on"):
        load("latency_ms").score_batch([1.0, value])


def test_other_columns_are_refused() -> None:
    """It has one column, and says which."""
    with pytest.raises(MetricInputError, match="latency_ms takes latency_ms; it got cost_usd"):
        load("latency_ms").score_batch(cost_usd=[1.0])
    with pytest.raises(MetricInputError, match="it got nothing"):
        load("latency_ms").score_batch()
    with pytest.raises(MetricError, match=r"'steps'.*latency_ms"):
        Operational("steps")
