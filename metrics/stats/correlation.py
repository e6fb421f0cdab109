"""How well scores follow people's: correlations with intervals, and which metric does better.

For metrics of generated text two levels are usual: *summary level* (within each document, over
the systems, then averaged) and *system level* (of the systems' means).
"""

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import lower_tail, t_two_sided
from evalhub.metrics.stats.sample import (
    Clusters,
    Estimate,
    Floats,
    Numbers,
    check_draws,
    number_clusters,
)

__all__ = [
    "CorrelationMethod",
    "WilliamsTest",
    "correlation",
    "correlations_by_group",
    "summary_level",
    "system_level",
    "williams_test",
]

CorrelationMethod = Literal["pearson", "spearman", "kendall"]
"""Kendall's is tau-b."""


@dataclass(frozen=True, slots=True)
class WilliamsTest:
    """Whether one metric follows people better than another."""

    t: float
    degrees: int
    p_value: float
    """Two-sided, for "both follow equally well"."""


def correlation(
    scores: ArrayLike,
    human: ArrayLike,
    *,
    method: CorrelationMethod = "spearman",
    clusters: Clusters = None,
    confidence: float = 0.95,
    resamples: int = 1_000,
    seed: int = 0,
) -> Estimate:
    """Return the correlation of *scores* with *human*, and its percentile bootstrap interval.

    Whole clusters are drawn. Rows where either is NaN are dropped. Resamples in which a
    side is constant have no correlation and are left out; a constant side has no value at all.

    Raises:
        MetricInputError: the lengths differ, *method* is unknown, or *resamples* is below 2.
    """
    check_draws("resamples", resamples)
    tail = lower_tail(confidence)
    measure = _measure(method)
    x, y, groups = _rows(scores, human, clusters)
    value = measure(x, y)
    if math.isnan(value) or groups.max() < 1:
        return Estimate(x.size, None if math.isnan(value) else value, None, None, None)
    drawn = np.array([measure(x[rows], y[rows]) for rows in _resampled(groups, resamples, seed)])
    drawn = drawn[~np.isnan(drawn)]
    if drawn.size < 2:
        return Estimate(x.size, value, None, None, None)
    lower, upper = np.quantile(drawn, [tail, 1 - tail])
    return Estimate(x.size, value, float(drawn.std(ddof=1)), float(lower), float(upper))


def correlations_by_group(
    scores: ArrayLike,
    human: ArrayLike,
    groups: Clusters,
    *,
    method: CorrelationMethod = "spearman",
) -> Floats:
    """Return the correlation within each group, in the order in which groups first come.

    NaN where a side is constant within the group. Give these to
    :func:`~evalhub.metrics.stats.mean_interval` for an interval of the summary-level correlation.

    Raises:
        MetricInputError: the lengths differ, or *method* is unknown.
    """
    measure = _measure(method)
    x, y, numbers = _rows(scores, human, groups)
    return np.array([measure(x[rows], y[rows]) for rows in _members(numbers)], dtype=np.float64)


def summary_level(
    scores: ArrayLike,
    human: ArrayLike,
    groups: Clusters,
    method: CorrelationMethod = "spearman",
) -> float:
    """Return the mean over *groups* (documents) of the correlation over each one's rows.

    Groups in which a side is constant are skipped, as in the SummEval and BARTScore
    evaluations; NaN when all are.

    Raises:
        MetricInputError: the lengths differ, or *method* is unknown.
    """
    found = correlations_by_group(scores, human, groups, method=method)
    known = found[~np.isnan(found)]
    return float(known.mean()) if known.size else math.nan


def system_level(
    scores: ArrayLike,
    human: ArrayLike,
    systems: Clusters,
    method: CorrelationMethod = "kendall",
) -> float:
    """Return the correlation of the systems' mean scores with their mean *human* scores.

    NaN when a side is constant or there is one system.

    Raises:
        MetricInputError: the lengths differ, or *method* is unknown.
    """
    measure = _measure(method)
    x, y, numbers = _rows(scores, human, systems)
    sizes = np.maximum(np.bincount(numbers), 1)
    return measure(np.bincount(numbers, weights=x) / sizes, np.bincount(numbers, weights=y) / sizes)


def williams_test(first: float, second: float, between: float, n: int) -> WilliamsTest:
    """Test whether two metrics correlate equally well with the same human scores.

    *first* and *second* are their Pearson correlations with people, *between* that of the two
    metrics, all over the same *n* rows (Williams, 1959; Graham and Baldwin, 2014). The test takes
    the rows as independent.

    Raises:
        MetricInputError: *n* is below 4, or the three are not correlations of any data.
    """
    if n < 4:
        raise MetricInputError(f"{n} rows are too few for Williams' test; give 4 or more")
    spread = 1 - first**2 - second**2 - between**2 + 2 * first * second * between
    if max(abs(first), abs(second), abs(between)) > 1 or spread < -1e-12 or between == 1:
        raise MetricInputError(
            f"correlations {first}, {second} and {between} cannot be tested against each other; "
            "give those of two different metrics over the same rows"
        )
    centre = ((first + second) / 2) ** 2 * (1 - between) ** 3
    scale = 2 * max(spread, 0.0) * (n - 1) / (n - 3) + centre
    gain = (first - second) * math.sqrt((n - 1) * (1 + between))
    t = gain / math.sqrt(scale) if gain else 0.0
    return WilliamsTest(t, n - 3, t_two_sided(t, n - 3))


def _measure(method: str) -> Callable[[Floats, Floats], float]:
    measures = {"pearson": _pearson, "spearman": _spearman, "kendall": _kendall}
    if method not in measures:
        raise MetricInputError(f"method is {method!r}; it is one of {', '.join(measures)}")
    return measures[method]


def _rows(
    scores: ArrayLike, human: ArrayLike, clusters: Clusters
) -> tuple[Floats, Floats, Numbers]:
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(human, dtype=np.float64)
    if x.shape != y.shape:
        raise MetricInputError(f"{x.size} scores and {y.size} human scores; give one for one")
    kept = ~(np.isnan(x) | np.isnan(y))
    return x[kept], y[kept], number_clusters(clusters, kept)


def _pearson(x: Floats, y: Floats) -> float:
    if _is_constant(x) or _is_constant(y):
        return math.nan
    left, right = x - x.mean(), y - y.mean()
    scale = math.sqrt(float(left @ left) * float(right @ right))
    # Values that differ in their last bits only can still have no variance.
    return min(1.0, max(-1.0, float(left @ right) / scale)) if scale > 0 else math.nan


def _spearman(x: Floats, y: Floats) -> float:
    ranks = importlib.import_module("scipy.stats").rankdata
    return _pearson(ranks(x), ranks(y))


def _kendall(x: Floats, y: Floats) -> float:
    if _is_constant(x) or _is_constant(y):
        return math.nan
    return float(importlib.import_module("scipy.stats").kendalltau(x, y).statistic)


def _is_constant(values: Floats) -> bool:
    return values.size < 2 or bool(np.all(values == values[0]))


def _members(numbers: Numbers) -> list[Numbers]:
    """Return the rows of each group, by its number."""
    if not numbers.size:
        return []
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.cumsum(np.bincount(numbers))[:-1])


def _resampled(numbers: Numbers, resamples: int, seed: int) -> Iterator[Numbers]:
    """Give the rows of so many draws of whole clusters."""
    members = _members(numbers)
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        drawn = rng.integers(0, len(members), len(members))
        yield np.concatenate([members[number] for number in drawn])
