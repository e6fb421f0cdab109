"""A difference in each slice of the data: where to look, and no ground to decide on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.evals.gates.pairs import Pair, clusters_of, values_of
from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.stats import PairedDifference, paired_difference

__all__ = ["SliceComparison", "compare_slices", "difference_of"]


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


def difference_of(
    pairs: Sequence[Pair], bounds: tuple[float, float] | None, seed: int
) -> PairedDifference:
    """Return candidate minus baseline over *pairs* that are scored on both sides."""
    before = values_of([pair.baseline_score for pair in pairs])
    after = values_of([pair.candidate_score for pair in pairs])
    return paired_difference(
        before,
        after,
        rate=is_rate(before, bounds) and is_rate(after, bounds),
        clusters=clusters_of([pair.baseline for pair in pairs]),
        seed=seed,
    )


def compare_slices(
    pairs: Sequence[Pair], bounds: tuple[float, float] | None, seed: int
) -> tuple[SliceComparison, ...]:
    """Return the difference in each slice of *pairs*, which are scored on both sides."""
    parts: dict[tuple[str, str], list[Pair]] = {}
    for pair in pairs:
        for name, label in pair.candidate.slices.items():
            parts.setdefault((name, label), []).append(pair)
    return tuple(
        SliceComparison(
            name,
            label,
            float(np.mean(values_of([pair.baseline_score for pair in inside]))),
            float(np.mean(values_of([pair.candidate_score for pair in inside]))),
            difference_of(inside, bounds, seed),
        )
        for (name, label), inside in sorted(parts.items())
    )
