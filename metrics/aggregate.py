"""Summarise a column of scores: mean, interval, and what is missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.intervals import Interval, mean_interval, wilson_interval
from evalhub.model import MetricSummary, ScoreState

__all__ = ["summarize"]


def summarize(column: ScoreColumn, *, clusters: Sequence[object] | None = None) -> MetricSummary:
    """Return the mean of *column* with its 95% interval, and count what is not scored.

    Scores that are all 0 or 1 are a rate and get a Wilson interval; with *clusters* (one
    label per example) the interval is the clustered one of
    :func:`~evalhub.metrics.intervals.mean_interval`, or Wilson's over the clusters where all
    scores are alike.
    """
    interval = _interval(column, clusters)
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
    )


def _interval(column: ScoreColumn, clusters: Sequence[object] | None) -> Interval:
    scored = ~np.isnan(column.values)
    values = column.values[scored]
    is_rate = bool(values.size) and bool(np.all((values == 0) | (values == 1)))
    if is_rate and clusters is None:
        return wilson_interval(int(values.sum()), values.size)
    interval = mean_interval(column.values, clusters=clusters)
    if is_rate and clusters is not None and values.min() == values.max():
        # All alike leaves no variance to estimate; each cluster is then one trial.
        n = len({label for label, keep in zip(clusters, scored, strict=True) if keep})
        wilson = wilson_interval(int(values[0]) * n, n)
        return replace(interval, lower=wilson.lower, upper=wilson.upper)
    return interval
