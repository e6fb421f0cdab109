"""Summarise a column of scores: mean, interval, and what is missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats.clustered_rate import clustered_rate_interval
from evalhub.metrics.stats.intervals import Interval, mean_interval
from evalhub.model import MetricSummary, ScoreState

__all__ = ["is_rate", "summarize"]


def summarize(
    column: ScoreColumn,
    *,
    clusters: Sequence[object] | None = None,
    confidence: float = 0.95,
) -> MetricSummary:
    """Return the mean of *column* with its interval, and count what is not scored.

    With *clusters* (one label per example) the interval is the clustered one of
    :func:`~evalhub.metrics.stats.intervals.mean_interval`, cut at the column's bounds, beyond
    which no mean lies. A rate (see :func:`is_rate`) gets that of
    :func:`~evalhub.metrics.stats.clustered_rate.clustered_rate_interval`.
    """
    interval = _interval(column, clusters, confidence)
    states = Counter(column.states or ())
    return MetricSummary(
        name=column.name,
        signature=column.signature,
        n=interval.n,
        mean=interval.mean,
        stderr=interval.stderr,
        lower=interval.lower,
        upper=interval.upper,
        errored=states[ScoreState.ERRORED],
        unparsed=states[ScoreState.UNPARSED],
        skipped=states[ScoreState.SKIPPED],
        bounds=column.bounds,
        better=column.better,
    )


def is_rate(values: ArrayLike, bounds: tuple[float, float] | None) -> bool:
    """Return whether *values* are passes and fails: all 0 or 1, where *bounds* are 0 and 1.

    NaN, which is not scored, is left out; nothing at all is no rate.
    """
    scored = _scored(np.asarray(values, dtype=np.float64))
    is_binary = bool(np.all((scored == 0) | (scored == 1)))
    return bounds == (0.0, 1.0) and scored.size > 0 and is_binary


def _interval(
    column: ScoreColumn, clusters: Sequence[object] | None, confidence: float
) -> Interval:
    if is_rate(column.values, column.bounds):
        return clustered_rate_interval(column.values, clusters=clusters, confidence=confidence)
    found = mean_interval(column.values, clusters=clusters, confidence=confidence)
    return _cut(found, _scored(column.values), column.bounds)


def _scored(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _cut(
    interval: Interval, values: NDArray[np.float64], bounds: tuple[float, float] | None
) -> Interval:
    if bounds is None or interval.lower is None or interval.upper is None:
        return interval
    # A metric may overstep what it says, be it by rounding: the mean stays inside.
    lowest, highest = min(bounds[0], values.min()), max(bounds[1], values.max())
    return replace(
        interval,
        lower=max(interval.lower, float(lowest)),
        upper=min(interval.upper, float(highest)),
    )
