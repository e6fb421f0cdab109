"""An interval of the difference of two rates that never misses more often than it promises."""

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.stats import clopper_pearson_interval

__all__ = ["exact_difference"]

_FOR_DIRECTION = 0.8
"""Part of the allowed misses that goes to which side wins; the rest to how often they differ."""

Floats = NDArray[np.float64]


def exact_difference(
    baseline: Floats, candidate: Floats, confidence: float
) -> tuple[float | None, float | None]:
    """Return an interval of candidate minus baseline in the rate, over the same examples.

    The difference is d (2w - 1): d is the share of examples on which the two disagree, w the
    share of these that the candidate wins. Each is a binomial rate with an exact interval (w's
    is McNemar's exact test, turned into an interval), and the product of the two boxes
    them. NaN is put at its worst for each end. The values have to be independent.
    """
    lower = _box(_put(baseline, 1.0), _put(candidate, 0.0), confidence)[0]
    upper = _box(_put(baseline, 0.0), _put(candidate, 1.0), confidence)[1]
    return lower, upper


def _put(values: Floats, missing: float) -> Floats:
    return np.where(np.isnan(values), missing, values)


def _box(before: Floats, after: Floats, confidence: float) -> tuple[float, float]:
    wins, losses = int((after > before).sum()), int((after < before).sum())
    differing = wins + losses
    missed = 1 - confidence
    wins_share = clopper_pearson_interval(wins, differing, confidence=1 - missed * _FOR_DIRECTION)
    differ = clopper_pearson_interval(
        differing, before.size, confidence=1 - missed * (1 - _FOR_DIRECTION)
    )
    corners = [
        d * (2 * w - 1)
        for d in (differ.lower or 0.0, 1.0 if differ.upper is None else differ.upper)
        for w in (wins_share.lower or 0.0, 1.0 if wins_share.upper is None else wins_share.upper)
    ]
    return min(corners), max(corners)
