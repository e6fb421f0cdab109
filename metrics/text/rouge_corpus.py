"""ROUGE of a whole corpus: of its examples' scores, or of their counts, with intervals."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.corpus import CorpusScore, percentiles
from evalhub.metrics.prf import PrecisionRecallF
from evalhub.metrics.stats.bootstrap import bootstrap_means, resampled_sums
from evalhub.metrics.stats.intervals import Interval, mean_interval
from evalhub.metrics.stats.sample import Clusters, number_clusters
from evalhub.metrics.text.overlap import Overlap

__all__ = ["Average", "Draws", "RougeCorpusScore", "corpus_of_column", "corpus_of_counts"]

Average = Literal["macro", "micro"]
"""Means over the examples, or shares of what all of them have together."""

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Draws:
    """How often examples, or whole clusters, are drawn for an interval; 0 is no interval."""

    bootstrap: int
    seed: int
    clusters: Clusters


@dataclass(frozen=True, slots=True, kw_only=True)
class RougeCorpusScore(CorpusScore):
    """Precision, recall and F of one variant; ``value`` and its interval are of F."""

    precision: Interval
    recall: Interval
    fmeasure: Interval
    resamples: int
    """How often the examples were drawn; 0 where there is no interval."""


def corpus_of_column(column: PrecisionRecallF, draws: Draws) -> RougeCorpusScore:
    """Return the means of *column* with their 95% bootstrap intervals.

    Precision, recall and F share the resamples. Examples without a score are left out.
    """
    return _score(column, column.signature, _mean_intervals(column, draws), draws)


def corpus_of_counts(
    column: PrecisionRecallF, draws: Draws, *, root: float, alpha: float
) -> RougeCorpusScore:
    """Return the summed hits of *column* over its summed counts, with 95% bootstrap intervals.

    *root* is the power of weighted subsequences, *alpha* the weight of precision in F. The
    signature says ``corpus:micro``, since the means are other numbers.

    Raises:
        MetricInputError: the column has no counts.
    """
    kept = ~np.isnan(column.values)
    if column.counts is None or np.isnan(column.counts[kept]).any():
        raise MetricInputError(
            f"{column.name} has no counts to sum: a jackknife is of several; take another "
            "multi_reference, or the macro average"
        )
    groups = number_clusters(draws.clusters, kept)
    sums = np.zeros((int(groups.max(initial=-1)) + 1, 3))
    np.add.at(sums, groups, column.counts[kept])

    def shares(rows: _Floats) -> tuple[_Floats, ...]:
        hits, candidate, reference = rows.T
        return Overlap(hits, candidate, reference, root).scores(alpha, None)

    intervals = _micro_intervals(sums, int(kept.sum()), shares, draws)
    head, version = column.signature.rsplit("|", 1)
    return _score(column, f"{head}|corpus:micro|{version}", intervals, draws)


def _score(
    column: PrecisionRecallF, signature: str, intervals: tuple[Interval, ...], draws: Draws
) -> RougeCorpusScore:
    precision, recall, fmeasure = intervals
    has_interval = fmeasure.lower is not None
    return RougeCorpusScore(
        name=column.name,
        value=fmeasure.mean,
        lower=fmeasure.lower,
        upper=fmeasure.upper,
        n=fmeasure.n,
        signature=signature,
        seed=draws.seed if has_interval else None,
        precision=precision,
        recall=recall,
        fmeasure=fmeasure,
        resamples=draws.bootstrap if has_interval else 0,
    )


def _mean_intervals(column: PrecisionRecallF, draws: Draws) -> tuple[Interval, ...]:
    parts = column.precision, column.recall, column.values
    if draws.bootstrap:
        table = np.column_stack(parts)
        return bootstrap_means(
            table, resamples=draws.bootstrap, seed=draws.seed, clusters=draws.clusters
        )
    plain = (mean_interval(part, clusters=draws.clusters) for part in parts)
    return tuple(replace(interval, lower=None, upper=None) for interval in plain)


def _micro_intervals(
    sums: _Floats, n: int, shares: Callable[[_Floats], tuple[_Floats, ...]], draws: Draws
) -> tuple[Interval, ...]:
    """Return precision, recall and F of the summed counts, a row of *sums* for each cluster."""
    if not n:
        return (Interval(0, None, None, None, None),) * 3
    whole = shares(sums.sum(axis=0, keepdims=True))
    if not draws.bootstrap or len(sums) < 2:
        return tuple(Interval(n, float(part[0]), None, None, None) for part in whole)
    drawn = shares(resampled_sums(sums, resamples=draws.bootstrap, seed=draws.seed))
    return tuple(
        Interval(n, float(part[0]), float(draw.std(ddof=1)), *percentiles(draw))
        for part, draw in zip(whole, drawn, strict=True)
    )
