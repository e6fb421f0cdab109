"""What intervals and tests promise, held against simulated experiments.

Numbers of hits are bounded by binomial quantiles that a true rate leaves once in 10,000 runs; the
seeds are fixed.
"""

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.metrics.stats import (
    Interval,
    bootstrap_mean,
    clopper_pearson_interval,
    equivalence,
    jeffreys_interval,
    mean_interval,
    paired_difference,
    pass_at_k,
    wilson_interval,
)
from evalhub.metrics.stats.bootstrap import BootstrapMethod
from evalhub.metrics.stats.sample import Floats

_GROUPS = np.repeat(np.arange(12), 5)


def _clustered_noise(rng: np.random.Generator) -> Floats:
    """Return 60 values in 12 clusters, half of whose variance is the clusters'."""
    return rng.normal(size=12)[_GROUPS] + rng.normal(size=60)


def _holds(interval: Interval, truth: float) -> bool:
    assert interval.lower is not None
    assert interval.upper is not None
    return interval.lower <= truth <= interval.upper


def _likely(runs: int, rate: float) -> tuple[float, float]:
    low, high = scipy_stats.binom.interval(0.9999, runs, rate)
    return float(low), float(high)


def test_clustered_intervals_cover_as_promised() -> None:
    """Over 1,000 experiments, 95% intervals hold the truth in 95%.

    Taken for independent, the same values are covered far less often.
    """
    rng = np.random.default_rng(11)
    clustered = plain = 0
    for _ in range(1_000):
        values = _clustered_noise(rng)
        clustered += _holds(mean_interval(values, clusters=_GROUPS.tolist()), 0.0)
        plain += _holds(mean_interval(values), 0.0)
    low, high = _likely(1_000, 0.95)
    assert low <= clustered <= high
    assert plain < 850


def test_one_large_cluster_among_small_ones_does_not_fake_certainty() -> None:
    """60 examples of one author and 20 of others: the mean is the one author's, and says so."""
    rng, runs, held = np.random.default_rng(8), 400, 0
    groups = np.repeat(np.arange(21), [60] + [1] * 20)
    for _ in range(runs):
        values = rng.normal(0, 1, 21)[groups] + rng.normal(0, 0.5, 80)
        held += _holds(mean_interval(values, clusters=groups.tolist()), 0.0)
    # With C / (C - 1) and C - 1 degrees of freedom it was held in 23% of runs.
    assert held >= 0.92 * runs


def test_false_alarms_under_clustering_stay_at_their_level() -> None:
    """Equal systems are called different at p < 0.05 in about 5% of 600 experiments.

    Taken for independent, in more than 15%.
    """
    rng = np.random.default_rng(12)
    alarms = plain = 0
    for _ in range(600):
        values = _clustered_noise(rng)
        for clusters in (_GROUPS.tolist(), None):
            p_value = paired_difference(
                np.zeros(60), values, clusters=clusters, permutations=1_000
            ).p_value
            assert p_value is not None
            alarms += p_value < 0.05 and clusters is not None
            plain += p_value < 0.05 and clusters is None
    low, high = _likely(600, 0.05)
    assert low <= alarms <= high
    assert plain > 90


def test_paired_rate_intervals_cover_as_promised() -> None:
    """Bonett and Price's interval holds the true difference in at least 94% of 1,000 runs."""
    rng = np.random.default_rng(13)
    covered = 0
    for _ in range(1_000):
        first = rng.random(40) < 0.8
        second = np.where(rng.random(40) < 0.9, first, rng.random(40) < 0.5)
        found = paired_difference(first.astype(float), second.astype(float), rate=True)
        assert found.lower is not None
        assert found.upper is not None
        covered += found.lower <= 0.1 * (0.5 - 0.8) <= found.upper
    assert covered >= _likely(1_000, 0.95)[0]


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5, 0.93])
def test_rate_intervals_cover_as_promised(rate: float) -> None:
    """Counted exactly over all outcomes of 50: the exact interval in 95% or more.

    Wilson's and Jeffreys' in 90% or more, and on average over rates of 1% to 99% in 95%.
    """

    def coverage(interval: object, at: float) -> float:
        assert callable(interval)
        chances = scipy_stats.binom.pmf(np.arange(51), 50, at)
        held = [_holds(interval(k, 50), at) for k in range(51)]
        return float(chances @ held)

    assert coverage(clopper_pearson_interval, rate) >= 0.95
    for interval in (wilson_interval, jeffreys_interval):
        assert coverage(interval, rate) >= 0.90
        average = np.mean([coverage(interval, at) for at in np.linspace(0.01, 0.99, 40)])
        assert average == pytest.approx(0.95, abs=0.01)


def test_bootstraps_of_skewed_scores_cover_in_their_order() -> None:
    """Thirty log-normal values: the studentised one covers about 91%, BCa less, percentile least.

    All fall short of 95%, which is why each says when to believe it.
    """
    rng = np.random.default_rng(14)
    methods: list[BootstrapMethod] = ["studentized", "bca", "percentile"]
    covered = dict.fromkeys(methods, 0)
    for seed, values in enumerate(rng.lognormal(0.0, 1.0, (500, 30))):
        for method in methods:
            found = bootstrap_mean(values, resamples=600, seed=seed, method=method)
            covered[method] += _holds(found, float(np.exp(0.5)))
    assert _likely(500, 0.91)[0] <= covered["studentized"] <= _likely(500, 0.95)[1]
    assert covered["studentized"] > covered["bca"] >= covered["percentile"]
    assert covered["percentile"] < _likely(500, 0.95)[0]


@pytest.mark.parametrize("method", ["percentile", "bca", "studentized"])
def test_bootstraps_over_clusters_cover_as_promised(method: BootstrapMethod) -> None:
    """Forty clusters of unlike sizes: between 91% and 97%, and below 85% without clusters."""
    rng = np.random.default_rng(15)
    sizes = np.tile([1, 2, 3, 6], 10)
    groups = np.repeat(np.arange(40), sizes)
    clustered = plain = 0
    for seed in range(400):
        values = rng.normal(size=40)[groups] + rng.normal(0, 0.5, groups.size)
        kept = bootstrap_mean(
            values, clusters=groups.tolist(), resamples=500, seed=seed, method=method
        )
        clustered += _holds(kept, 0.0)
        plain += _holds(bootstrap_mean(values, resamples=500, seed=seed, method=method), 0.0)
    assert _likely(400, 0.93)[0] <= clustered <= _likely(400, 0.95)[1]
    assert plain < 340


def test_pass_at_k_intervals_cover_as_promised() -> None:
    """Sixty tasks of unlike difficulty, eight tries each: pass@3 is held in 95% of 500 runs."""
    rng = np.random.default_rng(16)
    # A rate drawn evenly from 0 to 1 fails three tries with chance 1/4.
    covered = 0
    for _ in range(500):
        passed = rng.binomial(8, rng.random(60))
        covered += _holds(pass_at_k(passed, np.full(60, 8), 3), 0.75)
    low, high = _likely(500, 0.95)
    assert low <= covered <= high


def test_equivalence_at_the_margin_is_seldom_claimed() -> None:
    """Systems that differ by just the margin pass as equivalent in 5% of 4,000 runs."""
    rng = np.random.default_rng(17)
    differences = rng.normal(0.1, 0.2, (4_000, 50))
    errors = scipy_stats.sem(differences, axis=1)
    claims = sum(
        equivalence(float(middle), float(error), 49, margin=0.1).conclusion.value == "pass"
        for middle, error in zip(differences.mean(axis=1), errors, strict=True)
    )
    low, high = _likely(4_000, 0.05)
    assert low <= claims <= high
