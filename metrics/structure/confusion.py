"""What can be said of a classifier from which classes it took for which.

The report is scikit-learn's. A number that is not defined is None and is left out of its
average, where scikit-learn would put 0 and warn: a class that was never predicted has no
precision, one that was neither there nor predicted has no F1.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub._optional import require

__all__ = ["ClassScores", "ClassificationSummary", "measure", "report"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is found, or the average over classes; None where it is not defined."""

    precision: float | None
    recall: float | None
    f1: float | None
    support: int
    """Examples that are of the class."""


@dataclass(frozen=True, slots=True, eq=False)
class ClassificationSummary:
    """The classification report of all examples that are scored."""

    labels: tuple[str, ...]
    confusion: NDArray[np.int64]
    """Examples by true class (rows) and predicted class (columns), in the order of ``labels``."""
    classes: Mapping[str, ClassScores]
    macro: ClassScores
    """Mean over the classes."""
    weighted: ClassScores
    """Mean over the classes, weighted by their support."""
    accuracy: float | None
    mcc: float | None
    """Matthews correlation coefficient; None where truth or predictions are all one class."""
    n: int


def report(
    expected: Sequence[str], predicted: Sequence[str], labels: Sequence[str]
) -> ClassificationSummary:
    """Return the report of *predicted* against *expected* classes, which are among *labels*.

    Raises:
        MissingExtraError: the ``metrics`` extra is not installed.
    """
    metrics = require("sklearn.metrics", extra="metrics")
    known = list(labels)
    if not expected:
        empty = np.zeros((len(known), len(known)), dtype=np.int64)
        nothing = ClassScores(None, None, None, 0)
        classes = dict.fromkeys(known, nothing)
        return ClassificationSummary(
            tuple(known), empty, classes, nothing, nothing, None, None, n=0
        )
    has_mcc = len(set(expected)) > 1 and len(set(predicted)) > 1
    return ClassificationSummary(
        labels=tuple(known),
        confusion=metrics.confusion_matrix(expected, predicted, labels=known),
        classes=_by_class(metrics, expected, predicted, known),
        macro=_average(metrics, expected, predicted, known, "macro"),
        weighted=_average(metrics, expected, predicted, known, "weighted"),
        accuracy=float(metrics.accuracy_score(expected, predicted)),
        mcc=float(metrics.matthews_corrcoef(expected, predicted)) if has_mcc else None,
        n=len(expected),
    )


def measure(confusions: _Floats) -> dict[str, _Floats]:
    """Return accuracy, macro and weighted F1, MCC and each class's F1 of many tables at once.

    *confusions* has shape (tables, classes, classes), true classes in rows. Each result has
    shape (tables,), the one called ``f1`` (tables, classes); NaN stands for "not defined".
    """
    right = np.diagonal(confusions, axis1=1, axis2=2)
    true, found = confusions.sum(axis=2), confusions.sum(axis=1)
    total = true.sum(axis=1)
    with np.errstate(invalid="ignore"):
        f1 = 2 * right / (true + found)
        return {
            "accuracy": right.sum(axis=1) / total,
            "macro_f1": np.nansum(f1, axis=1) / np.isfinite(f1).sum(axis=1),
            "weighted_f1": np.nansum(f1 * true, axis=1) / total,
            "mcc": _mcc(right.sum(axis=1), true, found, total),
            "f1": f1,
        }


def _mcc(right: _Floats, true: _Floats, found: _Floats, total: _Floats) -> _Floats:
    """Return the coefficient for several classes (Gorodkin, 2004); 0 / 0 is NaN."""
    square = total * total
    spread = (square - (true * true).sum(axis=1)) * (square - (found * found).sum(axis=1))
    coefficients: _Floats = (right * total - (true * found).sum(axis=1)) / np.sqrt(spread)
    return coefficients


def _by_class(
    metrics: Any, expected: Sequence[str], predicted: Sequence[str], labels: list[str]
) -> dict[str, ClassScores]:
    columns = metrics.precision_recall_fscore_support(
        expected, predicted, labels=labels, zero_division=np.nan
    )
    return {
        label: ClassScores(_or_none(precision), _or_none(recall), _or_none(f1), int(support))
        for label, precision, recall, f1, support in zip(labels, *columns, strict=True)
    }


def _average(
    metrics: Any, expected: Sequence[str], predicted: Sequence[str], labels: list[str], kind: str
) -> ClassScores:
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        expected, predicted, labels=labels, average=kind, zero_division=np.nan
    )
    return ClassScores(_or_none(precision), _or_none(recall), _or_none(f1), len(expected))


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
