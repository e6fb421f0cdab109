"""Scores of a corpus from sufficient statistics, on a metric made for the test."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.corpus import CorpusColumn, corpus_score, percentiles


def _ratio(sums: NDArray[np.float64]) -> float:
    """Return a ratio of sums, which the mean of the examples' ratios is not."""
    return float(sums[0] / sums[1])


def _column(rows: list[list[float]]) -> CorpusColumn:
    statistics = np.array(rows, dtype=np.float64)
    values = statistics[:, 0] / statistics[:, 1]
    return CorpusColumn("ratio", values, "ratio|v:1", statistics=statistics)


def test_the_value_is_that_of_the_sums() -> None:
    """1 of 1 and 1 of 9 are 2 of 10; the example that is not scored counts nothing."""
    column = _column([[1, 1], [1, 9], [np.nan, np.nan]])
    score = corpus_score(column, "ratio|v:1", _ratio, bootstrap=200, seed=7)
    assert score.value == pytest.approx(0.2)
    assert (score.name, score.n, score.seed) == ("ratio", 2, 7)
    assert (score.lower, score.upper) == pytest.approx((1 / 9, 1))


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 300 samples of 80, about 95% of the intervals hold the true ratio of 1/2."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        size = rng.integers(5, 20, 80)
        column = _column(np.stack([rng.binomial(size, 0.5), size], axis=1).tolist())
        score = corpus_score(column, "ratio|v:1", _ratio, bootstrap=300)
        assert score.lower is not None
        assert score.upper is not None
        held += score.lower <= 0.5 <= score.upper
    assert 0.90 <= held / 300 <= 0.98


def test_without_draws_or_with_one_cluster_there_is_no_interval() -> None:
    """None stands for it, and no seed is told that was not used."""
    column = _column([[1, 2], [1, 2]])
    for options in ({"bootstrap": 0}, {"clusters": ["a", "a"]}):
        score = corpus_score(column, "ratio|v:1", _ratio, **options)
        assert (score.value, score.lower, score.upper, score.seed) == (0.5, None, None, None)


def test_one_draw_and_missing_clusters_are_refused() -> None:
    """The message has the number."""
    column = _column([[1, 2], [1, 2]])
    with pytest.raises(MetricInputError, match="is 1; give 2 or more"):
        corpus_score(column, "ratio|v:1", _ratio, bootstrap=1)
    with pytest.raises(MetricInputError, match="1 clusters for 2"):
        corpus_score(column, "ratio|v:1", _ratio, clusters=["a"])


def test_draws_without_a_value_are_left_out_of_the_interval() -> None:
    """NaN is no value; where all are NaN there is no interval."""
    assert percentiles([np.nan, *range(41)]) == (1, 39)
    assert percentiles([np.nan]) == (None, None)
