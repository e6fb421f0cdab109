"""ROUGE of a whole corpus: the means of its examples' scores, with their intervals."""

from dataclasses import dataclass, replace

import numpy as np

from evalhub.metrics.corpus import CorpusScore
from evalhub.metrics.prf import PrecisionRecallF
from evalhub.metrics.stats.bootstrap import bootstrap_means
from evalhub.metrics.stats.intervals import Interval, mean_interval
from evalhub.metrics.stats.sample import Clusters

__all__ = ["RougeCorpusScore", "corpus_of_column"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RougeCorpusScore(CorpusScore):
    """Mean precision, recall and F of one variant; ``value`` and its interval are of F."""

    precision: Interval
    recall: Interval
    fmeasure: Interval
    resamples: int
    """How often the examples were drawn; 0 where there is no interval."""


def corpus_of_column(
    column: PrecisionRecallF, *, bootstrap: int, seed: int, clusters: Clusters
) -> RougeCorpusScore:
    """Return the means of *column* with their 95% bootstrap intervals.

    Precision, recall and F share the resamples. Examples without a score are left out.
    """
    precision, recall, fmeasure = _intervals(column, bootstrap, seed, clusters)
    has_interval = fmeasure.lower is not None
    return RougeCorpusScore(
        name=column.name,
        value=fmeasure.mean,
        lower=fmeasure.lower,
        upper=fmeasure.upper,
        n=fmeasure.n,
        signature=column.signature,
        seed=seed if has_interval else None,
        precision=precision,
        recall=recall,
        fmeasure=fmeasure,
        resamples=bootstrap if has_interval else 0,
    )


def _intervals(
    column: PrecisionRecallF, bootstrap: int, seed: int, clusters: Clusters
) -> tuple[Interval, ...]:
    parts = column.precision, column.recall, column.values
    if bootstrap:
        table = np.column_stack(parts)
        return bootstrap_means(table, resamples=bootstrap, seed=seed, clusters=clusters)
    plain = (mean_interval(part, clusters=clusters) for part in parts)
    return tuple(replace(interval, lower=None, upper=None) for interval in plain)
