"""pass@k and pass^k, by counting every subset of the tries."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    count_passes,
    mean_interval,
    pass_at_k,
    pass_hat_k,
    passes_at_k,
    passes_hat_k,
    wilson_interval,
)


@given(st.lists(st.booleans(), min_size=1, max_size=8), st.integers(1, 8))
def test_both_are_shares_of_the_subsets(tries: list[bool], k: int) -> None:
    """Of all ways to pick k tries: any passes, all pass; too few tries say nothing."""
    found = [
        float(estimate([sum(tries)], [len(tries)], k)[0])
        for estimate in (passes_at_k, passes_hat_k)
    ]
    subsets = list(itertools.combinations(tries, k))
    if not subsets:
        assert np.isnan(found).all()
        return
    expected = [np.mean([check(subset) for subset in subsets]) for check in (any, all)]
    assert found == pytest.approx(expected, abs=1e-12)


def test_no_chance_is_written_as_zero() -> None:
    """One pass of five cannot fill three tries: 0.0, and not -0.0."""
    assert str(float(passes_hat_k([1], [5], 3)[0])) == "0.0"


def test_many_tries_do_not_overflow() -> None:
    """A thousand tries of which 30 pass, against exact whole numbers."""
    exact = 1 - math.comb(970, 100) / math.comb(1_000, 100)
    assert passes_at_k([30], [1_000], 100)[0] == pytest.approx(exact, abs=1e-12)


def test_the_estimate_has_no_bias() -> None:
    """Over 20,000 tasks of 6 tries at 0.3, the means are 1 - 0.7^3 and 0.3^3."""
    passed = np.random.default_rng(4).binomial(6, 0.3, 20_000)
    tries = np.full(20_000, 6)
    assert pass_at_k(passed, tries, 3).mean == pytest.approx(1 - 0.7**3, abs=0.008)
    assert pass_hat_k(passed, tries, 3).mean == pytest.approx(0.3**3, abs=0.004)


def test_the_interval_is_over_tasks() -> None:
    """The t interval of the tasks' values, clustered when asked, within 0 and 1."""
    passed, tries, groups = [3, 1, 2, 0, 5], [5, 5, 5, 5, 5], ["a", "a", "b", "b", "c"]
    values = passes_at_k(passed, tries, 2)
    found = pass_at_k(passed, tries, 2, clusters=groups)
    assert found.stderr == mean_interval(values, clusters=groups).stderr
    assert (found.n, found.upper) == (5, 1.0)
    left_out = pass_at_k([3, 1, 1], [5, 5, 1], 2)
    assert left_out.n == 2
    single = pass_at_k([3], [5], 2)
    assert single.mean == pytest.approx(0.9)
    assert single.lower is None


def test_tasks_that_all_pass_leave_a_doubt() -> None:
    """Wilson's interval over the tasks, or over their clusters, where a t interval is a point."""
    found = pass_hat_k([4] * 6, [4] * 6, 4)
    assert (found.mean, found.lower) == (1.0, wilson_interval(6, 6).lower)
    clustered = pass_at_k([0] * 6, [4] * 6, 4, clusters=["a", "a", "b", "b", "c", "c"])
    assert (clustered.mean, clustered.upper) == (0.0, wilson_interval(0, 3).upper)


def test_tries_are_counted_by_task() -> None:
    """In the order tasks first come; what was not scored is no try."""
    names, passed, tries = count_passes([1, 0, math.nan, 1, 1], ["b", "a", "a", "b", "a"])
    assert (names, passed.tolist(), tries.tolist()) == (["b", "a"], [2.0, 1.0], [2.0, 2.0])
    assert count_passes([], [])[0] == []


def test_counts_that_cannot_be_are_refused() -> None:
    """Each message has the value."""
    with pytest.raises(MetricInputError, match="task 1 passed 4 of 3 tries"):
        pass_at_k([1, 4], [3, 3], 1)
    with pytest.raises(MetricInputError, match=r"passed 1\.5 of 3"):
        pass_at_k([1.5], [3], 1)
    with pytest.raises(MetricInputError, match="k is 0"):
        pass_hat_k([1], [3], 0)
    with pytest.raises(MetricInputError, match="2 successes for 1 tries"):
        pass_at_k([1, 1], [3], 1)
    with pytest.raises(MetricInputError, match="0, 1 or NaN"):
        count_passes([0.5], ["a"])
