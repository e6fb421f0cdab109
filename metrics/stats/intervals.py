"""Means of scores and their confidence intervals.

NaN stands for "not scored" and is dropped. Examples that share a cluster (an author, a
conversation) are not independent, so variances are summed by cluster (Miller, 2024,
"Adding error bars to evals").
"""

import importlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.errors import MetricInputError

__all__ = [
    "Clusters",
    "Interval",
    "bootstrap_mean",
    "check_draws",
    "drop_unscored",
    "mean_interval",
    "row_blocks",
    "t_quantile",
    "upper_tail",
    "wilson_interval",
]

Clusters = Sequence[object] | None
"""The cluster of each score, or None where each is its own."""

_BLOCK = 4_000_000
"""Numbers drawn at once by resampling loops: 32 MB."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its confidence interval; None where too few scores allow none."""

    n: int
    mean: float | None
    stderr: float | None
    lower: float | None
    upper: float | None


def mean_interval(
    values: ArrayLike, *, clusters: Clusters = None, confidence: float = 0.95
) -> Interval:
    """Return the mean of *values* with its t interval.

    With *clusters* (one label per value) the squared error is the sum over clusters of
    the squared sum of deviations, over n squared, times C / (C - 1), and t has C - 1
    degrees of freedom. One value or one cluster gives a mean without an interval.
    """
    scores, groups = drop_unscored(values, clusters)
    if not scores.size:
        return Interval(0, None, None, None, None)
    mean = float(scores.mean())
    sums = np.bincount(groups, weights=scores - mean)
    if sums.size < 2:
        return Interval(scores.size, mean, None, None, None)
    stderr = math.sqrt(float(sums @ sums) * sums.size / (sums.size - 1)) / scores.size
    margin = t_quantile(upper_tail(confidence), sums.size - 1) * stderr
    return Interval(scores.size, mean, stderr, mean - margin, mean + margin)


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> Interval:
    """Return a rate with its Wilson score interval, which stays within 0 and 1.

    Raises:
        MetricInputError: *successes* is not between 0 and *n*.
    """
    if not 0 <= successes <= n:
        raise MetricInputError(f"{successes} successes among {n}; give 0 <= successes <= n")
    if n == 0:
        return Interval(0, None, None, None, None)
    rate, z = successes / n, NormalDist().inv_cdf(upper_tail(confidence))
    scale = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / scale
    margin = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / scale
    # At rate 0 and 1 the bound is exact; rounding would leave 1e-17 there.
    lower = 0.0 if successes == 0 else centre - margin
    upper = 1.0 if successes == n else centre + margin
    return Interval(n, rate, math.sqrt(rate * (1 - rate) / n), lower, upper)


def bootstrap_mean(
    values: ArrayLike,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Return the mean of *values* with its percentile bootstrap interval.

    Whole clusters are drawn, with replacement; the same *seed* gives the same interval.

    Raises:
        MetricInputError: *resamples* is below 2.
    """
    check_draws("resamples", resamples)
    scores, groups = drop_unscored(values, clusters)
    plain = mean_interval(scores, clusters=groups.tolist(), confidence=confidence)
    if plain.stderr is None:
        return plain
    sums, sizes = np.bincount(groups, weights=scores), np.bincount(groups)
    rng = np.random.default_rng(seed)
    share = np.full(sums.size, 1 / sums.size)
    blocks = [rng.multinomial(sums.size, share, rows) for rows in row_blocks(resamples, sums.size)]
    means = np.concatenate([(drawn @ sums) / (drawn @ sizes) for drawn in blocks])
    tail = 1 - upper_tail(confidence)
    lower, upper = np.quantile(means, [tail, 1 - tail])
    return Interval(plain.n, plain.mean, float(means.std(ddof=1)), float(lower), float(upper))


def drop_unscored(
    values: ArrayLike, clusters: Clusters
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the values that are not NaN, and the cluster number of each, from 0.

    Raises:
        MetricInputError: there is not one cluster per value.
    """
    scores = np.asarray(values, dtype=np.float64)
    kept = ~np.isnan(scores)
    if clusters is None:
        return scores[kept], np.arange(int(kept.sum()))
    if len(clusters) != scores.size:
        raise MetricInputError(
            f"{len(clusters)} clusters for {scores.size} scores; give one label per score"
        )
    numbers: dict[object, int] = {}
    labels = (label for label, keep in zip(clusters, kept, strict=True) if keep)
    groups = [numbers.setdefault(label, len(numbers)) for label in labels]
    return scores[kept], np.asarray(groups, dtype=np.intp)


def check_draws(setting: str, number: int) -> None:
    """Refuse a number of random draws that says nothing.

    Raises:
        MetricInputError: *number* is below 2.
    """
    if number < 2:
        raise MetricInputError(f"{setting} is {number}; give 2 or more, 10000 as a rule")


def upper_tail(confidence: float) -> float:
    """Return the quantile at which a two-sided interval of *confidence* ends.

    Raises:
        MetricInputError: *confidence* is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise MetricInputError(f"confidence is {confidence}; give a number between 0 and 1")
    return (1 + confidence) / 2


def t_quantile(probability: float, degrees: int) -> float:
    """Return the quantile of Student's t with so many *degrees* of freedom."""
    # Imported at use: scipy.special would triple the import time of evalhub.metrics.
    special = importlib.import_module("scipy.special")
    return float(special.stdtrit(degrees, probability))


def row_blocks(rows: int, width: int) -> Iterator[int]:
    """Split *rows* of *width* numbers into runs that fit in memory."""
    step = max(1, _BLOCK // width)
    for start in range(0, rows, step):
        yield min(step, rows - start)
