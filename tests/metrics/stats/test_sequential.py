"""Confidence sequences: the theorem in a loop, and validity at any time by simulation."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import confidence_sequence


def test_it_is_the_theorem_in_a_loop() -> None:
    """Waudby-Smith and Ramdas (2023), theorem 2, term by term."""
    x = np.random.default_rng(41).beta(1, 1, 400)
    found = confidence_sequence(x)
    reach, lower, upper = math.log(2 / 0.05), 0.0, 1.0
    weighted = bets = cost = total = squares = 0.0
    mean, variance, bet = 0.5, 0.25, 0.0
    for t, value in enumerate(x, 1):
        bet = min(0.5, math.sqrt(2 * reach / (variance * t * math.log(1 + t))))
        weighted += bet * value
        bets += bet
        cost += 4 * (value - mean) ** 2 * (-math.log(1 - bet) - bet) / 4
        total += value
        mean = (0.5 + total) / (t + 1)
        squares += (value - mean) ** 2
        variance = (0.25 + squares) / (t + 1)
        lower = max(lower, weighted / bets - (reach + cost) / bets)
        upper = min(upper, weighted / bets + (reach + cost) / bets)
        assert found.lower[t - 1] == pytest.approx(lower)
        assert found.upper[t - 1] == pytest.approx(upper)
        assert found.means[t - 1] == pytest.approx(total / t)
    assert bet < 0.4  # the last bets were not at their limit


def test_it_holds_at_every_look_where_an_interval_does_not() -> None:
    """Of 600 streams of 400 passes and fails, at most 5% ever miss; t intervals miss often."""
    rng = np.random.default_rng(42)
    streams = (rng.random((600, 400)) < 0.3).astype(float)
    missed = 0
    for stream in streams:
        found = confidence_sequence(stream)
        missed += bool(((found.lower > 0.3) | (found.upper < 0.3)).any())
    assert missed <= scipy_stats.binom.ppf(0.9999, 600, 0.05)
    n = np.arange(1, 401)
    means = streams.cumsum(axis=1) / n
    margins = 1.96 * np.sqrt(means * (1 - means) / n)
    peeking = (np.abs(means - 0.3) > margins)[:, 29:].any(axis=1)
    assert peeking.mean() > 0.15


def test_it_narrows_and_scales_with_the_bounds() -> None:
    """On a scale of 1 to 5 it is the same, stretched; NaN is no score."""
    x = np.random.default_rng(43).random(500)
    unit = confidence_sequence(x)
    scaled = confidence_sequence(np.insert(1 + 4 * x, 7, math.nan), bounds=(1.0, 5.0))
    assert scaled.lower == pytest.approx(1 + 4 * unit.lower)
    assert scaled.upper == pytest.approx(1 + 4 * unit.upper)
    width = unit.upper - unit.lower
    assert (np.diff(width) <= 1e-12).all()
    assert width[-1] < 0.3
    assert confidence_sequence([]).means.size == 0


def test_an_alarm_says_after_how_many_scores() -> None:
    """A service that drops to 0.2 is surely below 0.5 soon; one at 0.9 never is."""
    rng = np.random.default_rng(44)
    bad = confidence_sequence((rng.random(500) < 0.2).astype(float))
    good = confidence_sequence((rng.random(500) < 0.9).astype(float))
    alarm = bad.first_below(0.5)
    assert alarm is not None
    assert bad.upper[alarm - 1] < 0.5 <= bad.upper[alarm - 2]
    assert (bad.first_above(0.5), good.first_below(0.5)) == (None, None)
    assert good.first_above(0.5) is not None


def test_scores_outside_their_bounds_are_refused() -> None:
    """What is proven for bounded scores holds for no others."""
    with pytest.raises(MetricInputError, match=r"a score is 1\.5"):
        confidence_sequence([0.5, 1.5])
    with pytest.raises(MetricInputError, match="bounds are"):
        confidence_sequence([0.5], bounds=(1.0, math.inf))
    with pytest.raises(MetricInputError, match="confidence is 2"):
        confidence_sequence([0.5], confidence=2)
