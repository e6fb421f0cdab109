"""Sizes of effects, against scipy's distributions and Brunner and Munzel's test."""

import importlib
import math
from collections.abc import Iterable

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    Estimate,
    cliffs_delta,
    cohens_dz,
    hedges_g,
    mean_interval,
    probability_of_superiority,
)
from evalhub.metrics.stats.sample import Floats

_RNG = np.random.default_rng(8)
_BASELINE, _CANDIDATE = _RNG.normal(0.5, 0.2, 24), _RNG.normal(0.6, 0.2, 24)


def _values(estimates: Iterable[Estimate]) -> Floats:
    return np.array([one.value for one in estimates], dtype=np.float64)


def test_dz_is_the_paired_t_over_root_n() -> None:
    """And its ends are the effects at which that t is the 2.5% and the 97.5% quantile."""
    found = cohens_dz(_BASELINE, _CANDIDATE)
    t = float(scipy_stats.ttest_rel(_CANDIDATE, _BASELINE).statistic)
    assert found.value == pytest.approx(t / math.sqrt(24))
    assert found.lower is not None
    assert found.upper is not None
    for end, tail in ((found.lower, 0.975), (found.upper, 0.025)):
        assert scipy_stats.nct.cdf(t, 23, end * math.sqrt(24)) == pytest.approx(tail, abs=1e-5)


def test_hedges_correction_takes_the_bias_out() -> None:
    """Over 4,000 samples of 8, the mean of corrected dz is the true effect and not 11% more."""
    rng = np.random.default_rng(1)
    rows = rng.normal(0.5, 1.0, (4_000, 8))
    plain = _values(cohens_dz(np.zeros(8), row) for row in rows)
    unbiased = _values(cohens_dz(np.zeros(8), row, unbiased=True) for row in rows)
    stderr = float(unbiased.std()) / math.sqrt(4_000)
    assert float(unbiased.mean()) == pytest.approx(0.5, abs=4 * stderr)
    assert float(plain.mean()) > 0.5 + 4 * stderr


def test_g_is_that_of_statsmodels() -> None:
    """The value to its approximation of the correction; the ends by the noncentral t."""
    meta = importlib.import_module("statsmodels.stats.meta_analysis")
    first, second = _BASELINE[:10], _CANDIDATE
    expected, _ = meta.effectsize_smd(
        second.mean(), second.std(ddof=1), 24, first.mean(), first.std(ddof=1), 10
    )
    found = hedges_g(first, second)
    assert found.value == pytest.approx(expected, rel=1e-3)
    assert found.lower is not None
    t = float(scipy_stats.ttest_ind(second, first).statistic)
    correction = found.value / (t * math.sqrt(1 / 10 + 1 / 24)) if found.value else math.nan
    shift = found.lower / correction / math.sqrt(1 / 10 + 1 / 24)
    assert scipy_stats.nct.cdf(t, 32, shift) == pytest.approx(0.975, abs=1e-5)


def test_no_spread_has_no_standardised_effect() -> None:
    """Constant differences, constant sides and single scores give None."""
    assert cohens_dz([0.1, 0.2, 0.3], [0.2, 0.3, 0.4]).value is None
    assert cohens_dz([], []).value is None
    assert cohens_dz([0.1], [0.2]).value is None
    assert hedges_g([0.1, 0.1], [0.4, 0.4]).value is None
    assert hedges_g([0.1], [0.4, 0.5]).value is None
    with pytest.raises(MetricInputError, match="1 baseline and 2 candidate"):
        cohens_dz([0.1], [0.2, 0.3])


def test_superiority_is_the_share_of_examples_won() -> None:
    """Ties count one half, NaN is dropped, clusters widen the interval."""
    baseline = [0.1, 0.5, 0.9, 0.4, math.nan, 0.2]
    candidate = [0.2, 0.5, 0.1, 0.6, 0.9, 0.3]
    found = probability_of_superiority(baseline, candidate)
    assert found.n == 5
    assert found.value == pytest.approx(3.5 / 5)
    assert (found.lower or 0.0) >= 0
    assert found.upper == 1.0
    wins = (_CANDIDATE > _BASELINE).astype(float)
    groups = [i // 3 for i in range(24)]
    assert probability_of_superiority([0.1], [0.2]).lower is None
    clustered = probability_of_superiority(_BASELINE, _CANDIDATE, clusters=groups)
    assert clustered.stderr == mean_interval(wins, clusters=groups).stderr


@pytest.mark.parametrize("rounded", [False, True])
def test_delta_is_brunner_and_munzels(rounded: bool) -> None:
    """Delta over its error is their statistic, with and without ties."""
    first, second = _BASELINE[:15], _CANDIDATE
    if rounded:
        first, second = first.round(1), second.round(1)
    test = scipy_stats.brunnermunzel(first, second)
    greater = (second[:, np.newaxis] > first).mean() - (second[:, np.newaxis] < first).mean()
    found = cliffs_delta(first, second)
    assert found.value == pytest.approx(float(greater))
    assert found.value is not None
    assert found.stderr is not None
    assert found.value / found.stderr == pytest.approx(float(test.statistic))
    assert found.lower is not None
    assert (found.lower > 0) == (test.pvalue < 0.05 and found.value > 0)


def test_delta_of_disjoint_scores_is_one() -> None:
    """All above is 1, all below -1; nothing scored is None; the ends stay within."""
    assert cliffs_delta([0.1, 0.2], [0.8, 0.9]).value == 1.0
    assert cliffs_delta([0.8, 0.9], [0.1, 0.2, math.nan]).value == -1.0
    assert cliffs_delta([math.nan], [0.1, 0.2]).value is None
    wide = cliffs_delta([0.1, 0.9, 0.5], [0.2, 0.8, 0.7])
    assert (wide.lower, wide.upper) == (-1.0, 1.0)


def test_delta_widens_with_clusters() -> None:
    """Scores that come in alike pairs count once: doubling them adds no certainty."""
    once = cliffs_delta(_BASELINE, _CANDIDATE)
    labels = [i // 2 for i in range(48)]
    twice = cliffs_delta(
        np.repeat(_BASELINE, 2),
        np.repeat(_CANDIDATE, 2),
        baseline_clusters=[f"b{label}" for label in labels],
        candidate_clusters=[f"c{label}" for label in labels],
    )
    assert twice.value == pytest.approx(once.value)
    assert twice.stderr == pytest.approx(once.stderr)
