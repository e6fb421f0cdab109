"""Rates over clusters: for independent examples exact, and how often they hold the truth."""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import clopper_pearson_interval, clustered_rate_interval


@pytest.mark.parametrize("passes", [0, 3, 20])
def test_independent_examples_have_the_exact_interval(passes: int) -> None:
    """A cluster each, or none, is Clopper and Pearson's."""
    values = [1.0] * passes + [0.0] * (20 - passes)
    expected = clopper_pearson_interval(passes, 20)
    found = clustered_rate_interval(values)
    assert (found.lower, found.upper) == pytest.approx((expected.lower, expected.upper))
    assert clustered_rate_interval(values, clusters=range(20)) == found


def test_clusters_that_are_each_all_alike_count_once() -> None:
    """Ten authors who pass or fail throughout are no more than ten trials, and not fifty."""
    values = np.repeat([1.0] * 7 + [0.0] * 3, 5)
    found = clustered_rate_interval(values, clusters=np.arange(10).repeat(5).tolist())
    near = clopper_pearson_interval(7, 10)
    assert found.lower == pytest.approx(near.lower, abs=0.08)
    assert found.upper == pytest.approx(near.upper, abs=0.08)
    same = clustered_rate_interval(np.ones(50), clusters=np.arange(10).repeat(5).tolist())
    assert same.lower == pytest.approx(clopper_pearson_interval(10, 10).lower)


def test_too_little_gives_no_interval() -> None:
    """Nothing, one cluster, and what is no rate."""
    assert clustered_rate_interval([]).mean is None
    assert clustered_rate_interval([1.0, 0.0], clusters="aa").lower is None
    with pytest.raises(MetricInputError, match="a rate is of passes and fails"):
        clustered_rate_interval([0.5])


@pytest.mark.parametrize("rate", [0.8, 0.95])
def test_each_end_misses_as_seldom_as_promised_near_one(rate: float) -> None:
    """Over 25 clusters of four; the t interval's lower end is missed far more often near 1."""
    rng, runs, clusters = np.random.default_rng(4), 600, np.arange(25).repeat(4)
    missed = np.zeros(2)
    for _ in range(runs):
        chances = rng.beta(rate * 6, (1 - rate) * 6, 25).repeat(4)
        found = clustered_rate_interval(rng.random(100) < chances, clusters=clusters.tolist())
        assert found.lower is not None
        assert found.upper is not None
        missed += found.lower > rate, found.upper < rate
    # Their errors are only estimated: one and a half times the nominal rate is allowed.
    assert (missed <= scipy_stats.binom.ppf(0.999, runs, 0.0375)).all()
