"""Scores of a whole corpus, which no mean over its examples gives.

BLEU over a corpus is a ratio of summed counts, and macro F1 is one of summed confusions. So
such a metric keeps each example's sufficient statistics in its column, and ``corpus`` makes
of them the value and, by drawing examples with replacement, its interval.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.metrics.base import ScoreColumn, ScoreTable
from evalhub.metrics.stats.bootstrap import resampled_sums
from evalhub.metrics.stats.sample import Clusters, number_clusters

__all__ = ["CorpusColumn", "CorpusMetric", "CorpusScore", "corpus_score", "percentiles"]

_Table_contra = TypeVar("_Table_contra", bound=ScoreTable, contravariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusScore:
    """One value for all examples, with its bootstrap interval."""

    name: str
    value: float | None
    """None where no example was scored."""
    lower: float | None
    """None where there is no interval: none was asked for, or one example allows none."""
    upper: float | None
    n: int
    """Examples that were scored."""
    signature: str
    seed: int | None = None
    """Of the draws; None without an interval."""


class CorpusMetric(Protocol[_Table_contra]):
    """A metric that also scores all examples as one."""

    def corpus(
        self, table: _Table_contra, *, bootstrap: int = 1000, seed: int = 0
    ) -> Mapping[str, CorpusScore]:
        """Return the scores of the corpus by name, of the *table* that ``score_batch`` gave.

        Interval ends are percentiles over *bootstrap* draws of the examples; 0 asks for none.
        """


@dataclass(frozen=True, slots=True, eq=False)
class CorpusColumn(ScoreColumn):
    """A score column that keeps what the score of the corpus is made of.

    ``statistics`` has shape (n, k): numbers that are summed over the examples. A row is NaN
    where its example is not scored.
    """

    statistics: NDArray[np.float64] = field(kw_only=True)


def corpus_score(
    column: CorpusColumn,
    signature: str,
    value: Callable[[NDArray[np.float64]], float],
    *,
    bootstrap: int = 1000,
    seed: int = 0,
    clusters: Clusters = None,
) -> CorpusScore:
    """Return *column*'s score over all examples: *value* of its summed statistics.

    The 95% interval holds the percentiles of *bootstrap* resamples of the examples, or of
    whole *clusters* (one label per example); 0 asks for none.

    Raises:
        MetricInputError: *bootstrap* is 1, or there is not one cluster per example.
    """
    kept = ~np.isnan(column.values)
    rows = column.statistics[kept]
    lower = upper = None
    if bootstrap:
        sums = _cluster_sums(rows, number_clusters(clusters, kept))
        if len(sums) > 1:
            drawn = resampled_sums(sums, resamples=bootstrap, seed=seed)
            lower, upper = percentiles([value(row) for row in drawn])
    return CorpusScore(
        name=column.name,
        value=value(rows.sum(axis=0)) if len(rows) else None,
        lower=lower,
        upper=upper,
        n=len(rows),
        signature=signature,
        seed=None if lower is None else seed,
    )


def percentiles(values: ArrayLike) -> tuple[float, float] | tuple[None, None]:
    """Return where the middle 95% of *values* lie, without those that are NaN."""
    found = np.asarray(values, dtype=np.float64)
    found = found[~np.isnan(found)]
    if not found.size:
        return None, None
    lower, upper = np.quantile(found, [0.025, 0.975])
    return float(lower), float(upper)


def _cluster_sums(rows: NDArray[np.float64], groups: NDArray[np.intp]) -> NDArray[np.float64]:
    sums = np.zeros((int(groups.max(initial=-1)) + 1, rows.shape[1]))
    np.add.at(sums, groups, rows)
    return sums
