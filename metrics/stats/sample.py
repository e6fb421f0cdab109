"""Scores as the statistics here take them: without gaps, and with a cluster each.

NaN stands for "not scored" and is dropped. Examples that share a cluster (an author, a
conversation, an example that was repeated) are not independent of each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.errors import MetricInputError

__all__ = [
    "Clusters",
    "Estimate",
    "Floats",
    "Numbers",
    "as_pair",
    "check_draws",
    "check_labels",
    "drop_unscored",
    "is_binary",
    "number_clusters",
    "total_by",
]

Clusters = Sequence[object] | None
"""The cluster of each score, or None where each is its own."""

Floats = NDArray[np.float64]
Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was estimated, and its confidence interval; None where too few scores allow none."""

    n: int
    """Examples that it rests on."""
    value: float | None
    stderr: float | None
    lower: float | None
    upper: float | None


def drop_unscored(values: ArrayLike, clusters: Clusters) -> tuple[Floats, Numbers]:
    """Return the values that are not NaN, and the cluster number of each, from 0.

    Raises:
        MetricInputError: there is not one cluster per value.
    """
    scores = np.asarray(values, dtype=np.float64)
    kept = ~np.isnan(scores)
    return scores[kept], number_clusters(clusters, kept)


def number_clusters(clusters: Clusters, kept: NDArray[np.bool_]) -> Numbers:
    """Return the cluster number of each example that is *kept*, from 0 and without gaps.

    Raises:
        MetricInputError: there is not one cluster per example.
    """
    if clusters is None:
        return np.arange(int(kept.sum()))
    check_labels(clusters, kept.size)
    numbers: dict[object, int] = {}
    labels = (label for label, keep in zip(clusters, kept, strict=True) if keep)
    groups = [numbers.setdefault(label, len(numbers)) for label in labels]
    return np.asarray(groups, dtype=np.intp)


def check_labels(clusters: Sequence[object], scores: int) -> None:
    """Refuse labels that are more or fewer than the *scores*.

    Raises:
        MetricInputError: there is not one label per score.
    """
    if len(clusters) != scores:
        raise MetricInputError(
            f"{len(clusters)} clusters for {scores} scores; give one label per score"
        )


def total_by(groups: Numbers, values: ArrayLike, count: int = 0) -> Floats:
    """Return the sum of *values* in each group, shape (groups,), at least *count* of them."""
    return np.bincount(groups, weights=values, minlength=count).astype(np.float64, copy=False)


def as_pair(baseline: ArrayLike, candidate: ArrayLike) -> tuple[Floats, Floats]:
    """Return both columns as arrays.

    Raises:
        MetricInputError: their lengths differ.
    """
    first = np.asarray(baseline, dtype=np.float64)
    second = np.asarray(candidate, dtype=np.float64)
    if first.shape != second.shape:
        raise MetricInputError(
            f"{first.size} baseline and {second.size} candidate scores; pair them by example first"
        )
    return first, second


def is_binary(values: Floats) -> bool:
    """Return whether all *values* are 0, 1 or NaN."""
    return bool(np.all((values == 0) | (values == 1) | np.isnan(values)))


def check_draws(setting: str, number: int) -> None:
    """Refuse a number of random draws that says nothing.

    Raises:
        MetricInputError: *number* is below 2.
    """
    if number < 2:
        raise MetricInputError(f"{setting} is {number}; give 2 or more, 10000 as a rule")
