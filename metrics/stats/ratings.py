"""Labels that raters gave, counted: by pair of raters, and by unit.

Two raters' labels are paired by position; ratings by more raters have the shape (raters,
units). A label is a text or a number; None and NaN stand for "not rated".
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricInputError

__all__ = [
    "Confusion",
    "Label",
    "Labels",
    "RatingCounts",
    "Ratings",
    "confusion_matrix",
    "count_ratings",
    "listed",
    "paired_codes",
]

Label: TypeAlias = str | float | None
"""What a rater says of one unit; None and NaN for nothing."""
Labels: TypeAlias = Sequence[Label] | NDArray[np.generic]
"""One rater's labels."""
Ratings: TypeAlias = Sequence[Labels] | NDArray[np.generic]
"""Labels of several raters, shape (raters, units)."""


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each label of one rater met each label of the other."""

    categories: tuple[Label, ...]
    counts: NDArray[np.int64]
    """Shape (categories, categories): the first rater's label is the row."""

    @property
    def n(self) -> int:
        """Units that both have rated."""
        return int(self.counts.sum())


@dataclass(frozen=True, slots=True, eq=False)
class RatingCounts:
    """How often each unit got each label."""

    categories: tuple[Label, ...]
    counts: NDArray[np.float64]
    """Shape (units, categories)."""


def confusion_matrix(
    first: Labels, second: Labels, *, categories: Sequence[Label] | None = None
) -> Confusion:
    """Count pairs of labels; a pair with a missing label is left out.

    *categories* gives their order, and names those that neither rater used; by default
    they are what is found, sorted.

    Raises:
        MetricInputError: the lengths differ, texts and numbers are mixed, or a label is
            not among *categories*.
    """
    codes, known, _ = paired_codes(first, second, categories)
    size = len(known)
    counts = np.bincount(codes[0] * size + codes[1], minlength=size * size)
    return Confusion(known, counts.reshape(size, size))


def paired_codes(
    first: Labels, second: Labels, categories: Sequence[Label] | None = None
) -> tuple[NDArray[np.intp], tuple[Label, ...], NDArray[np.bool_]]:
    """Return the labels of the units that both have rated, as places among the categories.

    The places have the shape (2, kept units); the last item says which units were kept.

    Raises:
        MetricInputError: as :func:`confusion_matrix`.
    """
    codes, known = _coded([first, second], categories)
    kept = np.all(codes >= 0, axis=0)
    return codes[:, kept], known, kept


def count_ratings(ratings: Ratings, *, categories: Sequence[Label] | None = None) -> RatingCounts:
    """Count the labels of each unit in *ratings*, shape (raters, units).

    Raises:
        MetricInputError: the lengths differ, texts and numbers are mixed, or a label is
            not among *categories*.
    """
    codes, known = _coded(ratings, categories)
    counts = np.zeros((codes.shape[1], len(known)))
    rated = codes >= 0
    units = np.broadcast_to(np.arange(codes.shape[1]), codes.shape)
    np.add.at(counts, (units[rated], codes[rated]), 1.0)
    return RatingCounts(known, counts)


def _coded(
    rows: Ratings, categories: Sequence[Label] | None
) -> tuple[NDArray[np.intp], tuple[Label, ...]]:
    """Return labels as places among the categories, shape (raters, units); -1 for none."""
    lists = [_as_list(row) for row in rows]
    lengths = {len(row) for row in lists}
    if len(lengths) != 1:
        raise MetricInputError(
            f"raters have {listed(lengths)} labels; give one per unit, None for none"
        )
    found = {label for row in lists for label in row if label is not None}
    known = tuple(_sorted(found)) if categories is None else tuple(categories)
    places: dict[Label, int] = {label: place for place, label in enumerate(known)}
    unknown = sorted(map(repr, found - places.keys()))
    if unknown:
        raise MetricInputError(f"the label {unknown[0]} is not among {listed(known)}")
    codes = [[-1 if label is None else places[label] for label in row] for row in lists]
    return np.array(codes, dtype=np.intp).reshape(len(lists), -1), known


def _as_list(row: Labels) -> list[Label]:
    if isinstance(row, str):
        raise MetricInputError(f"labels are one text, {row!r}; give a list with one per unit")
    items: list[Label] = row.tolist() if isinstance(row, np.ndarray) else list(row)
    return [None if isinstance(item, float) and math.isnan(item) else item for item in items]


def _sorted(labels: Iterable[Label]) -> list[Label]:
    found = list(labels)
    texts = [label for label in found if isinstance(label, str)]
    if texts and len(texts) < len(found):
        number = next(label for label in found if not isinstance(label, str))
        raise MetricInputError(
            f"labels are texts ({texts[0]!r}) and numbers ({number!r}); use one kind"
        )
    return sorted(found)  # type: ignore[type-var]  # one kind, and no None


def listed(items: Iterable[object]) -> str:
    """Return *items* as one line for a message."""
    return ", ".join(str(item) for item in items)
