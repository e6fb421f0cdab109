"""Comparisons of two systems on the same examples, against scipy and statsmodels."""

import importlib
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import mcnemar, paired_difference


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


@pytest.mark.parametrize("mid_p", [True, False])
def test_mcnemar_of_very_many_disagreements_is_the_binomial_test(mid_p: bool) -> None:
    """Whole numbers of 15,000 digits would take minutes; the chance is the same."""
    losses, wins = 24_700, 25_300
    before = np.repeat([1.0, 0.0], [losses, wins])
    expected = float(scipy_stats.binomtest(losses, losses + wins).pvalue)
    if mid_p:
        expected -= float(scipy_stats.binom.pmf(losses, losses + wins, 0.5))
    assert mcnemar(before, 1 - before, mid_p=mid_p).p_value == pytest.approx(expected)


def test_tens_of_thousands_of_differences_take_the_normal_limit() -> None:
    """The draws would follow it; a few large ones among many small ones are still drawn."""
    differences = np.random.default_rng(2).normal(0.01, 1, 70_000)
    z = differences.sum() / math.sqrt(float(differences @ differences))
    found = paired_difference(np.zeros(70_000), differences).p_value
    assert found == pytest.approx(2 * scipy_stats.norm.sf(abs(z)))
    heavy = np.concatenate([differences * 1e-13, [1.0, 1.0, 1.0]])
    # Three of them count, and have one sign in two of eight draws.
    assert paired_difference(np.zeros(70_003), heavy).p_value == pytest.approx(0.25, abs=0.02)


def test_clusters_without_a_disagreement_are_not_certain() -> None:
    """Twelve tasks tried three times with equal answers say what twelve pairs say."""
    tries = np.repeat([1.0, 0.0] * 6, 3)
    found = paired_difference(tries, tries, rate=True, clusters=np.arange(12).repeat(3).tolist())
    alone = paired_difference(tries[::3], tries[::3], rate=True)
    assert (found.lower, found.upper) == (alone.lower, alone.upper)
    assert found.upper is not None
    assert found.upper > 0.1


def test_many_drawn_flips_agree_with_the_normal_limit() -> None:
    """Over 3,001 clusters, a number that no eight divide, p is nearly that of a normal test."""
    differences = np.random.default_rng(6).normal(0.02, 1.0, 3_001)
    result = paired_difference(np.zeros(3_001), differences, permutations=40_000)
    z = differences.sum() / math.sqrt(float(differences @ differences))
    expected = 2 * float(scipy_stats.norm.sf(abs(z)))
    assert 0.05 < expected < 0.5
    assert result.p_value == pytest.approx(expected, abs=0.01)
    with pytest.raises(MetricInputError, match="permutations is 0"):
        paired_difference([1.0, 2.0], [1.0, 2.5], permutations=0)


def test_a_drawn_p_value_is_never_zero() -> None:
    """What was seen is one of the draws: 999 others make p at least 1 in 1,000."""
    found = paired_difference(np.zeros(60), np.linspace(1.0, 2.0, 60), permutations=999)
    assert found.p_value == 0.001


@pytest.mark.parametrize(("losses", "wins"), [(2, 9), (0, 5), (4, 4), (0, 0), (30, 55)])
def test_mid_p_counts_half_of_what_was_seen(losses: int, wins: int) -> None:
    """The exact p less the chance of just this many of the rarer kind."""
    baseline, candidate = [1] * losses + [0] * wins, [0] * losses + [1] * wins
    fewer, n = min(losses, wins), losses + wins
    binomial = scipy_stats.binom(n, 0.5)
    expected = 2 * float(binomial.cdf(fewer)) - float(binomial.pmf(fewer))
    found = mcnemar(baseline, candidate, mid_p=True)
    assert found.p_value == pytest.approx(min(1.0, expected))
    assert found.p_value <= mcnemar(baseline, candidate).p_value


def test_mcnemar_is_that_of_statsmodels() -> None:
    """The exact test of a table of passes and fails."""
    tables = importlib.import_module("statsmodels.stats.contingency_tables")
    expected = tables.mcnemar([[50, 12], [27, 11]], exact=True).pvalue
    baseline, candidate = [1] * 62 + [0] * 38, [1] * 50 + [0] * 12 + [1] * 27 + [0] * 11
    assert mcnemar(baseline, candidate).p_value == pytest.approx(expected, rel=1e-12)
