"""How far a mean, or a difference, may lie when some examples have no score.

An interval over the scored examples alone would let a candidate gain by failing
on the hard ones. So each missing score is put at the metric's worst for the lower
end and at its best for the upper end (Horowitz and Manski, 2000).
"""

from dataclasses import dataclass, replace
from typing import Self

from evalhub.evals.operational import score_of
from evalhub.evals.pairs import (
    clusters_of,
    joint_bounds,
    missing_range,
    pair_scores,
    refusal,
    values_of,
)
from evalhub.metrics.aggregate import is_rate, summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats import PairedDifference, paired_difference
from evalhub.model import Experiment, MetricSummary, Score, ScoreState

__all__ = ["Bounds", "absolute_bounds", "difference_bounds"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """95% interval ends that hold whatever the missing scores would have been."""

    lower: float | None
    upper: float | None
    units: int
    """Independent examples or clusters."""
    total: int
    """Examples that should have a score."""
    missing: int
    """Those of them that have none."""
    refused: str | None = None
    """Why nothing can be said, or None."""
    sign: float = 1.0
    """-1 once the ends were turned around because less is better."""

    @property
    def missing_rate(self) -> float:
        """Missing examples as a share of all; 1 when there is none at all."""
        return self.missing / self.total if self.total else 1.0

    def times(self, sign: float) -> Self:
        """Return the bounds of *sign* (1 or -1) times the quantity."""
        if sign > 0 or self.lower is None or self.upper is None:
            return replace(self, sign=self.sign * sign)
        return replace(self, lower=-self.upper, upper=-self.lower, sign=self.sign * sign)


def difference_bounds(baseline: Experiment, candidate: Experiment, metric: str) -> Bounds:
    """Return the bounds of candidate minus baseline in the mean of *metric*."""
    reason = refusal(baseline, candidate, metric)
    if reason is not None:
        return Bounds(None, None, units=0, total=0, missing=0, refused=reason)
    pairs = [pair for pair in pair_scores(baseline, candidate, metric) if not pair.is_void]
    left = [pair.baseline_score for pair in pairs]
    right = [pair.candidate_score for pair in pairs]
    bounds = joint_bounds(metric, baseline, candidate)
    low, high = missing_range([*left, *right], bounds)
    rate = is_rate(values_of([*left, *right]), bounds)
    clusters = clusters_of([pair.baseline for pair in pairs])

    def interval(left_missing: float, right_missing: float) -> PairedDifference:
        return paired_difference(
            values_of(left, missing=left_missing),
            values_of(right, missing=right_missing),
            rate=rate,
            clusters=clusters,
            permutations=2,  # the fewest: only the interval is wanted
        )

    return Bounds(
        lower=interval(high, low).lower,
        upper=interval(low, high).upper,
        units=len(pairs) if clusters is None else len(set(clusters)),
        total=len(pairs),
        missing=sum(not pair.is_scored for pair in pairs),
    )


def absolute_bounds(experiment: Experiment, metric: str) -> Bounds:
    """Return the bounds of the mean of *metric*."""
    scored = [(result, score_of(result, metric)) for result in experiment.results]
    kept = [(result, score) for result, score in scored if not _is_skipped(score)]
    scores = [score for _, score in kept]
    bounds = joint_bounds(metric, experiment)
    low, high = missing_range(scores, bounds)
    clusters = clusters_of([result for result, _ in kept])

    def interval(missing: float) -> MetricSummary:
        values = values_of(scores, missing=missing)
        return summarize(ScoreColumn(metric, values, "", bounds=bounds), clusters=clusters)

    return Bounds(
        lower=interval(low).lower,
        upper=interval(high).upper,
        units=len(kept) if clusters is None else len(set(clusters)),
        total=len(kept),
        missing=sum(score is None or score.value is None for score in scores),
    )


def _is_skipped(score: Score | None) -> bool:
    return score is not None and score.state is ScoreState.SKIPPED
