"""Decide by an interval: not worse, equivalent, or not yet known.

A difference that is not significant does not show that a candidate is as good. So the question
is turned round: is the difference surely above minus the margin that one is ready to lose?
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import t_below, t_quantile
from evalhub.metrics.stats.intervals import mean_interval
from evalhub.metrics.stats.paired import paired_difference
from evalhub.metrics.stats.sample import Clusters, Floats, as_pair

__all__ = [
    "Conclusion",
    "Equivalence",
    "WorstCase",
    "conclude",
    "equivalence",
    "missing_range",
    "noninferiority",
    "worst_case_difference",
    "worst_case_mean",
]


class Conclusion(StrEnum):
    """What an interval says about a demand."""

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    """The interval holds both: the demand kept, and not."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Two one-sided tests of a difference against minus and plus a margin."""

    conclusion: Conclusion
    p_value: float
    """The larger of the two; for "differs by the margin or more"."""
    lower: float
    """Ends of the interval that decides, of confidence 1 - 2 * level."""
    upper: float


@dataclass(frozen=True, slots=True)
class WorstCase:
    """Interval ends that hold whatever the missing scores would have been."""

    lower: float | None
    upper: float | None
    n: int
    """Examples, with a score or without."""
    missing: int
    """Those of them that have none."""


def conclude(lower: float | None, upper: float | None, *, limit: float) -> Conclusion:
    """Say whether a quantity with this interval is at least *limit*.

    It is when the lower end is, and is not when the upper end is below; without an interval
    it is inconclusive.

    Raises:
        MetricInputError: the lower end is above the upper one.
    """
    if lower is None or upper is None or math.isnan(lower) or math.isnan(upper):
        return Conclusion.INCONCLUSIVE
    if lower > upper:
        raise MetricInputError(f"the interval is [{lower}, {upper}]; give its lower end first")
    if lower >= limit:
        return Conclusion.PASS
    return Conclusion.FAIL if upper < limit else Conclusion.INCONCLUSIVE


def noninferiority(lower: float | None, upper: float | None, *, margin: float) -> Conclusion:
    """Say whether a candidate is not worse than its baseline by more than *margin*.

    *lower* and *upper* are the interval of candidate minus baseline, where more is better. A
    candidate that is worse by the margin passes in half of the cases in which a 95% interval misses
    its difference: 2.5%.

    Raises:
        MetricInputError: *margin* is negative, or the lower end is above the upper one.
    """
    return conclude(lower, upper, limit=-_checked_margin(margin))


def equivalence(
    difference: float, stderr: float, degrees: float, *, margin: float, level: float = 0.05
) -> Equivalence:
    """Say whether two systems differ by less than *margin*, either way.

    Two one-sided t tests (Schuirmann, 1987): passes when both reject at *level*, which is when
    the 1 - 2 * level interval lies inside the margins; fails when it lies outside.

    Raises:
        MetricInputError: *margin* is not above 0, *stderr* is negative, or *level* is not
            between 0 and 0.5.
    """
    if _checked_margin(margin) == 0:
        raise MetricInputError("margin is 0, and no two systems are that alike; give more than 0")
    if not 0 <= stderr < math.inf:
        raise MetricInputError(f"stderr is {stderr}; give 0 or more")
    if not 0 < level < 0.5:
        raise MetricInputError(f"level is {level}; give a number between 0 and 0.5")
    reach = t_quantile(1 - level, degrees) * stderr
    lower, upper = difference - reach, difference + reach
    p_value = max(
        _one_sided(difference + margin, stderr, degrees),
        _one_sided(margin - difference, stderr, degrees),
    )
    if p_value < level:
        conclusion = Conclusion.PASS
    elif lower >= margin or upper <= -margin:
        conclusion = Conclusion.FAIL
    else:
        conclusion = Conclusion.INCONCLUSIVE
    return Equivalence(conclusion, p_value, lower, upper)


def missing_range(values: ArrayLike, bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Return the range that a missing score is assumed to lie in.

    It is the metric's *bounds*. Where they have no end, as the milliseconds of a latency,
    it is what was seen among *values*; NaN when nothing was.
    """
    seen = np.asarray(values, dtype=np.float64)
    seen = seen[np.isfinite(seen)]
    low, high = bounds or (-math.inf, math.inf)
    lows = [value for value in (low, *seen.tolist()) if math.isfinite(value)]
    highs = [value for value in (high, *seen.tolist()) if math.isfinite(value)]
    return min(lows, default=math.nan), max(highs, default=math.nan)


def worst_case_mean(
    values: ArrayLike,
    bounds: tuple[float, float] | None,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> WorstCase:
    """Return interval ends of a mean whose NaN values could be anything within *bounds*.

    For the lower end each is put at its least, for the upper one at its greatest (Horowitz and
    Manski, 2000): a system does not gain by failing on hard examples. Leave examples that had
    nothing to score out before.

    Raises:
        MetricInputError: there is not one cluster per value.
    """
    scores = np.asarray(values, dtype=np.float64)
    low, high = missing_range(scores, bounds)
    lower = mean_interval(_filled(scores, low), clusters=clusters, confidence=confidence).lower
    upper = mean_interval(_filled(scores, high), clusters=clusters, confidence=confidence).upper
    return WorstCase(lower, upper, scores.size, int(np.isnan(scores).sum()))


def worst_case_difference(
    baseline: ArrayLike,
    candidate: ArrayLike,
    bounds: tuple[float, float] | None,
    *,
    rate: bool = False,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> WorstCase:
    """Return interval ends of a paired difference whose NaN values could be anything in *bounds*.

    *rate* and the rest are those of :func:`~evalhub.metrics.stats.paired_difference`; ``missing``
    counts pairs.

    Raises:
        MetricInputError: the lengths differ, there is not one cluster per pair, or a value of a
            rate is neither 0, 1 nor NaN.
    """
    first, second = as_pair(baseline, candidate)
    low, high = missing_range(np.concatenate([first, second]), bounds)

    def ends(left: float, right: float) -> tuple[float | None, float | None]:
        found = paired_difference(
            _filled(first, left),
            _filled(second, right),
            rate=rate,
            clusters=clusters,
            confidence=confidence,
            permutations=2,  # the fewest: only the interval is wanted
        )
        return found.lower, found.upper

    missing = int((np.isnan(first) | np.isnan(second)).sum())
    return WorstCase(ends(high, low)[0], ends(low, high)[1], first.size, missing)


def _filled(values: Floats, missing: float) -> Floats:
    return np.where(np.isnan(values), missing, values)


def _one_sided(room: float, stderr: float, degrees: float) -> float:
    if stderr == 0:
        return 0.0 if room > 0 else 1.0
    return t_below(-room / stderr, degrees)


def _checked_margin(margin: float) -> float:
    if not 0 <= margin < math.inf:
        raise MetricInputError(f"margin is {margin}; give 0 or more")
    return margin
