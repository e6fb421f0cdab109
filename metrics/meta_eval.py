"""Meta-evaluation: how well a metric's scores follow people's.

Summary level is the usual figure (Fabbri et al., 2021; Yuan et al., 2021): the correlation over
the systems' outputs for one document, averaged over the documents. Documents where a side is
constant have no correlation and are left out.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import Metric, ScoreColumn, ScoreTable
from evalhub.metrics.registry import load
from evalhub.metrics.stats.correlation import (
    CorrelationMethod,
    WilliamsTest,
    correlations_by_group,
    system_level,
    williams_test,
)
from evalhub.metrics.stats.intervals import Interval, mean_interval

__all__ = [
    "Contest",
    "Following",
    "OnProgress",
    "RatedOutputs",
    "ReferenceUse",
    "Scores",
    "compare_following",
    "following",
    "meta_eval",
    "scores_of",
]

ReferenceUse = Literal["all", "each"]
"""Give a metric all references of an output, or each alone and take the mean of its scores."""
OnProgress = Callable[[int, int], None]
"""Told how many rounds of scoring are done, and of how many."""


@dataclass(frozen=True, slots=True, eq=False)
class RatedOutputs:
    """Outputs of several systems for several documents, rated by people; one item per output."""

    name: str
    outputs: Sequence[str]
    references: Sequence[Sequence[str]]
    inputs: Sequence[Mapping[str, Any]]
    documents: Sequence[str]
    """Which document an output is for."""
    systems: Sequence[str]
    """Which system gave it."""
    ratings: Mapping[str, NDArray[np.float64]]
    """What people gave it, by dimension."""

    def __len__(self) -> int:
        return len(self.outputs)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One column of a metric's scores."""

    values: NDArray[np.float64]
    """One per output, NaN where there is none."""
    signature: str


@dataclass(frozen=True, slots=True)
class Following:
    """How well one column of scores follows people's ratings in one dimension."""

    column: str
    dimension: str
    signature: str
    spearman: Interval
    """Over the documents' correlations; ``n`` is how many documents have one."""
    kendall: Interval
    """Tau-b, likewise."""
    system_kendall: float
    """Tau-b of the systems' means."""
    unscored: int
    """Outputs without a score, which are left out."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Whether two columns follow people equally well in one dimension."""

    first: str
    second: str
    dimension: str
    test: WilliamsTest | None
    """Takes the outputs as independent, which those for one document are not quite. None
    where a side is constant, or the two are one."""


def meta_eval(
    metric: str | Metric,
    dataset: RatedOutputs,
    *,
    use: ReferenceUse = "all",
    on_progress: OnProgress | None = None,
    **settings: Any,
) -> tuple[Following, ...]:
    """Return how well *metric* follows the ratings: an item per column and dimension.

    *metric* is one, or the name of one that is made with *settings*. Intervals are over the
    documents.

    Raises:
        MetricError: no metric has this name, or it asks for a column that *dataset* lacks.
    """
    made = load(metric, **settings) if isinstance(metric, str) else metric
    return following(scores_of(made, dataset, use=use, on_progress=on_progress), dataset)


def following(columns: Mapping[str, Scores], dataset: RatedOutputs) -> tuple[Following, ...]:
    """Return how well each of *columns* follows each dimension of the ratings."""
    return tuple(
        _following(name, dimension, scores, dataset)
        for name, scores in columns.items()
        for dimension in dataset.ratings
    )


def scores_of(
    metric: Metric,
    dataset: RatedOutputs,
    *,
    use: ReferenceUse = "all",
    on_progress: OnProgress | None = None,
) -> dict[str, Scores]:
    """Return *metric*'s scores by column.

    Raises:
        MetricError: it asks for a column that *dataset* lacks.
    """
    rounds = _rounds(dataset.references) if use == "each" else [dataset.references]
    if "references" not in metric.requires:
        rounds = rounds[:1]
    tables: list[ScoreTable] = []
    for done, references in enumerate(rounds):
        if on_progress is not None:
            on_progress(done, len(rounds))
        given = _given(metric, dataset, references)
        tables.append(metric.score_batch(**given))
    if on_progress is not None:
        on_progress(len(rounds), len(rounds))
    return {name: _mean([table[name] for table in tables], use) for name in tables[0]}


def compare_following(columns: Mapping[str, Scores], dataset: RatedOutputs) -> tuple[Contest, ...]:
    """Return whether the first of *columns* follows the ratings as well as each of the others.

    Over all outputs at once, by Pearson's correlation; outputs without both scores are left out.
    """
    (first, *others) = columns
    return tuple(
        Contest(first, second, dimension, _test(columns[first], columns[second], ratings))
        for second in others
        for dimension, ratings in dataset.ratings.items()
    )


def _test(first: Scores, second: Scores, ratings: NDArray[np.float64]) -> WilliamsTest | None:
    x, y = first.values, second.values
    kept = ~(np.isnan(x) | np.isnan(y) | np.isnan(ratings))
    pairs = [(x, ratings), (y, ratings), (x, y)]
    try:
        found = [_pearson(left[kept], right[kept]) for left, right in pairs]
        return williams_test(found[0], found[1], found[2], int(kept.sum()))
    except MetricInputError:  # too few outputs, or one metric under two names
        return None


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if x.size < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        raise MetricInputError("a constant side has no correlation; nothing can be compared")
    return float(np.corrcoef(x, y)[0, 1])


def _following(column: str, dimension: str, scores: Scores, dataset: RatedOutputs) -> Following:
    ratings = dataset.ratings[dimension]

    def over_documents(method: CorrelationMethod) -> Interval:
        found = correlations_by_group(scores.values, ratings, dataset.documents, method=method)
        return mean_interval(found)

    return Following(
        column=column,
        dimension=dimension,
        signature=scores.signature,
        spearman=over_documents("spearman"),
        kendall=over_documents("kendall"),
        system_kendall=system_level(scores.values, ratings, dataset.systems),
        unscored=int(np.isnan(scores.values).sum()),
    )


def _rounds(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """Return the first reference of each output, then the second, as long as there is one."""
    most = max(map(len, references), default=0)
    return [[row[i] if i < len(row) else None for row in references] for i in range(most)]


def _given(metric: Metric, dataset: RatedOutputs, references: Sequence[Any]) -> dict[str, Any]:
    known = {"outputs": dataset.outputs, "references": references, "inputs": dataset.inputs}
    strange = [column for column in metric.requires if column not in known]
    if strange:
        raise MetricError(
            f"{metric.name} asks for {strange[0]!r}; {dataset.name} has {', '.join(known)}"
        )
    return {column: known[column] for column in metric.requires}


def _mean(rounds: Sequence[ScoreColumn], use: ReferenceUse) -> Scores:
    """Return the mean over *rounds* of what is scored; NaN where nothing is."""
    stacked = np.stack([column.values for column in rounds])
    counts = (~np.isnan(stacked)).sum(axis=0)
    means = np.full(counts.shape, np.nan)
    np.divide(np.nansum(stacked, axis=0), counts, out=means, where=counts > 0)
    signature = rounds[0].signature
    return Scores(means, signature if use == "all" else f"{signature}|each-reference")
