"""Exact intervals of rates and of percentiles, against scipy and by counting all outcomes."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evalhub.evals.gates.exact import exact_difference
from evalhub.evals.gates.percentile import percentile_interval
from evalhub.metrics.stats import clustered_rate_interval


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.integers(0, 50).map(float), min_size=1, max_size=200),
    share=st.sampled_from([0.05, 0.5, 0.9, 0.95]),
)
def test_a_percentile_has_the_order_statistics_that_scipy_gives(
    values: list[float], share: float
) -> None:
    """Ties and small samples too; where scipy has no end (NaN), ours is the outermost."""
    lower, upper = percentile_interval(np.array(values), share)
    expected = stats.quantile_test(values, p=share).confidence_interval(0.95)
    if not math.isnan(expected.low):
        assert lower == expected.low
    else:
        assert lower == min(values)
    assert upper == (math.inf if math.isnan(expected.high) else expected.high)


def test_a_clustered_percentile_is_less_certain() -> None:
    """Ten answers of each of thirty users are no three hundred users."""
    rng = np.random.default_rng(0)
    user = rng.lognormal(0, 1, 30).repeat(10)
    values = user * rng.lognormal(0, 0.05, 300)
    clusters = [str(index // 10) for index in range(300)]
    plain, clustered = (percentile_interval(values, 0.5, clusters=one) for one in (None, clusters))
    assert clustered[0] < plain[0] < plain[1] < clustered[1]


def test_a_clustered_percentile_covers() -> None:
    """The median of 40 users with 3 answers each is held by the interval in some 95% of runs."""
    rng, runs, held = np.random.default_rng(1), 300, 0
    clusters = [str(index // 3) for index in range(120)]
    for _ in range(runs):
        values = rng.normal(0, 1, 40).repeat(3) + rng.normal(0, 0.5, 120)
        lower, upper = percentile_interval(values, 0.5, clusters=clusters)
        held += lower <= 0 <= upper
    assert held / runs >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


def test_nothing_is_said_of_values_that_are_not_known() -> None:
    """No value, or one that is missing, gives no end."""
    for values in ([], [1.0, math.nan]):
        assert all(math.isnan(end) for end in percentile_interval(np.array(values), 0.5))


def test_an_exact_rate_is_clopper_and_pearson_s() -> None:
    """Equal to scipy's."""
    expected = stats.binomtest(7, 20).proportion_ci(0.95, method="exact")
    found = clustered_rate_interval([1.0] * 7 + [0.0] * 13)
    assert (found.lower, found.upper) == pytest.approx((expected.low, expected.high))
    assert clustered_rate_interval([1.0] * 7 + [0.0] * 13, clusters=range(20)) == found


@pytest.mark.parametrize("wins", [0.05, 0.3])
@pytest.mark.parametrize("losses", [0.05, 0.2])
def test_an_exact_difference_never_misses_more_than_promised(wins: float, losses: float) -> None:
    """Over all outcomes of 25 pairs each end misses in at most 2.5%."""
    n, truth = 25, wins - losses
    too_high = too_low = 0.0
    law = stats.multinomial(n, [wins, losses, 1 - wins - losses])
    for won, lost in itertools.product(range(n + 1), repeat=2):
        if won + lost > n:
            continue
        before = np.array([0.0] * won + [1.0] * lost + [1.0] * (n - won - lost))
        after = np.array([1.0] * won + [0.0] * lost + [1.0] * (n - won - lost))
        lower, upper = exact_difference(before, after, 0.95)
        assert lower is not None
        assert upper is not None
        chance = float(law.pmf([won, lost, n - won - lost]))
        too_high += chance * (lower > truth)
        too_low += chance * (upper < truth)
    assert too_high <= 0.025
    assert too_low <= 0.025


def test_an_exact_difference_is_0_only_where_mcnemar_could_say_so() -> None:
    """Eight wins against none show a gain; four do not, as no test of four could."""
    for won, shows in ((4, False), (8, True)):
        before, after = np.zeros(40), np.array([1.0] * won + [0.0] * (40 - won))
        lower, _ = exact_difference(before, after, 0.95)
        assert lower is not None
        assert (lower > 0) is shows


def test_a_missing_pass_is_put_at_its_worst() -> None:
    """For the lower end the baseline passed and the candidate failed."""
    before, after = np.zeros(40), np.array([math.nan] + [0.0] * 39)
    known = exact_difference(np.array([1.0] + [0.0] * 39), np.zeros(40), 0.95)
    assert exact_difference(np.array([math.nan] + [0.0] * 39), after, 0.95)[0] == known[0]
    assert exact_difference(before, after, 0.95)[0] == exact_difference(before, before, 0.95)[0]
