"""Bootstrap intervals: of means, of several means at once, and of any function of means.

Whole clusters are drawn, with replacement. What is drawn from are their sums and sizes, and not
the scores, so a resample costs one count per cluster. Several metrics share the draws, so that
their intervals can be compared. A seed fixes them, whatever the machine's memory.

- ``percentile``: quantiles of the resampled values. Too narrow for few clusters.
- ``bca``: bias-corrected and accelerated (Efron, 1987). Better for skewed scores.
- ``studentized``: quantiles of the resampled t (Efron, 1982). The best coverage for means of few or
  skewed scores; unstable where a resample has hardly any variance, as rates near 0 and 1.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.cluster_sums import ClusterSums, MeansFunction
from evalhub.metrics.stats.distributions import normal_below, normal_quantile, upper_tail
from evalhub.metrics.stats.intervals import Interval, mean_interval
from evalhub.metrics.stats.sample import (
    Clusters,
    Estimate,
    Floats,
    Numbers,
    check_draws,
    drop_unscored,
    number_clusters,
)

__all__ = [
    "BootstrapMethod",
    "bootstrap_function",
    "bootstrap_mean",
    "bootstrap_means",
    "resampled_sums",
]

BootstrapMethod = Literal["percentile", "bca", "studentized"]

_METHODS = ("percentile", "bca", "studentized")
_BLOCK = 100_000
"""Draws made at once: 800 kB, which stays in the processor's cache."""


def bootstrap_mean(
    values: ArrayLike,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    method: BootstrapMethod = "percentile",
) -> Interval:
    """Return the mean of *values* with its bootstrap interval.

    Raises:
        MetricInputError: *resamples* is below 2, *method* is unknown, or there is not one
            cluster per value.
    """
    scores, groups = drop_unscored(values, clusters)
    (interval,) = bootstrap_means(
        scores[:, np.newaxis],
        clusters=None if clusters is None else groups.tolist(),
        confidence=confidence,
        resamples=resamples,
        seed=seed,
        method=method,
    )
    return interval


def bootstrap_means(
    table: ArrayLike,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    method: BootstrapMethod = "percentile",
) -> tuple[Interval, ...]:
    """Return the mean of each column of *table* with its bootstrap interval.

    *table* has shape (examples, metrics); all columns share the resamples. NaN is dropped in its
    column only. A column with one value, or one cluster, has no interval.

    Raises:
        MetricInputError: *resamples* is below 2, *method* is unknown, *table* is not
            two-dimensional, or there is not one cluster per example.
    """
    scores = _table(table)
    groups = number_clusters(clusters, np.ones(len(scores), dtype=np.bool_))
    plain = [mean_interval(column, clusters=clusters, confidence=confidence) for column in scores.T]
    samples = [
        ClusterSums.of(scores[:, [i]], groups)
        for i, one in enumerate(plain)
        if one.stderr is not None
    ]
    drawn = iter(_intervals(samples, method, confidence, resamples, seed))
    return tuple(
        one if one.stderr is None else Interval(one.n, one.mean, *next(drawn)) for one in plain
    )


def bootstrap_function(
    function: MeansFunction,
    table: ArrayLike,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    method: BootstrapMethod = "bca",
) -> Estimate:
    """Return *function* of the columns' means, with its bootstrap interval.

    *table* has shape (examples, columns); rows with a NaN are dropped. A ratio of means is
    ``lambda means: means[:, 0] / means[:, 1]``; precision over a whole corpus is so one of hits to
    counts. The studentised method estimates the error by the delta method. Resamples for which the
    function is NaN are left out.

    Raises:
        MetricInputError: *resamples* is below 2, *method* is unknown, *table* is not
            two-dimensional, or there is not one cluster per example.
    """
    scores = _table(table)
    kept = ~np.isnan(scores.sum(axis=1))
    groups, scores = number_clusters(clusters, kept), scores[kept]
    if not len(scores):
        return Estimate(0, None, None, None, None)
    sample = ClusterSums.of(scores, groups, function)
    value = float(sample.value)
    if len(sample.sizes) < 2 or np.isnan(value):
        return Estimate(len(scores), None if np.isnan(value) else value, None, None, None)
    (found,) = _intervals([sample], method, confidence, resamples, seed)
    return Estimate(len(scores), value, *found)


def resampled_sums(statistics: ArrayLike, *, resamples: int, seed: int = 0) -> Floats:
    """Return the sums of *statistics* over resampled clusters.

    *statistics* has shape (clusters, columns), a row for each cluster; the result has
    shape (resamples, columns). Corpus scores that are computed from sums, as BLEU's, get their
    interval from these.

    Raises:
        MetricInputError: *resamples* is below 2, or there is no cluster.
    """
    check_draws("resamples", resamples)
    columns = np.ascontiguousarray(_table(statistics).T)
    size = columns.shape[1]
    if not size:
        raise MetricInputError("there is no cluster to draw from; give one row or more")
    rng = np.random.default_rng(seed)
    step = max(1, _BLOCK // size)
    sums = np.empty((resamples, len(columns)))
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        counts = _counts(rng.integers(0, size, (rows, size)))
        # Unlike a matrix product's, the last bits depend neither on *rows* nor on threads.
        sums[start : start + rows] = np.einsum("rc,kc->rk", counts, columns)
    return sums


def _counts(drawn: Numbers) -> Floats:
    """Return how often each cluster was drawn, a resample a row."""
    rows, size = drawn.shape
    places = drawn + np.arange(rows)[:, np.newaxis] * size
    return np.bincount(places.ravel(), minlength=rows * size).reshape(rows, size).astype(np.float64)


def _table(table: ArrayLike) -> Floats:
    scores = np.asarray(table, dtype=np.float64)
    if scores.ndim != 2:
        raise MetricInputError(
            f"the table has {scores.ndim} dimension(s); give a row for each example and a column "
            "for each metric"
        )
    return scores


_Found = tuple[float | None, float | None, float | None]
"""Standard error, lower and upper end."""


def _intervals(
    samples: Sequence[ClusterSums], method: str, confidence: float, resamples: int, seed: int
) -> list[_Found]:
    if method not in _METHODS:
        raise MetricInputError(f"method is {method!r}; it is one of {', '.join(_METHODS)}")
    check_draws("resamples", resamples)
    upper_tail(confidence)
    if not samples:
        return []
    studentized = method == "studentized"
    tables = [one.statistics() if studentized else one.columns() for one in samples]
    sums = resampled_sums(np.concatenate(tables, axis=1), resamples=resamples, seed=seed)
    ends = np.cumsum([table.shape[1] for table in tables])[:-1]
    return [
        _interval(sample, totals, method, confidence)
        for sample, totals in zip(samples, np.split(sums, ends, axis=1), strict=True)
    ]


def _interval(sample: ClusterSums, totals: Floats, method: str, confidence: float) -> _Found:
    values = sample.values_of(totals)
    known = ~np.isnan(values)
    values, totals = values[known], totals[known]
    if values.size < 2:
        return None, None, None
    tail = 1 - upper_tail(confidence)
    tails = np.array([tail, 1 - tail])
    if method == "studentized":
        lower, upper = _studentized(sample, values, totals, tails)
    else:
        levels = _bca_levels(sample, values, tails) if method == "bca" else tails
        lower, upper = np.quantile(values, levels)
    return float(values.std(ddof=1)), float(lower), float(upper)


def _studentized(sample: ClusterSums, values: Floats, totals: Floats, tails: Floats) -> Floats:
    errors = sample.errors_of(totals)
    # A resample of one cluster, drawn over and over, has no error to divide by.
    known = errors > 0
    if not known.any():
        return np.array([sample.value, sample.value])
    t = (values[known] - sample.value) / errors[known]
    return sample.value - np.quantile(t, tails[::-1]) * sample.stderr


def _bca_levels(sample: ClusterSums, values: Floats, tails: Floats) -> Floats:
    """Return the quantiles to take, after correction for bias and for skew."""
    own = sample.value
    below = float(((values < own).mean() + (values <= own).mean()) / 2)
    without = sample.jackknife()
    without = without[~np.isnan(without)]
    pulls = without.sum() / max(1, without.size) - without
    spread = float((pulls**2).sum())
    if not 0 < below < 1 or spread == 0:
        return tails  # all resamples on one side, or all clusters alike: nothing to correct by
    bias = normal_quantile(below)
    skew = float((pulls**3).sum()) / (6 * spread**1.5)
    shifted = [bias + normal_quantile(float(tail)) for tail in tails]
    return np.array([normal_below(bias + z / (1 - skew * z)) for z in shifted])
