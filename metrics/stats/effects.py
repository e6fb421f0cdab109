"""Sizes of effects: how large a difference is, on scales that do not depend on the metric's."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from evalhub.metrics.stats.distributions import (
    hedges_correction,
    noncentrality,
    upper_tail,
)
from evalhub.metrics.stats.intervals import difference_of_means, mean_interval
from evalhub.metrics.stats.sample import Clusters, Estimate, Floats, as_pair, drop_unscored

__all__ = ["cliffs_delta", "cohens_dz", "hedges_g", "probability_of_superiority"]


def cohens_dz(
    baseline: ArrayLike, candidate: ArrayLike, *, confidence: float = 0.95, unbiased: bool = False
) -> Estimate:
    """Return the mean of the differences over their standard deviation, paired by position.

    The interval is that of the noncentral t: pairs are taken as independent and the differences as
    about normal. *unbiased* applies Hedges' correction to value and interval. No value where all
    differences are alike.

    Raises:
        MetricInputError: the lengths differ.
    """
    first, second = as_pair(baseline, candidate)
    upper = upper_tail(confidence)
    differences, _ = drop_unscored(second - first, None)
    n = differences.size
    stddev = float(differences.std(ddof=1)) if n > 1 else 0.0
    if stddev <= 1e-12 * float(np.abs(differences).max(initial=0.0)):
        return Estimate(n, None, None, None, None)
    scale = hedges_correction(n - 1) if unbiased and n > 2 else 1.0
    value = float(differences.mean()) / stddev
    low, high = (noncentrality(p, n - 1, value * math.sqrt(n)) for p in (upper, 1 - upper))
    stderr = math.sqrt(1 / n + value * value / (2 * n))
    return Estimate(
        n, value * scale, stderr * scale, low / math.sqrt(n) * scale, high / math.sqrt(n) * scale
    )


def hedges_g(baseline: ArrayLike, candidate: ArrayLike, *, confidence: float = 0.95) -> Estimate:
    """Return the difference of two means over their pooled standard deviation, unpaired.

    With Hedges' (1981) correction of the bias; the interval is that of the noncentral t. No value
    where both sides are constant, or where one has fewer than two scores.
    """
    upper = upper_tail(confidence)
    (first, _), (second, _) = drop_unscored(baseline, None), drop_unscored(candidate, None)
    n, degrees = first.size + second.size, first.size + second.size - 2
    if min(first.size, second.size) < 2:
        return Estimate(n, None, None, None, None)
    pooled = (
        first.var(ddof=1) * (first.size - 1) + second.var(ddof=1) * (second.size - 1)
    ) / degrees
    if pooled == 0:
        return Estimate(n, None, None, None, None)
    weight, scale = math.sqrt(1 / first.size + 1 / second.size), hedges_correction(degrees)
    d = float(second.mean() - first.mean()) / math.sqrt(pooled)
    low, high = (noncentrality(p, degrees, d / weight) for p in (upper, 1 - upper))
    stderr = math.sqrt(weight**2 + d * d / (2 * n))
    return Estimate(n, d * scale, stderr * scale, low * weight * scale, high * weight * scale)


def probability_of_superiority(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return the share of examples on which the candidate scores higher; ties count one half.

    Paired by position; 0.5 says that neither is better. The interval is the (clustered) t
    interval, cut at 0 and 1.

    Raises:
        MetricInputError: the lengths differ.
    """
    first, second = as_pair(baseline, candidate)
    wins = (np.sign(second - first) + 1) / 2
    found = mean_interval(wins, clusters=clusters, confidence=confidence)
    return _cut(Estimate(found.n, found.mean, found.stderr, found.lower, found.upper), 0.0, 1.0)


def cliffs_delta(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    baseline_clusters: Clusters = None,
    candidate_clusters: Clusters = None,
    confidence: float = 0.95,
) -> Estimate:
    """Return how often a candidate's score is above a baseline's, less how often it is below.

    Every score is held against every score of the other side, so the two need not have answered
    the same examples (Cliff, 1993). The error is that of Brunner and Munzel (2000), clustered when
    clusters are given; the interval is cut at -1 and 1.

    Raises:
        MetricInputError: there is not one cluster per value, or only one side has clusters.
    """
    first, second = np.asarray(baseline, dtype=np.float64), np.asarray(candidate, dtype=np.float64)
    found = difference_of_means(
        _placements(first, second),
        _placements(second, first),
        baseline_clusters=baseline_clusters,
        candidate_clusters=candidate_clusters,
        confidence=confidence,
    )
    n = int((~np.isnan(first)).sum() + (~np.isnan(second)).sum())
    delta, stderr, upper = found.difference, found.stderr, found.upper
    if delta is None or stderr is None or upper is None:
        return Estimate(n, delta, None, None, None)
    # The two mean placements mirror each other, so each side's error counts twice.
    margin = 2 * (upper - delta)
    return _cut(Estimate(n, delta, 2 * stderr, delta - margin, delta + margin), -1.0, 1.0)


def _placements(values: Floats, others: Floats) -> Floats:
    """Return the share of *others* below each value, ties counting one half."""
    known = np.sort(others[~np.isnan(others)])
    if not known.size:
        return np.full_like(values, np.nan)
    below = np.searchsorted(known, values, "left") + np.searchsorted(known, values, "right")
    return np.where(np.isnan(values), np.nan, below / (2 * known.size))


def _cut(estimate: Estimate, lowest: float, highest: float) -> Estimate:
    if estimate.lower is None or estimate.upper is None:
        return estimate
    return replace(estimate, lower=max(lowest, estimate.lower), upper=min(highest, estimate.upper))
