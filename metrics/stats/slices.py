"""Means by slice of the data, and which slice is worst, without being fooled by looking at many."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import upper_tail
from evalhub.metrics.stats.intervals import (
    Interval,
    difference_of_means,
    mean_interval,
    wilson_interval,
)
from evalhub.metrics.stats.multiplicity import benjamini_hochberg
from evalhub.metrics.stats.sample import Clusters, Floats, is_binary, number_clusters

__all__ = ["SliceMean", "slice_means", "worst_slice"]


@dataclass(frozen=True, slots=True)
class SliceMean:
    """A metric over the examples of one slice, held against all others."""

    attribute: str
    label: object
    interval: Interval
    """As if this slice were the only one looked at."""
    simultaneous: Interval
    """With the chance that *any* slice's interval misses held at the same level (Bonferroni)."""
    rest: float | None
    """Mean of the examples outside the slice."""
    p_value: float | None
    """Two-sided, for "no different from the rest" (Welch's t)."""
    p_adjusted: float | None
    """Benjamini-Hochberg over all slices that were tested."""


def slice_means(
    values: ArrayLike,
    attributes: Mapping[str, Sequence[object]],
    *,
    rate: bool = False,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> tuple[SliceMean, ...]:
    """Return the mean of *values* in each slice, for each value of each attribute.

    *attributes* are columns such as language or topic, one label for each value. *rate* says that
    values are passes and fails, and gives Wilson's interval where there are no clusters. NaN is
    dropped; a slice without a score is left out.

    Raises:
        MetricInputError: a column is not as long as *values*, or a value of a rate is neither
            0, 1 nor NaN.
    """
    scores = np.asarray(values, dtype=np.float64)
    upper_tail(confidence)
    if rate and not is_binary(scores):
        raise MetricInputError("a rate is of passes and fails; give values of 0, 1 or NaN")
    if clusters is not None:
        clusters = number_clusters(clusters, np.ones(scores.size, dtype=np.bool_)).tolist()
    found = list(_slices(scores, attributes))
    simultaneous = 1 - (1 - confidence) / max(1, len(found))
    means = []
    for attribute, label, inside in found:
        plain, wide = (
            _interval(scores[inside], _kept(clusters, inside), rate, level)
            for level in (confidence, simultaneous)
        )
        rest, p_value = _against_rest(scores, inside, clusters)
        means.append(SliceMean(attribute, label, plain, wide, rest, p_value, None))
    return _adjusted(means)


def worst_slice(means: Sequence[SliceMean], *, least: int = 6) -> SliceMean | None:
    """Return the slice with the lowest mean among those of *least* examples or more, or None.

    Judge it by its ``simultaneous`` interval and its ``p_adjusted``: it was picked for being
    low, so its plain interval promises too much.
    """
    large = [one for one in means if one.interval.n >= least and one.interval.lower is not None]
    return min(large, key=lambda one: one.interval.mean or 0.0, default=None)


def _slices(
    scores: Floats, attributes: Mapping[str, Sequence[object]]
) -> Iterator[tuple[str, object, NDArray[np.bool_]]]:
    scored = ~np.isnan(scores)
    for attribute, labels in attributes.items():
        if len(labels) != scores.size:
            raise MetricInputError(
                f"attribute {attribute!r} has {len(labels)} labels for {scores.size} scores; "
                "give one label per score"
            )
        rows: dict[object, list[int]] = {}
        for row, (label, kept) in enumerate(zip(labels, scored, strict=True)):
            if kept:
                rows.setdefault(label, []).append(row)
        for label, members in rows.items():
            inside = np.zeros(scores.size, dtype=np.bool_)
            inside[members] = True
            yield attribute, label, inside


def _kept(clusters: Clusters, inside: NDArray[np.bool_]) -> Clusters:
    if clusters is None:
        return None
    return [clusters[row] for row in np.flatnonzero(inside).tolist()]


def _interval(scores: Floats, clusters: Clusters, rate: bool, confidence: float) -> Interval:
    if rate and clusters is None:
        return wilson_interval(int(scores.sum()), scores.size, confidence=confidence)
    return mean_interval(scores, clusters=clusters, confidence=confidence)


def _against_rest(
    scores: Floats, inside: NDArray[np.bool_], clusters: Clusters
) -> tuple[float | None, float | None]:
    outside = ~inside & ~np.isnan(scores)
    if not outside.any():
        return None, None
    found = difference_of_means(
        scores[outside],
        scores[inside],
        baseline_clusters=_kept(clusters, outside),
        candidate_clusters=_kept(clusters, inside),
    )
    return float(scores[outside].mean()), found.p_value


def _adjusted(means: Sequence[SliceMean]) -> tuple[SliceMean, ...]:
    tested = {place: one.p_value for place, one in enumerate(means) if one.p_value is not None}
    adjusted = dict(zip(tested, benjamini_hochberg(list(tested.values())), strict=True))
    return tuple(replace(one, p_adjusted=adjusted.get(place)) for place, one in enumerate(means))
