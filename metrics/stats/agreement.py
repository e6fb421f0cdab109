"""How far raters agree, beyond what chance alone would give.

Where all labels are alike, chance explains everything and a coefficient is undefined: the
functions here return NaN, and those of :mod:`evalhub.metrics.stats.agreement_intervals`
None, with the reason.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.ratings import (
    Label,
    Labels,
    RatingCounts,
    Ratings,
    confusion_matrix,
    count_ratings,
    listed,
)

__all__ = [
    "Level",
    "Weights",
    "alphas",
    "cohen_kappa",
    "disagreement_weights",
    "fleiss_kappa",
    "kappas",
    "krippendorff_alpha",
    "matthews_correlation",
    "percent_agreement",
]

Weights: TypeAlias = Literal["linear", "quadratic"] | None
"""How much a near miss counts; None counts each disagreement alike."""
Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
"""What differences between labels mean (Stevens, 1946)."""

_Floats = NDArray[np.float64]


def percent_agreement(first: Labels, second: Labels) -> float:
    """Return the share of units that both label alike; NaN where no unit has two labels."""
    table = confusion_matrix(first, second)
    return float(np.trace(table.counts)) / table.n if table.n else float("nan")


def cohen_kappa(
    first: Labels,
    second: Labels,
    weights: Weights = None,
    *,
    categories: Sequence[Label] | None = None,
) -> float:
    """Return Cohen's kappa (1960) of two raters, or his weighted kappa (1968).

    With *weights* a disagreement counts by the distance between the labels' places among
    *categories*, as in scikit-learn: name the whole scale where a grade may be missing.
    NaN where both raters gave one and the same label throughout.

    Raises:
        MetricInputError: as :func:`confusion_matrix`; or texts are to be weighted, and
            *categories* does not give their order.
    """
    table = confusion_matrix(first, second, categories=categories)
    if weights is not None and categories is None:
        _check_ordered(table.categories)
    return float(kappas(table.counts, disagreement_weights(len(table.categories), weights)))


def matthews_correlation(first: Labels, second: Labels) -> float:
    """Return the correlation of two raters with two labels (phi); NaN where one is constant.

    Raises:
        MetricInputError: there are more than two labels.
    """
    table = confusion_matrix(first, second)
    if len(table.categories) > 2:
        raise MetricInputError(
            f"there are {len(table.categories)} labels; Matthews' correlation takes two"
        )
    if len(table.categories) < 2:
        return float("nan")
    counts = table.counts.astype(np.float64)
    margins = float(np.prod(counts.sum(axis=0)) * np.prod(counts.sum(axis=1)))
    return float(np.linalg.det(counts)) / margins**0.5 if margins else float("nan")


def fleiss_kappa(ratings: Ratings) -> float:
    """Return Fleiss' kappa (1971) of *ratings*, shape (raters, units).

    The raters of one unit need not be those of the next. NaN where all labels are alike.

    Raises:
        MetricInputError: units have unlike numbers of ratings, or fewer than two.
    """
    counts = count_ratings(ratings).counts
    sizes = set(counts.sum(axis=1).astype(int).tolist())
    if len(sizes) != 1 or min(sizes) < 2:
        raise MetricInputError(
            f"units have {listed(sizes)} ratings; Fleiss' kappa needs the same number, 2 or "
            "more: use krippendorff_alpha where some are missing"
        )
    raters = sizes.pop()
    agreed = float((counts * (counts - 1)).sum()) / (len(counts) * raters * (raters - 1))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")


def krippendorff_alpha(
    ratings: Ratings,
    level: Level = "nominal",
    *,
    categories: Sequence[Label] | None = None,
) -> float:
    """Return Krippendorff's alpha (2011) of *ratings*, shape (raters, units).

    Units with fewer than two labels are left out. NaN where no unit has two, or all labels
    are alike.

    Raises:
        MetricInputError: the lengths differ; texts at a level other than nominal
            (or ordinal, with their order in *categories*); negative numbers at ratio level.
    """
    table = count_ratings(ratings, categories=categories)
    if level == "ordinal" and categories is None:
        _check_ordered(table.categories)
    return float(alphas(table, np.ones((1, len(table.counts))), level)[0])


def disagreement_weights(size: int, weights: Weights) -> _Floats:
    """Return what each pair of labels counts as a disagreement, shape (size, size)."""
    places = np.arange(size, dtype=np.float64)
    distance = np.abs(places[:, None] - places)
    if weights is None:
        return (distance > 0).astype(np.float64)
    if weights not in {"linear", "quadratic"}:
        raise MetricInputError(f"weights are {weights!r}; use linear, quadratic or None")
    return distance if weights == "linear" else distance**2


def kappas(tables: NDArray[np.generic], weights: _Floats) -> _Floats:
    """Return the kappa of each of *tables*, shape (..., categories, categories)."""
    counts = tables.astype(np.float64)
    observed = (counts * weights).sum(axis=(-2, -1)) * counts.sum(axis=(-2, -1))
    rows, columns = counts.sum(axis=-1), counts.sum(axis=-2)
    expected = ((rows @ weights) * columns).sum(axis=-1)
    return _one_minus(observed, expected)


def alphas(table: RatingCounts, weights: _Floats, level: Level) -> _Floats:
    """Return alpha for each row of *weights*, shape (draws, units): how often a unit counts.

    Ordinal distances are squared differences of mid-ranks, so they depend on the row.
    """
    sizes = table.counts.sum(axis=1)
    paired = sizes >= 2
    counts, sizes, weights = table.counts[paired], sizes[paired], weights[:, paired]
    totals = weights @ counts
    if level in {"nominal", "ratio"}:
        distances = _distances(table.categories, level)
        within = weights @ (((counts @ distances) * counts).sum(axis=1) / (sizes - 1))
        between = ((totals @ distances) * totals).sum(axis=1)
    else:
        places = _places(table.categories, totals, level)
        spread = sizes * (places**2 @ counts.T) - (places @ counts.T) ** 2
        within = 2 * (weights * spread / (sizes - 1)).sum(axis=1)
        n, means = totals.sum(axis=1), (totals * places).sum(axis=1)
        between = 2 * (n * (totals * places**2).sum(axis=1) - means**2)
    # Sums of squares leave a rounding error where all labels are alike.
    several = np.count_nonzero(totals, axis=1) > 1
    return _one_minus(within * (totals.sum(axis=1) - 1), np.where(several, between, 0.0))


def _distances(categories: Sequence[Label], level: Level) -> _Floats:
    if level == "nominal":
        return disagreement_weights(len(categories), None)
    values = _numbers(categories, level)
    if values.size and values.min() < 0:
        raise MetricInputError(f"a label is {values.min():g}; at ratio level none is below 0")
    sums = values[:, None] + values
    apart = values[:, None] - values
    return np.square(apart / np.where(sums == 0, 1, sums))


def _places(categories: Sequence[Label], totals: _Floats, level: Level) -> _Floats:
    """Return where each label lies, shape (draws, categories), around a middle of 0."""
    if level == "ordinal":
        middle: _Floats = totals.sum(axis=1)[:, None] / 2
        return np.cumsum(totals, axis=1) - totals / 2 - middle
    if level != "interval":
        raise MetricInputError(f"the level is {level!r}; use nominal, ordinal, interval or ratio")
    values = _numbers(categories, level)
    centred = values - (values.mean() if values.size else 0.0)
    return np.broadcast_to(centred, totals.shape)


def _one_minus(observed: _Floats, expected: _Floats) -> _Floats:
    """Return 1 - observed / expected, NaN where chance leaves no disagreement."""
    known = expected > 0
    return np.where(known, 1 - observed / np.where(known, expected, 1), np.nan)


def _check_ordered(categories: Sequence[Label]) -> None:
    if any(isinstance(label, str) for label in categories):
        raise MetricInputError(
            f"labels are texts ({listed(categories)}); give their order as categories"
        )


def _numbers(categories: Sequence[Label], level: Level) -> _Floats:
    texts = [label for label in categories if isinstance(label, str)]
    if texts:
        raise MetricInputError(f"the label {texts[0]!r} is a text; {level} level needs numbers")
    return np.array(categories, dtype=np.float64)
