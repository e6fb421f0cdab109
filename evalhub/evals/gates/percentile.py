"""Intervals of percentiles, by the share of examples that lie below.

Of x one can ask what share of examples is at most x, which is a rate with an interval. The
percentile's interval holds each x of which that share may be the wanted one. For independent
examples these are the order statistics of Thompson (1936), which need no assumption about the
scores; for clusters it is the method of Woodruff (1952), with Korn and Graubard's (1998) interval
of the rate.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.stats import clopper_pearson_interval, clustered_rate_interval

__all__ = ["percentile_interval"]

_Ends = tuple[float, float]


def percentile_interval(
    values: NDArray[np.float64],
    share: float,
    *,
    clusters: Sequence[str] | None = None,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """Return the ends of the interval of the percentile that *share* of *values* are below.

    The upper end is infinite where the sample is too small to show one: for p95 at 95% that is
    with fewer than 72 examples. Both ends are NaN where a value is.
    """
    if not values.size or np.isnan(values).any():
        return math.nan, math.nan
    ordered = np.unique(values)
    if clusters is None:
        ends = _independent(values, confidence)
    else:
        ends = _clustered(values, clusters, confidence)
    lower = bisect_left(ordered, True, key=lambda x: ends(x)[1] >= share)
    upper = bisect_left(ordered, True, key=lambda x: ends(x)[0] >= share)
    last = ordered.size - 1
    return float(ordered[min(lower, last)]), float(ordered[upper]) if upper <= last else math.inf


def _independent(values: NDArray[np.float64], confidence: float) -> Callable[[float], _Ends]:
    def ends(x: float) -> _Ends:
        below = int((values <= x).sum())
        found = clopper_pearson_interval(below, values.size, confidence=confidence)
        return _known(found.lower, found.upper)

    return ends


def _clustered(
    values: NDArray[np.float64], clusters: Sequence[str], confidence: float
) -> Callable[[float], _Ends]:
    def ends(x: float) -> _Ends:
        below = (values <= x).astype(np.float64)
        found = clustered_rate_interval(below, clusters=clusters, confidence=confidence)
        return _known(found.lower, found.upper)

    return ends


def _known(lower: float | None, upper: float | None) -> _Ends:
    """Return an interval's ends; of a single cluster nothing is known but 0 to 1."""
    return (0.0, 1.0) if lower is None or upper is None else (lower, upper)
