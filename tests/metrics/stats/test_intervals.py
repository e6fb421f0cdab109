"""Means, rates and their intervals, against scipy and statsmodels."""

import importlib
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    clopper_pearson_interval,
    difference_of_means,
    jeffreys_interval,
    mean_interval,
    wilson_interval,
)
from evalhub.metrics.stats.sample import Floats, Numbers

_values = st.lists(st.floats(-5, 5), min_size=2, max_size=30)


@settings(deadline=None)
@given(_values)
def test_mean_interval_is_scipys_t_interval(values: list[float]) -> None:
    """Without clusters it is the interval of the t distribution."""
    interval = mean_interval(values)
    stderr = float(scipy_stats.sem(values))
    assert interval.stderr == pytest.approx(stderr, abs=1e-12)
    margin = stderr * float(scipy_stats.t.ppf(0.975, len(values) - 1))
    assert interval.upper == pytest.approx(np.mean(values) + margin, abs=1e-9)


def test_clustered_error_is_that_of_statsmodels() -> None:
    """For clusters of one size it is the robust error of a regression on a constant."""
    linear = importlib.import_module("statsmodels.api")
    rng = np.random.default_rng(3)
    values, groups = rng.normal(size=54), np.arange(54) % 9
    fit = linear.OLS(values, np.ones(54)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    clusters = len(set(groups.tolist()))
    expected = float(fit.bse[0]) * math.sqrt(clusters / (clusters - 1))
    assert mean_interval(values, clusters=groups.tolist()).stderr == pytest.approx(expected)


def by_matrices(values: Floats, groups: Numbers) -> tuple[float, float]:
    """Return CR2 and its degrees of freedom as they are defined, by whole matrices."""
    n = len(values)
    residual = np.eye(n) - np.full((n, n), 1 / n)
    variance, rows = 0.0, []
    for group in np.unique(groups):
        inside = np.flatnonzero(groups == group)
        powers, axes = np.linalg.eigh(residual[np.ix_(inside, inside)])
        adjusted = axes @ np.diag(powers**-0.5) @ axes.T
        rows.append(np.ones(inside.size) @ adjusted @ residual[inside] / n)
        variance += float(rows[-1] @ values) ** 2
    spread = np.array(rows) @ np.array(rows).T
    return math.sqrt(variance), float(np.trace(spread) ** 2 / np.trace(spread @ spread))


@pytest.mark.parametrize("sizes", [(3, 3, 3), (1, 2, 7), (12, 1, 1, 1, 1, 1), (2, 5, 3, 9)])
def test_error_over_uneven_clusters_is_that_of_the_definition(sizes: tuple[int, ...]) -> None:
    """CR2 with Bell and McCaffrey's degrees of freedom, without the matrices."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    values = np.random.default_rng(5).normal(size=groups.size)
    stderr, degrees = by_matrices(values, groups)
    found = mean_interval(values, clusters=groups.tolist())
    margin = stderr * float(scipy_stats.t.ppf(0.975, degrees))
    assert found.stderr == pytest.approx(stderr)
    assert found.upper == pytest.approx(values.mean() + margin)


def test_one_example_a_cluster_changes_nothing() -> None:
    """Clusters of one are independent examples."""
    values = [0.1, 0.5, 0.9, 0.3]
    assert mean_interval(values, clusters="abcd") == mean_interval(values)


def test_too_few_values_give_no_interval() -> None:
    """One value, or one cluster, has a mean; nothing has none."""
    assert mean_interval([0.4, math.nan]).mean == pytest.approx(0.4)
    assert mean_interval([0.4, math.nan]).lower is None
    assert mean_interval([0.4, 0.6], clusters=["a", "a"]).stderr is None
    assert (mean_interval([math.nan]).n, mean_interval([]).mean) == (0, None)


def test_no_variance_gives_a_point() -> None:
    """Alike values have an error of 0, not a failure."""
    interval = mean_interval([0.25] * 5)
    assert (interval.lower, interval.upper, interval.stderr) == (0.25, 0.25, 0.0)


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (1, 1), (70, 99)])
def test_wilson_is_that_of_scipy(successes: int, n: int) -> None:
    """Bounds equal scipy's and stay within 0 and 1."""
    expected = scipy_stats.binomtest(successes, n).proportion_ci(method="wilson")
    interval = wilson_interval(successes, n)
    assert interval.lower == pytest.approx(expected.low, abs=1e-12)
    assert interval.upper == pytest.approx(expected.high, abs=1e-12)
    assert interval.lower is not None
    assert 0 <= interval.lower <= successes / n


def test_wilson_refuses_more_successes_than_trials() -> None:
    """The message has both."""
    with pytest.raises(MetricInputError, match="3 successes among 2"):
        wilson_interval(3, 2)
    assert wilson_interval(0, 0).mean is None


_COUNTS = [(0, 10), (3, 10), (10, 10), (1, 1), (70, 99)]


@pytest.mark.parametrize(("successes", "n"), _COUNTS)
def test_the_exact_interval_is_that_of_scipy(successes: int, n: int) -> None:
    """Clopper and Pearson's ends, also where all or none pass."""
    expected = scipy_stats.binomtest(successes, n).proportion_ci(0.9, method="exact")
    interval = clopper_pearson_interval(successes, n, confidence=0.9)
    assert interval.mean == successes / n
    assert interval.lower == pytest.approx(expected.low, abs=1e-12)
    assert interval.upper == pytest.approx(expected.high, abs=1e-12)


@pytest.mark.parametrize(("successes", "n"), [(3, 10), (70, 99), (1, 4)])
def test_jeffreys_interval_is_that_of_statsmodels(successes: int, n: int) -> None:
    """Quantiles of the beta posterior; 0 and 1 where none or all pass."""
    proportion = importlib.import_module("statsmodels.stats.proportion")
    low, high = proportion.proportion_confint(successes, n, method="jeffreys")
    interval = jeffreys_interval(successes, n)
    assert interval.lower == pytest.approx(low, abs=1e-12)
    assert interval.upper == pytest.approx(high, abs=1e-12)
    assert (jeffreys_interval(0, n).lower, jeffreys_interval(n, n).upper) == (0.0, 1.0)


def test_rates_of_nothing_and_impossible_rates() -> None:
    """No trial has no rate; more successes than trials are refused."""
    for interval in (clopper_pearson_interval, jeffreys_interval):
        assert interval(0, 0).mean is None
        with pytest.raises(MetricInputError, match="-1 successes among 2"):
            interval(-1, 2)


@settings(deadline=None)
@given(_values, _values)
def test_unpaired_difference_is_scipys_welch(baseline: list[float], candidate: list[float]) -> None:
    """Without clusters: Welch's t, its degrees of freedom, interval and p."""
    assume(min(np.ptp(baseline), np.ptp(candidate)) > 1e-3)  # scipy warns of lost digits
    found = difference_of_means(baseline, candidate)
    expected = scipy_stats.ttest_ind(candidate, baseline, equal_var=False)
    interval = expected.confidence_interval()
    assert found.degrees == pytest.approx(float(expected.df), rel=1e-6)
    assert found.p_value == pytest.approx(float(expected.pvalue), abs=1e-9)
    assert found.lower == pytest.approx(float(interval.low), abs=1e-7)
    assert found.upper == pytest.approx(float(interval.high), abs=1e-7)


def test_unpaired_difference_knows_clusters_on_both_sides() -> None:
    """For clusters of one size it is the robust error of a regression on a side's indicator."""
    linear = importlib.import_module("statsmodels.api")
    rng = np.random.default_rng(4)
    groups, side = np.arange(200) % 10, np.repeat([0, 1], 100)
    values = rng.normal(size=10)[groups] + rng.normal(size=200) + 0.3 * side
    fit = linear.OLS(values, linear.add_constant(side)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    found = difference_of_means(
        values[:100],
        values[100:],
        baseline_clusters=groups[:100].tolist(),
        candidate_clusters=groups[100:].tolist(),
    )
    assert found.difference == pytest.approx(float(fit.params[1]))
    assert found.stderr == pytest.approx(float(fit.bse[1]) * math.sqrt(10 / 9))


def test_unpaired_difference_drops_what_is_not_scored() -> None:
    """NaN goes with its cluster label; a side with nothing, or one value, gives no interval."""
    nan = math.nan
    found = difference_of_means(
        [1.0, nan, 2.0, 4.0],
        [3.0, 5.0, nan],
        baseline_clusters=["a", "x", "b", "b"],
        candidate_clusters=["c", "d", "y"],
    )
    dropped = difference_of_means(
        [1.0, 2.0, 4.0],
        [3.0, 5.0],
        baseline_clusters=["a", "b", "b"],
        candidate_clusters=["c", "d"],
    )
    assert found == dropped
    assert difference_of_means([nan], [1.0, 2.0]).difference is None
    assert difference_of_means([1.0], [1.0, 2.0]).difference == pytest.approx(0.5)
    assert difference_of_means([1.0], [1.0, 2.0]).stderr is None
    same = difference_of_means([1.0, 1.0], [1.0, 1.0])
    assert (same.difference, same.p_value) == (0.0, 1.0)


def test_clusters_are_given_for_both_sides_or_none() -> None:
    """Half a design is an error, and so is a label short."""
    with pytest.raises(MetricInputError, match="only one side has clusters"):
        difference_of_means([1.0, 2.0], [1.0, 2.0], baseline_clusters=["a", "b"])
    with pytest.raises(MetricInputError, match="1 clusters for 2 scores"):
        mean_interval([1.0, 2.0], clusters=["a"])
    with pytest.raises(MetricInputError, match="3 clusters for 2 scores"):
        difference_of_means(
            [1.0, 2.0], [3.0, 4.0], baseline_clusters=["a", "b", "c"], candidate_clusters=["d"]
        )
    with pytest.raises(MetricInputError, match="confidence is 95"):
        mean_interval([1.0, 2.0], confidence=95)
