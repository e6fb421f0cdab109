"""Watch a mean while scores come in, without paying for every look.

A 95% interval that is looked at after each score misses the truth far more often than 5%. A
confidence sequence misses it at *any* time with at most that chance, so one may stop whenever
it says enough.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import upper_tail
from evalhub.metrics.stats.sample import Floats

__all__ = ["ConfidenceSequence", "confidence_sequence"]


@dataclass(frozen=True, slots=True, eq=False)
class ConfidenceSequence:
    """Means of the scores so far and their always-valid interval; item t is after t + 1 scores."""

    means: Floats
    lower: Floats
    upper: Floats

    def first_below(self, limit: float) -> int | None:
        """Return after how many scores the mean was surely below *limit*, or None."""
        return _first(self.upper < limit)

    def first_above(self, limit: float) -> int | None:
        """Return after how many scores the mean was surely above *limit*, or None."""
        return _first(self.lower > limit)


def confidence_sequence(
    values: ArrayLike, *, bounds: tuple[float, float] = (0.0, 1.0), confidence: float = 0.95
) -> ConfidenceSequence:
    """Return the always-valid interval of the mean after each of *values*.

    The predictable plug-in empirical Bernstein sequence of Waudby-Smith and Ramdas (2023, theorem
    2), intersected over time. Scores have to lie within *bounds* and to come in an order that does
    not depend on them, each with the same mean given those before; NaN is dropped.

    Raises:
        MetricInputError: a value is outside *bounds*, or *bounds* are not finite and in order.
    """
    level = 2 * (1 - upper_tail(confidence))
    low, high = bounds
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise MetricInputError(f"bounds are {bounds}; give two finite numbers, the lesser first")
    scores = np.asarray(values, dtype=np.float64)
    scores = scores[~np.isnan(scores)]
    outside = scores[(scores < low) | (scores > high)]
    if outside.size:
        raise MetricInputError(f"a score is {outside[0]}, outside {bounds}; give wider bounds")
    counts = np.arange(1, scores.size + 1)
    lower, upper = _bernstein((scores - low) / (high - low), level)
    return ConfidenceSequence(
        np.cumsum(scores) / counts, low + (high - low) * lower, low + (high - low) * upper
    )


def _bernstein(x: Floats, level: float) -> tuple[Floats, Floats]:
    """Return lower and upper ends for values of 0 to 1."""
    t = np.arange(1, x.size + 1)
    # Everything that sets the bet on a value is known before the value is.
    means = (0.5 + np.cumsum(x)) / (t + 1)
    variances = (0.25 + np.cumsum((x - means) ** 2)) / (t + 1)
    before_mean = np.concatenate([[0.5], means])[:-1]
    before_variance = np.concatenate([[0.25], variances])[:-1]
    reach = math.log(2 / level)
    bets = np.minimum(0.5, np.sqrt(2 * reach / (before_variance * t * np.log1p(t))))
    cost = np.cumsum(4 * (x - before_mean) ** 2 * (-np.log1p(-bets) - bets) / 4)
    total = np.cumsum(bets)
    centre, margin = np.cumsum(bets * x) / total, (reach + cost) / total
    lower = np.maximum.accumulate(np.maximum(0.0, centre - margin))
    upper = np.minimum.accumulate(np.minimum(1.0, centre + margin))
    return lower, upper


def _first(reached: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int | None:
    return int(np.argmax(reached)) + 1 if reached.any() else None
