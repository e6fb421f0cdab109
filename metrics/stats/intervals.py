"""Means and rates with their confidence intervals.

NaN stands for "not scored" and is dropped. Examples that share a cluster (an author, a
conversation) are not independent, so variances are summed by cluster (Miller, 2024,
"Adding error bars to evals").
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.cluster_error import cluster_degrees, cluster_pulls
from evalhub.metrics.stats.distributions import (
    beta_quantile,
    normal_quantile,
    t_quantile,
    t_two_sided,
    upper_tail,
)
from evalhub.metrics.stats.sample import (
    Clusters,
    Floats,
    Numbers,
    check_labels,
    drop_unscored,
    total_by,
)

__all__ = [
    "Interval",
    "MeanDifference",
    "clopper_pearson_interval",
    "difference_of_means",
    "jeffreys_interval",
    "mean_interval",
    "wilson_interval",
]


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its confidence interval; None where too few scores allow none."""

    n: int
    mean: float | None
    stderr: float | None
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class MeanDifference:
    """Candidate's mean minus baseline's, over examples that need not be the same."""

    difference: float | None
    stderr: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    """Two-sided, for "no difference"."""
    degrees: float | None
    """Degrees of freedom of t (Welch and Satterthwaite)."""


def mean_interval(
    values: ArrayLike, *, clusters: Clusters = None, confidence: float = 0.95
) -> Interval:
    """Return the mean of *values* with its t interval.

    With *clusters* (one label per value) the squared error is the sum over clusters of the
    squared sum of deviations, over n squared, times C / (C - 1), and t has C - 1 degrees of
    freedom; where their sizes differ both are those of
    :mod:`~evalhub.metrics.stats.cluster_error`. One value or one cluster gives a mean without
    an interval.
    """
    scores, groups = drop_unscored(values, clusters)
    if not scores.size:
        return Interval(0, None, None, None, None)
    mean = float(scores.mean())
    sizes = np.bincount(groups).astype(np.float64)
    if sizes.size < 2:
        return Interval(scores.size, mean, None, None, None)
    pulls = cluster_pulls(total_by(groups, scores - mean), sizes)
    stderr = math.sqrt(float(pulls @ pulls))
    margin = t_quantile(upper_tail(confidence), cluster_degrees(sizes)) * stderr
    return Interval(scores.size, mean, stderr, mean - margin, mean + margin)


def difference_of_means(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    baseline_clusters: Clusters = None,
    candidate_clusters: Clusters = None,
    confidence: float = 0.95,
) -> MeanDifference:
    """Compare two means over different examples, by Welch's t.

    Use :func:`~evalhub.metrics.stats.paired_difference` where both systems answered the same
    examples: it sees more. With clusters each side's error is the clustered one. A label that is
    on both sides is one cluster, and what its sides share is taken off (or added to) the error.

    Raises:
        MetricInputError: there is not one cluster per value, or only one side has clusters.
    """
    first, second = (np.asarray(side, dtype=np.float64) for side in (baseline, candidate))
    labels = _joined(baseline_clusters, candidate_clusters, first.size, second.size)
    scores, groups = drop_unscored(np.concatenate([first, second]), labels)
    n = int((~np.isnan(first)).sum())
    sides = (scores[:n], groups[:n]), (scores[n:], groups[n:])
    if not sides[0][0].size or not sides[1][0].size:
        return MeanDifference(None, None, None, None, None, None)
    difference = float(sides[1][0].mean() - sides[0][0].mean())
    sizes = [np.bincount(side[1], minlength=int(groups.max()) + 1).astype(float) for side in sides]
    if any((size > 0).sum() < 2 for size in sizes):
        return MeanDifference(difference, None, None, None, None, None)
    left, right = (_pull(*side, size) for side, size in zip(sides, sizes, strict=True))
    variances = float(left @ left), float(right @ right)
    variance = max(0.0, sum(variances) - 2 * float(left @ right))
    degrees = _satterthwaite(variances, [cluster_degrees(size) for size in sizes])
    return _t_difference(difference, math.sqrt(variance), degrees, confidence)


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return a rate with its Wilson score interval, which stays within 0 and 1.

    Raises:
        MetricInputError: *successes* is not between 0 and *n*.
    """
    _check_count(successes, n)
    if n == 0:
        return Interval(0, None, None, None, None)
    rate, z = successes / n, normal_quantile(upper_tail(confidence))
    scale = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / scale
    margin = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    return _rate(successes, n, centre - margin, centre + margin)


def clopper_pearson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return a rate with its exact interval, which covers at least as often as promised.

    Wider than Wilson's (Clopper and Pearson, 1934): for when an error is dear.

    Raises:
        MetricInputError: *successes* is not between 0 and *n*.
    """
    _check_count(successes, n)
    return _beta_interval(successes, n, confidence, prior=0.0)


def jeffreys_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return a rate with the middle of its posterior under Jeffreys' prior.

    Covers about as Wilson's, and is nearer to symmetric in its two errors (Brown, Cai and
    DasGupta, 2001, whose ends at no and at n successes these are).

    Raises:
        MetricInputError: *successes* is not between 0 and *n*.
    """
    _check_count(successes, n)
    return _beta_interval(successes, n, confidence, prior=0.5)


def _joined(baseline: Clusters, candidate: Clusters, first: int, second: int) -> Clusters:
    """Return the labels of both sides, which have so many scores, one after the other."""
    if baseline is None and candidate is None:
        return None
    if baseline is None or candidate is None:
        raise MetricInputError("only one side has clusters; give both sides theirs, or neither")
    check_labels(baseline, first)
    check_labels(candidate, second)
    return [*baseline, *candidate]


def _pull(scores: Floats, groups: Numbers, sizes: Floats) -> Floats:
    return cluster_pulls(total_by(groups, scores - scores.mean(), sizes.size), sizes)


def _satterthwaite(variances: Sequence[float], degrees: Sequence[float]) -> float:
    total = sum(variances)
    if total == 0:
        return float(sum(degrees))
    # In shares: squares of tiny variances would be 0.
    return 1 / sum((v / total) ** 2 / d for v, d in zip(variances, degrees, strict=True))


def _t_difference(
    difference: float, stderr: float, degrees: float, confidence: float
) -> MeanDifference:
    margin = t_quantile(upper_tail(confidence), degrees) * stderr
    if stderr > 0:
        p_value = t_two_sided(difference / stderr, degrees)
    else:
        p_value = 0.0 if difference else 1.0
    return MeanDifference(
        difference, stderr, difference - margin, difference + margin, p_value, degrees
    )


def _check_count(successes: int, n: int) -> None:
    if not 0 <= successes <= n:
        raise MetricInputError(f"{successes} successes among {n}; give 0 <= successes <= n")


def _beta_interval(successes: int, n: int, confidence: float, *, prior: float) -> Interval:
    upper = upper_tail(confidence)
    if n == 0:
        return Interval(0, None, None, None, None)
    # The exact interval's ends belong to two beta distributions, one success apart.
    shift = 1.0 if prior == 0 else prior
    failures = n - successes
    low = 0.0 if successes == 0 else beta_quantile(1 - upper, successes + prior, failures + shift)
    high = 1.0 if failures == 0 else beta_quantile(upper, successes + shift, failures + prior)
    return _rate(successes, n, low, high)


def _rate(successes: int, n: int, lower: float, upper: float) -> Interval:
    rate = successes / n
    return Interval(
        n,
        rate,
        math.sqrt(rate * (1 - rate) / n),
        # At rate 0 and 1 the bound is exact; rounding would leave 1e-17 there.
        0.0 if successes == 0 else lower,
        1.0 if successes == n else upper,
    )
