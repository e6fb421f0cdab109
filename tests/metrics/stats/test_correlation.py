"""Correlations and their intervals, against scipy on the very same draws."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    CorrelationMethod,
    correlation,
    correlations_by_group,
    mean_interval,
    summary_level,
    system_level,
    williams_test,
)

_RNG = np.random.default_rng(14)
_HUMAN = _RNG.integers(1, 6, 60).astype(float)
_SCORES = _HUMAN + _RNG.normal(0, 1.5, 60)
_SCIPY: dict[CorrelationMethod, Callable[..., Any]] = {
    "pearson": scipy_stats.pearsonr,
    "spearman": scipy_stats.spearmanr,
    "kendall": scipy_stats.kendalltau,
}


@pytest.mark.parametrize("method", list(_SCIPY))
def test_values_and_ends_are_scipys(method: CorrelationMethod) -> None:
    """The coefficient, and the percentile bootstrap over pairs drawn from the same generator."""
    measure = _SCIPY[method]
    expected = scipy_stats.bootstrap(
        (_SCORES, _HUMAN),
        lambda x, y: measure(x, y).statistic,
        paired=True,
        vectorized=False,
        n_resamples=200,
        method="percentile",
        rng=np.random.default_rng(3),
    )
    found = correlation(_SCORES, _HUMAN, method=method, resamples=200, seed=3)
    assert found.value == pytest.approx(float(measure(_SCORES, _HUMAN).statistic))
    assert found.lower == pytest.approx(float(expected.confidence_interval.low))
    assert found.upper == pytest.approx(float(expected.confidence_interval.high))
    assert found.stderr == pytest.approx(float(expected.standard_error))


def test_whole_clusters_are_drawn() -> None:
    """Rows repeated as a cluster add no certainty."""
    once = correlation(_SCORES, _HUMAN, resamples=300)
    labels = [i // 3 for i in range(180)]
    scores, human = np.repeat(_SCORES, 3), np.repeat(_HUMAN, 3)
    clustered = correlation(scores, human, clusters=labels, resamples=300)
    assert clustered.lower == pytest.approx(once.lower)
    assert clustered.upper == pytest.approx(once.upper)
    alone = correlation(scores, human, resamples=300)
    assert (alone.stderr or 1.0) < 0.7 * (once.stderr or 0.0)


def test_a_constant_side_has_no_correlation() -> None:
    """None and not 0; rows with NaN are dropped; one cluster leaves a value alone."""
    assert correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]).value is None
    assert correlation([], []).value is None
    found = correlation([1.0, math.nan, 2.0, 3.0], [1.0, 5.0, 3.0, math.nan], method="pearson")
    assert found.n == 2
    assert found.value == pytest.approx(1.0)
    assert correlation([1.0, 1.0], [1.0, 2.0], method="kendall").value is None
    two = correlation([1.0, 2.0], [1.0, 2.0], resamples=2, seed=1)
    assert (two.value, two.lower) == (1.0, None)
    single = correlation([1.0, 2.0, 4.0], [1.0, 3.0, 2.0], clusters=["a"] * 3)
    assert single.value == pytest.approx(0.5)
    assert single.lower is None


@pytest.mark.parametrize("method", ["spearman", "kendall"])
def test_summary_level_averages_over_documents(method: CorrelationMethod) -> None:
    """A loop of scipy's over the documents, those with constant scores left out."""
    groups = [f"document {i % 12}" for i in range(60)]
    human = _HUMAN.copy()
    human[::12] = 3.0
    expected = [
        _SCIPY[method](_SCORES[start::12], human[start::12]).statistic for start in range(1, 12)
    ]
    assert summary_level(_SCORES, human, groups, method) == pytest.approx(np.mean(expected))
    each = correlations_by_group(_SCORES, human, groups, method=method)
    assert np.isnan(each[0])
    assert each[1:] == pytest.approx(expected)
    assert mean_interval(each).n == 11
    assert math.isnan(summary_level([1.0, 1.0], [1.0, 2.0], ["a", "a"]))


def test_system_level_is_of_the_means() -> None:
    """Each system's mean scores, ranked."""
    systems = ["a", "b", "c", "d"] * 15
    left, right = _SCORES.reshape(15, 4).mean(axis=0), _HUMAN.reshape(15, 4).mean(axis=0)
    expected = scipy_stats.kendalltau(left, right).statistic
    assert system_level(_SCORES, _HUMAN, systems) == pytest.approx(expected)
    assert math.isnan(system_level([1.0, 2.0], [1.0, 2.0], ["a", "a"]))


def test_williams_test_gives_steigers_example() -> None:
    """Correlations .5 and .4 with .1 between, n = 103: t is 0.89, p 0.37 (R's psych, r.test)."""
    found = williams_test(0.5, 0.4, 0.1, 103)
    assert (round(found.t, 2), found.degrees, round(found.p_value, 2)) == (0.89, 100, 0.37)
    assert williams_test(0.4, 0.5, 0.1, 103).t == pytest.approx(-found.t)
    assert williams_test(0.4, 0.4, 0.1, 103).p_value == 1.0


def test_williams_test_seldom_errs() -> None:
    """Two metrics that follow people equally well are told apart in 5% of 4,000 samples."""
    rng = np.random.default_rng(15)
    truth = rng.normal(size=(4_000, 40))
    first, second = (truth + rng.normal(size=truth.shape) for _ in range(2))
    alarms = 0
    for person, one, two in zip(truth, first, second, strict=True):
        table = np.corrcoef([person, one, two])
        alarms += williams_test(table[0, 1], table[0, 2], table[1, 2], 40).p_value < 0.05
    low, high = scipy_stats.binom.interval(0.9999, 4_000, 0.05)
    assert low <= alarms <= high


def test_inputs_that_do_not_fit_are_refused() -> None:
    """Each message has the value."""
    with pytest.raises(MetricInputError, match="method is 'tau'"):
        correlation([1.0], [1.0], method="tau")  # type: ignore[arg-type]  # refused
    with pytest.raises(MetricInputError, match="2 scores and 1 human scores"):
        summary_level([1.0, 2.0], [1.0], ["a", "a"])
    with pytest.raises(MetricInputError, match="1 clusters for 2 scores"):
        system_level([1.0, 2.0], [1.0, 2.0], ["a"])
    with pytest.raises(MetricInputError, match="resamples is 0"):
        correlation([1.0, 2.0], [1.0, 2.0], resamples=0)
    with pytest.raises(MetricInputError, match="3 rows are too few"):
        williams_test(0.1, 0.2, 0.3, 3)
    with pytest.raises(MetricInputError, match=r"correlations 0\.9, -0\.9 and 0\.9"):
        williams_test(0.9, -0.9, 0.9, 30)
    with pytest.raises(MetricInputError, match="two different metrics"):
        williams_test(0.5, 0.5, 1.0, 30)
