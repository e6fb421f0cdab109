"""The labels that a calibration rests on, and each figure that they give."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import fmean

import numpy as np

from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.columns import check_lengths
from evalhub.metrics.judge.calibration_labels import Kind, Reading, as_labels, consensus, split
from evalhub.metrics.stats.agreement import Level, Weights, cohen_kappa
from evalhub.metrics.stats.agreement_intervals import alpha_interval, kappa_interval
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.intervals import mean_interval
from evalhub.metrics.stats.ratings import Label, Labels, confusion_matrix

__all__ = ["Sample", "Units"]

_EMPTY = "no output has a label of people's and a verdict of the judge's"
_FINE = "people's grades have no steps, so they are never alike: see alpha, or give a threshold"
_ONE_CLUSTER = "one label or one cluster alone gives no interval"


@dataclass(frozen=True, slots=True)
class Units:
    """Labels as they came, one item of each column per output."""

    judge: list[Label]
    raters: list[list[Label]]
    keys: list[object]
    clusters: list[object] | None

    @classmethod
    def of(
        cls,
        judge: Labels,
        raters: Sequence[Labels],
        keys: Sequence[object] | None,
        clusters: Sequence[object] | None,
    ) -> "Units":
        """Return the columns, checked.

        Raises:
            MetricInputError: their lengths differ.
        """
        named = {f"human_labels_{place}": labels for place, labels in enumerate(raters, start=1)}
        given = {"keys": keys, "clusters": clusters}
        others = {name: column for name, column in given.items() if column is not None}
        n = check_lengths(judge_labels=judge, **named, **others)
        return cls(
            as_labels(judge),
            [as_labels(labels) for labels in raters],
            list(range(n) if keys is None else keys),
            None if clusters is None else list(clusters),
        )

    @property
    def human(self) -> list[Label]:
        """Every label that people gave, rater by rater."""
        return [label for labels in self.raters for label in labels]

    def split(self, held_out: float, seed: int) -> "tuple[Units, Units]":
        """Return the units to choose by, and those to measure: all where none is held out.

        Raises:
            MetricInputError: they do not split so.
        """
        if not held_out:
            return self.take([]), self
        chosen, measured = split(self.clusters or self.keys, held_out, seed)
        return self.take(chosen), self.take(measured)

    def take(self, places: Sequence[int]) -> "Units":
        """Return the units at *places*."""
        return Units(
            [self.judge[i] for i in places],
            [[labels[i] for i in places] for labels in self.raters],
            [self.keys[i] for i in places],
            None if self.clusters is None else [self.clusters[i] for i in places],
        )


@dataclass(frozen=True, slots=True)
class Sample:
    """Labels in one form: all of them, and those of the units that both sides have labelled."""

    kind: Kind
    judge: list[Label]
    """Grades are rounded to the steps of people's."""
    human: list[Label]
    """What people agree on."""
    exact: list[Label]
    """What the judge said, not rounded."""
    clusters: list[object] | None
    whole: Units
    """All units, also those on which people tie, without which they seem to agree better."""
    categories: tuple[Label, ...]
    seed: int

    @classmethod
    def of(
        cls, units: Units, reading: Reading, scale: tuple[float, float] | None, seed: int
    ) -> "Sample":
        """Return the labels of *units* as *reading* takes them."""
        judge = reading.judge(units.judge)
        raters = [reading.human(labels) for labels in units.raters]
        human = consensus(raters, reading.kind)
        kept = [i for i, pair in enumerate(zip(judge, human, strict=True)) if None not in pair]
        exact = [judge[i] for i in kept]
        if reading.kind is Kind.GRADE:
            judge = _rounded(judge, _step([*human, *units.human]))
        return cls(
            kind=reading.kind,
            judge=[judge[i] for i in kept],
            human=[human[i] for i in kept],
            exact=exact,
            clusters=None if units.clusters is None else [units.clusters[i] for i in kept],
            whole=replace(units, judge=judge, raters=raters),
            categories=_categories(reading.kind, scale, [judge, human, *raters]),
            seed=seed,
        )

    @property
    def is_rounded(self) -> bool:
        """Whether the judge's grades lay between the steps of people's."""
        return self.judge != self.exact

    @property
    def is_fine(self) -> bool:
        """Whether people's grades have no steps, so that two are hardly ever alike."""
        return self.kind is Kind.GRADE and _step(self.categories) is None

    @property
    def unjudged(self) -> int:
        """Units that people agree on and the judge gave no verdict of."""
        truth = consensus(self.whole.raters, self.kind)
        pairs = zip(self.whole.judge, truth, strict=True)
        return sum(said is None and label is not None for said, label in pairs)

    @property
    def unlabelled(self) -> int:
        """Units that the judge has judged and people did not label, or tie on."""
        judged = sum(label is not None for label in self.whole.judge)
        return judged - len(self.judge)

    @property
    def weights(self) -> Weights:
        """How kappa counts a near miss."""
        return "quadratic" if self.kind is Kind.GRADE else None

    @property
    def level(self) -> Level:
        """What alpha takes the labels for."""
        if self.kind is not Kind.GRADE:
            return "nominal"
        return "interval" if self.is_fine else "ordinal"

    def confusion(self) -> tuple[tuple[int, ...], ...]:
        """Count units by people's label (row) and the judge's (column)."""
        if self.is_fine:
            return ()
        table = confusion_matrix(self.human, self.judge, categories=self.categories)
        return tuple(tuple(int(count) for count in row) for row in table.counts)

    def accuracy(self) -> Figure:
        """Return the share of units that judge and people label alike."""
        if self.is_fine:
            return Figure(len(self.judge), reason=_FINE)
        return self.rate(lambda judge, human: judge == human)

    def kappa(self) -> Figure:
        """Return Cohen's kappa of judge and people."""
        if self.is_fine:
            return Figure(len(self.judge), reason=_FINE)
        return kappa_interval(
            self.judge,
            self.human,
            self.weights,
            categories=self.categories,
            clusters=self.clusters,
            seed=self.seed,
        )

    def alpha(self) -> Figure:
        """Return Krippendorff's alpha of judge and people."""
        return self._alpha([self.judge, self.human], self.clusters)

    def human_alpha(self) -> Figure:
        """Return Krippendorff's alpha of the people, over all units."""
        return self._alpha(self.whole.raters, self.whole.clusters)

    def human_pair_kappa(self) -> float | None:
        """Return the mean kappa of each two people; None where no pair has one."""
        return self._mean_kappa(list(combinations(self.whole.raters, 2)))

    def judge_pair_kappa(self) -> float | None:
        """Return the mean kappa of the judge and each person; None where none has one."""
        return self._mean_kappa([(self.whole.judge, labels) for labels in self.whole.raters])

    def rate(
        self,
        holds: Callable[[Label, Label], bool],
        *,
        among: Callable[[Label, Label], bool] = lambda _judge, _human: True,
        empty: str = _EMPTY,
    ) -> Figure:
        """Return the share of the units of *among* for which *holds* (judge, human)."""
        outcomes, clusters = self.outcomes(holds, among)
        if not outcomes:
            return Figure(0, reason=empty)
        column = ScoreColumn("rate", np.array(outcomes), signature="")
        found = summarize(column, clusters=clusters)
        reason = None if found.lower is not None else _ONE_CLUSTER
        return Figure(found.n, found.mean, found.lower, found.upper, reason)

    def outcomes(
        self, holds: Callable[[Label, Label], bool], among: Callable[[Label, Label], bool]
    ) -> tuple[list[float], list[object] | None]:
        """Return 1 or 0 for each unit of *among*, and its cluster."""
        pairs = zip(self.judge, self.human, strict=True)
        kept = [(i, pair) for i, pair in enumerate(pairs) if among(*pair)]
        values = [float(holds(*pair)) for _, pair in kept]
        return values, None if self.clusters is None else [self.clusters[i] for i, _ in kept]

    def mean(self, values: Sequence[float]) -> Figure:
        """Return the mean of one value per unit."""
        if not values:
            return Figure(0, reason=_EMPTY)
        found = mean_interval(values, clusters=self.clusters)
        reason = None if found.lower is not None else _ONE_CLUSTER
        return Figure(found.n, found.mean, found.lower, found.upper, reason)

    def _alpha(
        self, raters: Sequence[Sequence[Label]], clusters: Sequence[object] | None
    ) -> Figure:
        return alpha_interval(
            raters,
            self.level,
            categories=self.categories,
            clusters=clusters,
            seed=self.seed,
        )

    def _mean_kappa(self, pairs: Sequence[tuple[Sequence[Label], Sequence[Label]]]) -> float | None:
        if self.is_fine:
            return None
        kappas = [cohen_kappa(*pair, self.weights, categories=self.categories) for pair in pairs]
        known = [kappa for kappa in kappas if not np.isnan(kappa)]
        return fmean(known) if known else None


def _categories(
    kind: Kind, scale: tuple[float, float] | None, columns: Sequence[Sequence[Label]]
) -> tuple[Label, ...]:
    """Return the labels there can be, in order; the grades between those given as well.

    Kappa weighs a miss by the places of the grades, so one that nobody gave has its place.
    """
    if kind is Kind.VERDICT:
        return (0.0, 1.0)
    found = {label for labels in columns for label in labels if label is not None}
    if kind is Kind.CATEGORY:
        return tuple(sorted(str(label) for label in found))
    ends = [end for end in scale or () if math.isfinite(end)]
    grades = sorted({*(float(label) for label in found), *ends})
    step = _step(grades)
    if step is None or not grades:
        return tuple(grades)
    lowest, highest = round(grades[0] / step), round(grades[-1] / step)
    return tuple(place * step for place in range(lowest, highest + 1))


def _step(labels: Sequence[Label]) -> float | None:
    """Return the step between grades: 1, or a half as between two people's; None for none."""
    grades = [float(label) for label in labels if label is not None]
    steps = (1.0, 0.5)
    return next((step for step in steps if all((g / step).is_integer() for g in grades)), None)


def _rounded(labels: Sequence[Label], step: float | None) -> list[Label]:
    """Return the judge's grades, such as means of several samples, on the steps of people's."""
    if step is None:
        return list(labels)
    return [
        label if label is None else math.floor(float(label) / step + 0.5) * step for label in labels
    ]
