"""Summaries of score columns."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.aggregate import is_rate, summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats import clopper_pearson_interval, mean_interval
from evalhub.model import ScoreState


def _column(
    values: list[float],
    states: list[ScoreState] | None = None,
    *,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> ScoreColumn:
    return ScoreColumn("m", np.array(values), "m|v:1", states, bounds=bounds)


def test_what_is_not_scored_is_counted_by_its_state() -> None:
    """The mean is over the scored examples only."""
    states = [ScoreState.SCORED, ScoreState.ERRORED, ScoreState.UNPARSED, ScoreState.SKIPPED]
    summary = summarize(_column([0.5, *[math.nan] * 3], states))
    assert (summary.n, summary.errored, summary.unparsed, summary.skipped) == (1, 1, 1, 1)
    assert (summary.mean, summary.lower, summary.signature) == (0.5, None, "m|v:1")


def test_rates_get_an_clopper_pearson_interval() -> None:
    """Scores of 0 and 1 are passes and fails."""
    summary, exact = summarize(_column([1, 0, 1, 1])), clopper_pearson_interval(3, 4)
    assert summary.mean == 0.75
    assert (summary.lower, summary.upper) == pytest.approx((exact.lower, exact.upper))


@pytest.mark.parametrize("bounds", [(1.0, 5.0), (0.0, 5.0), (0.0, math.inf), None])
def test_ones_of_another_scale_are_no_rate(bounds: tuple[float, float] | None) -> None:
    """A judge on 1 to 5 whose grades are all 1 has not passed everything."""
    summary = summarize(_column([1.0] * 15, bounds=bounds))
    assert (summary.mean, summary.lower, summary.upper) == (1.0, 1.0, 1.0)
    assert summary.bounds == bounds


@pytest.mark.parametrize(
    ("values", "bounds", "expected"),
    [
        ([1.0, math.nan, 0.0], (0.0, 1.0), True),
        ([1.0, 0.5], (0.0, 1.0), False),
        ([math.nan], (0.0, 1.0), False),
        ([1.0, 0.0], (0.0, 5.0), False),
        ([1.0, 0.0], None, False),
    ],
)
def test_a_rate_has_bounds_and_values_of_0_and_1(
    values: list[float], bounds: tuple[float, float] | None, expected: bool
) -> None:
    """Both are needed, and at least one score."""
    assert is_rate(values, bounds) is expected


@given(st.lists(st.floats(1, 5), min_size=2, max_size=8), st.booleans())
def test_an_interval_stays_within_the_bounds(values: list[float], clustered: bool) -> None:
    """No mean lies beyond them; the mean lies within the interval."""
    clusters = [index // 2 for index in range(len(values))] if clustered else None
    summary = summarize(_column(values, bounds=(1.0, 5.0)), clusters=clusters)
    if summary.lower is None:  # one cluster only
        return
    assert summary.mean is not None
    assert summary.upper is not None
    assert 1 <= summary.lower <= summary.mean + 1e-9
    assert summary.mean - 1e-9 <= summary.upper <= 5


def test_an_interval_is_cut_at_its_bounds() -> None:
    """Where a t interval would reach below 0 milliseconds, it ends there."""
    values = [10.0, 20.0, 900.0]
    free, cut = mean_interval(values), summarize(_column(values, bounds=(0.0, math.inf)))
    assert free.lower is not None
    assert free.lower < 0
    assert (cut.lower, cut.upper) == (0.0, free.upper)


def test_a_metric_that_oversteps_its_bounds_keeps_its_mean() -> None:
    """Grades of 3 and 4 whose column forgot to say its scale do not end at 1."""
    summary = summarize(_column([3.0, 4.0, 3.0, 4.0]))
    assert summary.upper == 4.0
    assert summary.lower == mean_interval([3.0, 4.0, 3.0, 4.0]).lower


def test_clusters_widen_the_interval() -> None:
    """Examples of one cluster that agree count less than independent ones."""
    values, clusters = [0.1, 0.1, 0.9, 0.9, 0.4, 0.4], ["a", "a", "b", "b", "c", "c"]
    summary = summarize(_column(values, bounds=None), clusters=clusters)
    assert summary.lower == mean_interval(values, clusters=clusters).lower
    plain = summarize(_column(values))
    assert summary.stderr is not None
    assert plain.stderr is not None
    assert summary.stderr > plain.stderr


def test_clustered_passes_without_a_failure_are_not_certain() -> None:
    """Six passes in three clusters are worth three trials."""
    summary = summarize(_column([1.0] * 6), clusters=["a", "a", "b", "b", "c", "c"])
    assert summary.lower == pytest.approx(clopper_pearson_interval(3, 3).lower)
    assert summary.upper == 1.0


def test_nothing_scored_has_no_mean() -> None:
    """An empty column is not a mean of 0."""
    summary = summarize(_column([]))
    assert (summary.n, summary.mean, summary.stderr) == (0, None, None)
