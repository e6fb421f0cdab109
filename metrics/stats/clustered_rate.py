"""The interval of a pass rate over clusters (Korn and Graubard, 1998).

Near 0 and 1 a t interval is too sure of the side on which there is little to see. So clusters are
turned into the number of independent examples that would tell as much, and the interval is
Clopper and Pearson's for that many.
"""

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.cluster_error import cluster_degrees, cluster_pulls
from evalhub.metrics.stats.distributions import beta_quantile, t_quantile, upper_tail
from evalhub.metrics.stats.intervals import Interval
from evalhub.metrics.stats.sample import Clusters, Floats, drop_unscored, is_binary, total_by

__all__ = ["clustered_rate_interval"]


def clustered_rate_interval(
    values: ArrayLike, *, clusters: Clusters = None, confidence: float = 0.95
) -> Interval:
    """Return the share of 1 among *values* of 0 and 1, with an interval that holds near the ends.

    Without *clusters*, and with one value in each, it is Clopper and Pearson's. One cluster gives
    a rate without an interval.

    Raises:
        MetricInputError: a value is neither 0, 1 nor NaN, or there is not one cluster per value.
    """
    scores, groups = drop_unscored(values, clusters)
    if not is_binary(scores):
        raise MetricInputError("a rate is of passes and fails; give values of 0, 1 or NaN")
    if not scores.size:
        return Interval(0, None, None, None, None)
    rate, sizes = float(scores.mean()), np.bincount(groups).astype(np.float64)
    if sizes.size < 2:
        return Interval(scores.size, rate, None, None, None)
    pulls = cluster_pulls(total_by(groups, scores - rate), sizes)
    variance = float(pulls @ pulls)
    n = _worth(rate, variance, sizes, upper_tail(confidence))
    passes, upper = rate * n, upper_tail(confidence)
    return Interval(
        scores.size,
        rate,
        variance**0.5,
        0.0 if rate == 0 else beta_quantile(1 - upper, passes, n - passes + 1),
        1.0 if rate == 1 else beta_quantile(upper, passes + 1, n - passes),
    )


def _worth(rate: float, variance: float, sizes: Floats, upper: float) -> float:
    """Return how many independent examples tell as much as clusters of *sizes*."""
    n, count = float(sizes.sum()), sizes.size
    if count == n:
        return n
    if rate in {0.0, 1.0}:
        # All alike leaves no variance to estimate; each cluster is then one trial.
        return float(count)
    told = rate * (1 - rate) / variance if variance else n
    lost = t_quantile(upper, n - 1) / t_quantile(upper, cluster_degrees(sizes))
    return max(1.0, min(n, told * lost * lost))
