"""A difference in each slice of the data: where to look, and no ground to decide on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.gates.pairs import Pair, clusters_of, values_of
from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.stats import PairedDifference, paired_difference

__all__ = ["Scored", "SliceComparison", "compare_slices"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SliceComparison:
    """One metric in both experiments, over one slice of the data."""

    name: str
    """Name of the slice, such as ``language``."""
    label: str
    """Its label, such as ``de``."""
    baseline: float
    """Mean over the examples that both sides have scored."""
    candidate: float
    difference: PairedDifference
    p_adjusted: float | None = None
    """Benjamini-Hochberg over all slices of all metrics of the comparison."""

    @property
    def p_value(self) -> float | None:
        """P of "no difference", not adjusted; None where there is none."""
        p = self.difference.p_value
        return None if p is None or not math.isfinite(p) else p


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Scores of the pairs that both sides have scored, position by position."""

    baseline: _Floats
    candidate: _Floats
    groups: NDArray[np.intp]
    """What each belongs to, by number."""
    bounds: tuple[float, float] | None

    @classmethod
    def of(cls, pairs: Sequence[Pair], bounds: tuple[float, float] | None) -> "Scored":
        """Return the scores of *pairs*."""
        labels = clusters_of([pair.baseline for pair in pairs])
        numbers = range(len(pairs)) if labels is None else _numbered(labels)
        return cls(
            values_of([pair.baseline_score for pair in pairs]),
            values_of([pair.candidate_score for pair in pairs]),
            np.fromiter(numbers, dtype=np.intp, count=len(pairs)),
            bounds,
        )

    @property
    def clusters(self) -> list[int] | None:
        """Their clusters' numbers, or None when all are independent."""
        is_plain = np.unique(self.groups).size == self.groups.size
        return None if is_plain else self.groups.tolist()

    def at(self, places: Sequence[int]) -> "Scored":
        """Return those at *places*."""
        return Scored(
            self.baseline[places], self.candidate[places], self.groups[places], self.bounds
        )

    def difference(self, seed: int) -> PairedDifference:
        """Return candidate minus baseline."""
        rates = (is_rate(side, self.bounds) for side in (self.baseline, self.candidate))
        return paired_difference(
            self.baseline, self.candidate, rate=all(rates), clusters=self.clusters, seed=seed
        )


def compare_slices(pairs: Sequence[Pair], scored: Scored, seed: int) -> tuple[SliceComparison, ...]:
    """Return the difference in each slice of *pairs*, whose scores are *scored*."""
    parts: dict[tuple[str, str], list[int]] = {}
    for place, pair in enumerate(pairs):
        for part in pair.candidate.slices.items():
            parts.setdefault(part, []).append(place)
    return tuple(
        SliceComparison(
            name,
            label,
            float(inside.baseline.mean()),
            float(inside.candidate.mean()),
            inside.difference(seed),
        )
        for (name, label), places in sorted(parts.items())
        for inside in [scored.at(places)]
    )


def _numbered(labels: Sequence[str]) -> list[int]:
    numbers: dict[str, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in labels]
