"""Summaries of score columns."""

import math

import numpy as np
import pytest

from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats import mean_interval, wilson_interval
from evalhub.model import ScoreState


def _column(values: list[float], states: list[ScoreState] | None = None) -> ScoreColumn:
    return ScoreColumn("m", np.array(values), "m|v:1", states)


def test_what_is_not_scored_is_counted_by_its_state() -> None:
    """The mean is over the scored examples only."""
    states = [ScoreState.SCORED, ScoreState.ERRORED, ScoreState.UNPARSED, ScoreState.SKIPPED]
    summary = summarize(_column([0.5, *[math.nan] * 3], states))
    assert (summary.n, summary.errored, summary.unparsed, summary.skipped) == (1, 1, 1, 1)
    assert (summary.mean, summary.lower, summary.signature) == (0.5, None, "m|v:1")


def test_rates_get_a_wilson_interval() -> None:
    """Scores of 0 and 1 are passes and fails."""
    summary, wilson = summarize(_column([1, 0, 1, 1])), wilson_interval(3, 4)
    assert (summary.mean, summary.lower, summary.upper) == (0.75, wilson.lower, wilson.upper)


def test_clusters_widen_the_interval() -> None:
    """Examples of one cluster that agree count less than independent ones."""
    values, clusters = [0.1, 0.1, 0.9, 0.9, 0.4, 0.4], ["a", "a", "b", "b", "c", "c"]
    summary = summarize(_column(values), clusters=clusters)
    assert summary.lower == mean_interval(values, clusters=clusters).lower
    plain = summarize(_column(values))
    assert summary.stderr is not None
    assert plain.stderr is not None
    assert summary.stderr > plain.stderr


def test_clustered_passes_without_a_failure_are_not_certain() -> None:
    """Six passes in three clusters are worth three trials."""
    summary = summarize(_column([1.0] * 6), clusters=["a", "a", "b", "b", "c", "c"])
    assert summary.lower == pytest.approx(wilson_interval(3, 3).lower)
    assert summary.upper == 1.0


def test_nothing_scored_has_no_mean() -> None:
    """An empty column is not a mean of 0."""
    summary = summarize(_column([]))
    assert (summary.n, summary.mean, summary.stderr) == (0, None, None)
