"""Intervals and tests, against scipy and statsmodels and by simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    benjamini_hochberg,
    bootstrap_mean,
    mcnemar,
    mean_interval,
    minimum_detectable_effect,
    paired_difference,
    wilson_interval,
)

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
    """It equals the cluster-robust error of a regression on a constant."""
    linear = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(3)
    values, groups = rng.normal(size=60), rng.integers(0, 9, 60)
    fit = linear.OLS(values, np.ones(60)).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    clusters = len(set(groups.tolist()))
    expected = float(fit.bse[0]) * math.sqrt(clusters / (clusters - 1))
    assert mean_interval(values, clusters=groups.tolist()).stderr == pytest.approx(expected)


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


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9))
def test_p_value_is_scipys_exact_permutation(differences: list[float]) -> None:
    """With few pairs, all ways to flip the signs are counted."""
    differences = [round(value, 3) for value in differences]
    result = paired_difference([0.0] * len(differences), differences)
    expected = scipy_stats.permutation_test(
        (np.asarray(differences),), np.sum, permutation_type="samples", n_resamples=np.inf
    )
    assert result.p_value == pytest.approx(float(expected.pvalue), abs=1e-9)


def test_drawn_p_value_is_near_the_exact_one_and_repeats() -> None:
    """Twenty clusters are a million flips; ten thousand draws come close, seeded."""
    differences = np.random.default_rng(5).normal(0.3, 0.6, 20)
    exact = paired_difference(np.zeros(20), differences, permutations=2**20).p_value
    drawn = paired_difference(np.zeros(20), differences, seed=1)
    assert exact is not None
    assert drawn.p_value is not None
    assert drawn.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact / 10_000))
    assert drawn == paired_difference(np.zeros(20), differences, seed=1)


def test_pairs_with_a_missing_side_are_dropped_and_counted() -> None:
    """NaN on either side takes the pair, and only that pair, away."""
    result = paired_difference([0.1, math.nan, 0.3, 0.2], [0.2, 0.5, math.nan, 0.4])
    assert (result.n, result.dropped) == (2, 2)
    assert result.difference == pytest.approx(0.15)


def test_nothing_in_common_gives_no_difference() -> None:
    """No pair, no number."""
    result = paired_difference([math.nan], [1.0])
    assert (result.n, result.difference, result.p_value, result.lower) == (0, None, None, None)


def test_equal_systems_differ_by_nothing() -> None:
    """All differences 0: p is 1, and there is no effect size to name."""
    result = paired_difference([0.3, 0.4, 0.5], [0.3, 0.4, 0.5])
    assert (result.difference, result.p_value, result.effect_size) == (0.0, 1.0, None)


def test_effect_size_is_cohens_for_pairs() -> None:
    """Mean over standard deviation of the differences."""
    result = paired_difference([0.0, 0.0, 0.0], [0.1, 0.2, 0.3])
    assert result.effect_size == pytest.approx(2.0)


def test_lengths_must_agree() -> None:
    """Scores are paired by position, so neither side may be longer."""
    with pytest.raises(MetricInputError, match="2 baseline and 1 candidate"):
        paired_difference([1.0, 2.0], [1.0])
    with pytest.raises(MetricInputError, match="1 clusters for 2 scores"):
        mean_interval([1.0, 2.0], clusters=["a"])


def test_mcnemar_is_the_exact_binomial_test() -> None:
    """Two losses against nine wins; ties say nothing."""
    baseline = [1] * 2 + [0] * 9 + [1] * 5
    candidate = [0] * 2 + [1] * 9 + [1] * 5
    result = mcnemar(baseline, candidate)
    assert (result.n, result.only_baseline, result.only_candidate) == (16, 2, 9)
    assert result.p_value == pytest.approx(scipy_stats.binomtest(2, 11).pvalue)
    assert paired_difference(baseline, candidate, rate=True).p_value == result.p_value
    with pytest.raises(MetricInputError, match="0, 1 or NaN"):
        mcnemar([0.5], [1.0])


def test_pass_and_fail_without_disagreement_is_not_certain() -> None:
    """Five equal pairs leave an interval, where a t interval would be a point."""
    result = paired_difference([1, 0, 1, 1, 0], [1, 0, 1, 1, 0], rate=True)
    assert result.lower is not None
    assert result.upper is not None
    assert result.lower < -0.2
    assert result.upper > 0.2


def test_a_rate_is_told_and_not_guessed() -> None:
    """Zeros and ones that are no passes get a t interval; a rate of other values is refused."""
    grades = [1.0, 0.0, 1.0, 1.0, 0.0]
    result = paired_difference(grades, grades)
    assert (result.lower, result.upper, result.p_value) == (0.0, 0.0, 1.0)
    with pytest.raises(MetricInputError, match="0, 1 or NaN"):
        paired_difference([1.0, 2.0], [1.0, 0.0], rate=True)


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=20))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    """Benjamini and Hochberg's, in the order given."""
    expected = scipy_stats.false_discovery_control(p_values).tolist() if p_values else []
    assert benjamini_hochberg(p_values) == pytest.approx(expected)


@pytest.mark.parametrize("n", [8, 30, 500])
def test_minimum_effect_has_the_power_it_promises(n: int) -> None:
    """Statsmodels gives the t test about that power at that effect."""
    power = pytest.importorskip("statsmodels.stats.power")
    effect = minimum_detectable_effect(n, stddev=0.4)
    reached = power.TTestPower().power(effect / 0.4, n, 0.05)
    assert reached == pytest.approx(0.8, abs=0.015)


def test_minimum_effect_refuses_what_it_cannot_say() -> None:
    """One example has no variance; a power is a chance."""
    with pytest.raises(MetricInputError, match=r"1 example\(s\)"):
        minimum_detectable_effect(1, stddev=0.4)
    with pytest.raises(MetricInputError, match=r"power is 1\.5"):
        minimum_detectable_effect(9, stddev=0.4, power=1.5)
    with pytest.raises(MetricInputError, match="confidence is 95"):
        mean_interval([1.0, 2.0], confidence=95)
    with pytest.raises(MetricInputError, match="permutations is 0"):
        paired_difference([1.0, 2.0], [1.0, 2.5], permutations=0)


def test_bootstrap_agrees_with_the_t_interval_and_repeats() -> None:
    """On many values the two intervals are nearly one; the seed fixes the draws."""
    values = np.random.default_rng(2).normal(0.5, 0.2, 400)
    drawn, plain = bootstrap_mean(values, seed=4), mean_interval(values)
    assert drawn.lower == pytest.approx(plain.lower, abs=0.002)
    assert drawn.upper == pytest.approx(plain.upper, abs=0.002)
    assert drawn == bootstrap_mean(values, seed=4)
    assert drawn != bootstrap_mean(values, seed=5)
    clustered = bootstrap_mean(values, clusters=[i // 40 for i in range(400)])
    assert clustered.stderr == pytest.approx(
        mean_interval(values, clusters=[i // 40 for i in range(400)]).stderr, rel=0.15
    )


def _clustered_noise(rng: np.random.Generator) -> tuple[np.ndarray, list[int]]:
    """Return 60 values in 12 clusters, half of whose variance is the clusters'."""
    groups = np.repeat(np.arange(12), 5)
    return rng.normal(size=12)[groups] + rng.normal(size=60), groups.tolist()


def test_clustered_intervals_cover_as_promised() -> None:
    """Over 1,000 simulated experiments, 95% intervals hold the truth in 93% to 97%.

    Taken for independent, the same values are covered far less often.
    """
    rng = np.random.default_rng(11)
    clustered = plain = 0
    for _ in range(1_000):
        values, groups = _clustered_noise(rng)
        with_clusters, without = mean_interval(values, clusters=groups), mean_interval(values)
        assert with_clusters.lower is not None
        assert with_clusters.upper is not None
        assert without.lower is not None
        assert without.upper is not None
        clustered += with_clusters.lower <= 0 <= with_clusters.upper
        plain += without.lower <= 0 <= without.upper
    assert 930 <= clustered <= 970
    assert plain < 850


def test_false_alarms_under_clustering_stay_at_their_level() -> None:
    """Equal systems are called different at p < 0.05 in about 5% of 600 experiments."""
    rng = np.random.default_rng(12)
    alarms = 0
    for _ in range(600):
        values, groups = _clustered_noise(rng)
        result = paired_difference(np.zeros(60), values, clusters=groups)
        assert result.p_value is not None
        alarms += result.p_value < 0.05
    assert 12 <= alarms <= 48  # 30 expected, standard deviation 5.3


def test_pass_fail_intervals_cover_as_promised() -> None:
    """Bonett and Price's interval holds the true difference in at least 93% of 1,000 runs."""
    rng = np.random.default_rng(13)
    covered = 0
    for _ in range(1_000):
        first = rng.random(40) < 0.8
        second = np.where(rng.random(40) < 0.9, first, rng.random(40) < 0.5)
        truth = 0.1 * (0.5 - 0.8)
        result = paired_difference(first.astype(float), second.astype(float), rate=True)
        assert result.lower is not None
        assert result.upper is not None
        covered += result.lower <= truth <= result.upper
    assert covered >= 930
