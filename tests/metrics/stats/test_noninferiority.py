"""Decisions by interval: statsmodels' equivalence test, and error rates by simulation."""

import importlib
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    Conclusion,
    conclude,
    equivalence,
    mean_interval,
    missing_range,
    noninferiority,
    paired_difference,
    worst_case_difference,
    worst_case_mean,
)

_NAN = math.nan


@pytest.mark.parametrize(
    ("lower", "upper", "conclusion"),
    [
        (-0.02, 0.03, Conclusion.PASS),
        (-0.05, 0.03, Conclusion.PASS),
        (-0.051, 0.03, Conclusion.INCONCLUSIVE),
        (-0.2, -0.05, Conclusion.INCONCLUSIVE),
        (-0.2, -0.051, Conclusion.FAIL),
        (None, None, Conclusion.INCONCLUSIVE),
        (_NAN, 0.1, Conclusion.INCONCLUSIVE),
    ],
)
def test_the_interval_decides(
    lower: float | None, upper: float | None, conclusion: Conclusion
) -> None:
    """Pass from minus the margin on, fail below it, not known where it holds both."""
    assert noninferiority(lower, upper, margin=0.05) is conclusion


def test_a_floor_is_decided_in_the_same_way() -> None:
    """At least 0.8: the whole interval above, the whole below, or both."""
    assert conclude(0.81, 0.9, limit=0.8) is Conclusion.PASS
    assert conclude(0.7, 0.79, limit=0.8) is Conclusion.FAIL
    assert conclude(0.7, 0.9, limit=0.8) is Conclusion.INCONCLUSIVE


def test_a_candidate_at_the_margin_seldom_passes() -> None:
    """Truly worse by just the margin, over 4,000 runs 2.5% pass, and as many fail."""
    rng = np.random.default_rng(21)
    differences = rng.normal(-0.1, 0.3, (4_000, 30))
    middles = differences.mean(axis=1)
    margins = scipy_stats.t.ppf(0.975, 29) * scipy_stats.sem(differences, axis=1)
    found = [
        noninferiority(float(middle - margin), float(middle + margin), margin=0.1)
        for middle, margin in zip(middles, margins, strict=True)
    ]
    low, high = scipy_stats.binom.interval(0.9999, 4_000, 0.025)
    assert low <= found.count(Conclusion.PASS) <= high
    assert low <= found.count(Conclusion.FAIL) <= high


def test_passing_rates_at_the_margin_are_few() -> None:
    """With pass and fail, clusters and the paired interval as gates use them."""
    rng = np.random.default_rng(22)
    groups = np.repeat(np.arange(25), 4)
    passes = 0
    for _ in range(800):
        shift = -0.1 + rng.normal(0, 0.1, 25)[groups]
        second = shift + rng.normal(0, 0.3, 100)
        found = paired_difference(np.zeros(100), second, clusters=groups.tolist(), permutations=2)
        passes += noninferiority(found.lower, found.upper, margin=0.1) is Conclusion.PASS
    low, high = scipy_stats.binom.interval(0.9999, 800, 0.025)
    assert low <= passes <= high


@pytest.mark.parametrize("margin", [0.05, 0.15, 0.4])
def test_equivalence_is_that_of_statsmodels(margin: float) -> None:
    """The larger of two one-sided p-values, paired."""
    weights = importlib.import_module("statsmodels.stats.weightstats")
    rng = np.random.default_rng(9)
    baseline = rng.normal(0.5, 0.2, 40)
    candidate = baseline + rng.normal(0.02, 0.2, 40)
    expected, _, _ = weights.ttost_paired(candidate, baseline, -margin, margin)
    plain = mean_interval(candidate - baseline)
    assert plain.mean is not None
    assert plain.stderr is not None
    found = equivalence(plain.mean, plain.stderr, 39, margin=margin)
    assert found.p_value == pytest.approx(float(expected))
    narrow = mean_interval(candidate - baseline, confidence=0.9)
    assert (found.lower, found.upper) == pytest.approx((narrow.lower, narrow.upper))
    inside = -margin < found.lower and found.upper < margin
    assert (found.conclusion is Conclusion.PASS) == inside


def test_equivalence_fails_only_beyond_the_margin() -> None:
    """A difference that is surely too large fails, one that may be is not known."""
    assert equivalence(0.5, 0.01, 30, margin=0.1).conclusion is Conclusion.FAIL
    assert equivalence(-0.5, 0.01, 30, margin=0.1).conclusion is Conclusion.FAIL
    assert equivalence(0.1, 0.01, 30, margin=0.1).conclusion is Conclusion.INCONCLUSIVE
    assert equivalence(0.0, 0.0, 30, margin=0.1).conclusion is Conclusion.PASS
    assert equivalence(0.1, 0.0, 30, margin=0.1).conclusion is Conclusion.FAIL


def test_demands_that_cannot_be_are_refused() -> None:
    """Each message has the value."""
    with pytest.raises(MetricInputError, match=r"margin is -0\.1"):
        noninferiority(0.0, 0.1, margin=-0.1)
    with pytest.raises(MetricInputError, match=r"the interval is \[0\.2, 0\.1\]"):
        conclude(0.2, 0.1, limit=0.0)
    with pytest.raises(MetricInputError, match="margin is 0,"):
        equivalence(0.0, 0.1, 10, margin=0.0)
    with pytest.raises(MetricInputError, match="stderr is -1"):
        equivalence(0.0, -1.0, 10, margin=0.1)
    with pytest.raises(MetricInputError, match=r"level is 0\.7"):
        equivalence(0.0, 0.1, 10, margin=0.1, level=0.7)


def test_missing_scores_lie_within_the_bounds_or_what_was_seen() -> None:
    """An end without a bound is the least or greatest seen; nothing seen is not known."""
    assert missing_range([0.4, _NAN], (0.0, 1.0)) == (0.0, 1.0)
    assert missing_range([30.0, 70.0], (0.0, math.inf)) == (0.0, 70.0)
    assert missing_range([3.0, _NAN, 5.0], None) == (3.0, 5.0)
    assert math.isnan(missing_range([_NAN], None)[0])


_scores = st.lists(st.floats(0, 1) | st.just(_NAN), min_size=2, max_size=12)


@given(_scores, st.floats(0, 1))
def test_no_missing_score_lies_outside_the_worst_case(values: list[float], fill: float) -> None:
    """Whatever the missing scores were, their mean lies between the extreme means."""
    scores = np.array(values)
    found = worst_case_mean(scores, (0.0, 1.0))
    assert (found.n, found.missing) == (len(values), int(np.isnan(scores).sum()))
    assert found.lower is not None
    assert found.upper is not None
    mean = float(np.where(np.isnan(scores), fill, scores).mean())
    assert found.lower - 1e-12 <= mean <= found.upper + 1e-12


def test_worst_case_of_a_mean_fills_both_ways() -> None:
    """The lower end with zeros, the upper one with ones."""
    values, groups = [0.5, _NAN, 0.7, 0.9], ["a", "a", "b", "c"]
    found = worst_case_mean(values, (0.0, 1.0), clusters=groups)
    assert found.lower == mean_interval([0.5, 0.0, 0.7, 0.9], clusters=groups).lower
    assert found.upper == mean_interval([0.5, 1.0, 0.7, 0.9], clusters=groups).upper


def test_worst_case_of_a_difference_fills_each_side_its_own_way() -> None:
    """For the lower end the baseline gains and the candidate loses; pairs are counted once."""
    baseline, candidate = [0.0, _NAN, 1.0, 1.0], [1.0, _NAN, _NAN, 1.0]
    found = worst_case_difference(baseline, candidate, (0.0, 1.0), rate=True)
    worst = paired_difference([0, 1, 1, 1], [1, 0, 0, 1], rate=True)
    best = paired_difference([0, 0, 1, 1], [1, 1, 1, 1], rate=True)
    assert (found.lower, found.upper) == (worst.lower, best.upper)
    assert (found.n, found.missing) == (4, 2)


def test_a_candidate_does_not_gain_by_failing() -> None:
    """Dropping its ten worst answers moves a mean up, and the worst case down."""
    values = np.linspace(0.0, 1.0, 60)
    failing = np.where(values < values[10], _NAN, values)
    plain, dropped = mean_interval(values), mean_interval(failing)
    assert (dropped.lower or 0.0) > (plain.lower or 0.0)
    assert (worst_case_mean(failing, (0.0, 1.0)).lower or 0.0) < (plain.lower or 0.0)
