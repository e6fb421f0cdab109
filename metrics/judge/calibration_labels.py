"""What judge and people said, brought to one form: verdicts, grades or categories."""

import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from numbers import Real
from statistics import median
from typing import Literal

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.agreement import cohen_kappa
from evalhub.metrics.stats.ratings import Label, Labels

__all__ = [
    "Kind",
    "Reading",
    "Threshold",
    "as_labels",
    "choose_threshold",
    "consensus",
    "read_label",
    "split",
]

Threshold = float | Literal["auto"] | None
"""The lowest grade that passes; ``auto`` has it chosen, None leaves grades as they are."""

_VERDICTS: Mapping[object, float] = {
    **dict.fromkeys(("pass", "passed", "true", "yes", "y", "correct", "right", "good"), 1.0),
    **dict.fromkeys(("accept", "accepted", "ok", "acceptable", "supported"), 1.0),
    **dict.fromkeys(("fail", "failed", "false", "no", "n", "incorrect", "wrong", "bad"), 0.0),
    **dict.fromkeys(("reject", "rejected", "not ok", "unacceptable", "unsupported"), 0.0),
    1: 1.0,
    0: 0.0,
}


class Kind(StrEnum):
    """What labels are."""

    VERDICT = "verdict"
    """Pass (1) or fail (0)."""
    GRADE = "grade"
    """Numbers in order."""
    CATEGORY = "category"
    """Names without order."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How labels are read: all as one kind, and where grades begin to pass.

    A threshold makes verdicts of numbers other than 0 and 1; ``human_threshold`` is that
    for people's grades, and makes verdicts of all their numbers.
    """

    kind: Kind
    threshold: float | None = None
    human_threshold: float | None = None

    @classmethod
    def of(
        cls,
        judge: Sequence[Label],
        human: Sequence[Label],
        *,
        threshold: float | None = None,
        human_threshold: float | None = None,
        scale: tuple[float, float] | None = None,
    ) -> "Reading":
        """Return how to read these labels.

        The judge's numbers are grades where *scale*, its least and greatest, is not 0 and 1,
        even if it gave nothing but ones.

        Raises:
            MetricInputError: one side has verdicts or words and the other has grades, or a
                threshold is no number.
        """
        for name, mark in (("threshold", threshold), ("human_threshold", human_threshold)):
            if mark is not None and not math.isfinite(mark):
                raise MetricInputError(f"{name} is {mark}; give the lowest grade that passes")
        graded = scale not in {None, (0.0, 1.0)}
        judge_kind = Kind.GRADE if graded else _kind(judge)
        if threshold is not None:
            judge_kind = Kind.VERDICT
        human_kind = _kind(human)
        if human_threshold is None and human_kind is Kind.GRADE:
            human_threshold = threshold
        if human_threshold is not None:
            human_kind = Kind.VERDICT
        if judge_kind is not human_kind and any(label is not None for label in judge):
            raise MetricInputError(
                f"the judge's labels are of the kind {judge_kind}, people's {human_kind}; give the "
                "grade from which an output passes as the threshold, or labels of one kind"
            )
        return cls(human_kind, threshold, human_threshold)

    def judge(self, labels: Sequence[Label]) -> list[Label]:
        """Return the judge's *labels* in this form."""
        return [self._read(label, self.threshold) for label in labels]

    def human(self, labels: Sequence[Label]) -> list[Label]:
        """Return people's *labels* in this form."""
        return [self._read(label, self.human_threshold) for label in labels]

    def _read(self, label: Label, threshold: float | None) -> Label:
        if label is None or self.kind is Kind.GRADE:
            return label
        if self.kind is Kind.CATEGORY:
            return label.lower() if isinstance(label, str) else label
        if threshold is None:
            return _verdict(label)
        if isinstance(label, str):
            raise MetricInputError(
                f"the label {label!r} is a word; a threshold needs grades on that side"
            )
        return float(label >= threshold)


def as_labels(column: Labels) -> list[Label]:
    """Return *column* with None for each label that is missing (None, NaN or an empty text).

    Raises:
        MetricInputError: as :func:`read_label`.
    """
    return [read_label(item) for item in column]


def read_label(cell: object) -> Label:
    """Return the label in a cell of a file: a number where it is one, None where it is empty.

    Raises:
        MetricInputError: it is neither a text, a number nor empty.
    """
    if cell is None or (isinstance(cell, str) and not cell.strip()):
        return None
    if type(cell).__name__ == "NAType":  # pandas' own, which is equal to nothing
        return None
    if isinstance(cell, Real | np.bool_):  # True is 1.0
        number = float(cell)
    elif isinstance(cell, str):
        try:
            number = float(cell)
        except ValueError:
            return cell.strip()
    else:
        raise MetricInputError(f"the label is {cell!r}; give a text or a number")
    return number if math.isfinite(number) else None


def consensus(raters: Sequence[Sequence[Label]], kind: Kind) -> list[Label]:
    """Return one label per unit: the median of grades, else what most raters say.

    None where nobody rated the unit, or where the most frequent labels tie.
    """
    units = zip(*raters, strict=True)
    return [_agreed([label for label in unit if label is not None], kind) for unit in units]


def split(keys: Sequence[object], held_out: float, seed: int) -> tuple[list[int], list[int]]:
    """Return the places of the units to choose by, and of those held out.

    A unit goes by the hash of its key: units of one key (a cluster) stay together, and a unit
    that is added later moves no other one. So the shares are near *held_out*, not equal to it.

    Raises:
        MetricInputError: *held_out* is not between 0 and 1, or a side is empty.
    """
    if not 0 < held_out < 1:
        raise MetricInputError(f"the held-out share is {held_out}; give a number between 0 and 1")
    aside = [_position(key, seed) < held_out for key in keys]
    if all(aside) or not any(aside):
        raise MetricInputError(
            f"with seed {seed}, {len(set(keys))} clusters or labels do not split in two; "
            "use another seed, or more labels"
        )
    places = range(len(keys))
    return [i for i in places if not aside[i]], [i for i in places if aside[i]]


def choose_threshold(judge: Sequence[Label], human: Sequence[Label]) -> float:
    """Return the judge's grade that, as the lowest to pass, gives the greatest kappa.

    *human* are verdicts. Of grades with equal kappa the highest is taken.

    Raises:
        MetricInputError: the judge's labels are not numbers, or people's are all alike.
    """
    grades = sorted({_grade(label) for label in judge if label is not None})
    kappas = {grade: cohen_kappa(_from(judge, grade), human) for grade in grades[1:]}
    known = {grade: kappa for grade, kappa in kappas.items() if not math.isnan(kappa)}
    if not known:
        raise MetricInputError(
            "no threshold tells passes from fails: the labels to choose it by, or the judge's "
            "grades of them, are all alike; label more, or give the threshold"
        )
    return max(known, key=lambda grade: (known[grade], grade))


def _grade(label: str | float) -> float:
    if isinstance(label, str):
        raise MetricInputError(f"the judge says {label!r}; a threshold needs grades")
    return label


def _from(labels: Sequence[Label], grade: float) -> list[Label]:
    reading = Reading(Kind.VERDICT, threshold=grade)
    return reading.judge(labels)


def _kind(labels: Sequence[Label]) -> Kind:
    given = [label for label in labels if label is not None]
    if all(_verdict(label) is not None for label in given):
        return Kind.VERDICT
    words = [label for label in given if isinstance(label, str)]
    if words and len(words) < len(given):
        number = next(label for label in given if not isinstance(label, str))
        raise MetricInputError(
            f"labels of one side are words ({words[0]!r}) and numbers ({number:g}); use one kind"
        )
    return Kind.CATEGORY if words else Kind.GRADE


def _verdict(label: Label) -> float | None:
    return _VERDICTS.get(label.strip().lower() if isinstance(label, str) else label)


def _agreed(labels: Sequence[Label], kind: Kind) -> Label:
    if not labels:
        return None
    if kind is Kind.GRADE:
        return median(label for label in labels if isinstance(label, int | float))
    (first, votes), *others = Counter(labels).most_common(2)
    return None if others and others[0][1] == votes else first


def _position(key: object, seed: int) -> float:
    """Return a number from 0 to 1 that the key and the seed give, on any machine."""
    digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64
