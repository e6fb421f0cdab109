"""Two experiments side by side: the same example, the same repeat."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.operational import ERROR_RATE, score_of
from evalhub.model import ExampleResult, Experiment, Score, ScoreState

__all__ = [
    "Pair",
    "Results",
    "clusters_of",
    "joint_bounds",
    "match_results",
    "pair_scores",
    "refusal",
    "score_pairs",
    "values_of",
]


Results = tuple[ExampleResult, ExampleResult]
"""Of the baseline and of the candidate, for the same example and repeat."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One example's results, and its scores of one metric, in two experiments."""

    baseline: ExampleResult
    candidate: ExampleResult
    baseline_score: Score | None
    candidate_score: Score | None

    @property
    def is_void(self) -> bool:
        """Whether neither side had anything to score, so that nothing is missing."""
        return _is_skipped(self.baseline_score) and _is_skipped(self.candidate_score)

    @property
    def is_scored(self) -> bool:
        """Whether both sides have a value."""
        return _value(self.baseline_score) is not None and _value(self.candidate_score) is not None


def match_results(baseline: Experiment, candidate: Experiment) -> list[Results]:
    """Return the results of the same example and repeat, in the baseline's order.

    Those that only one side has are left out.
    """
    others = {(result.example_id, result.repeat): result for result in candidate.results}
    return [
        (result, other)
        for result in baseline.results
        if (other := others.get((result.example_id, result.repeat))) is not None
    ]


def score_pairs(matched: Sequence[Results], metric: str) -> list[Pair]:
    """Return the *matched* results with their scores of *metric*."""
    return [
        Pair(left, right, score_of(left, metric), score_of(right, metric))
        for left, right in matched
    ]


def pair_scores(baseline: Experiment, candidate: Experiment, metric: str) -> list[Pair]:
    """Return the pairs of *metric*, as :func:`match_results` matches them."""
    return score_pairs(match_results(baseline, candidate), metric)


def values_of(scores: Sequence[Score | None], *, missing: float = np.nan) -> NDArray[np.float64]:
    """Return the scores' values, shape (n,), with *missing* where there is none."""
    values = [_value(score) for score in scores]
    return np.array([missing if value is None else value for value in values], dtype=np.float64)


def clusters_of(results: Sequence[ExampleResult]) -> list[str] | None:
    """Return what each result belongs to, or None when all are independent.

    Repeats of an example are not independent of each other, so without a cluster
    of its own an example is one.
    """
    clusters = [
        result.example_id if result.cluster is None else result.cluster for result in results
    ]
    return None if len(set(clusters)) == len(clusters) else clusters


def joint_bounds(metric: str, *experiments: Experiment) -> tuple[float, float] | None:
    """Return the bounds of *metric* that hold in all *experiments*; None when one knows none."""
    if metric == ERROR_RATE:
        return 0.0, 1.0
    found = [item.bounds for item in (run.summary(metric) for run in experiments) if item]
    known = [bounds for bounds in found if bounds is not None]
    if not known or len(known) < len(found):
        return None
    return min(low for low, _ in known), max(high for _, high in known)


def refusal(baseline: Experiment, candidate: Experiment, metric: str) -> str | None:
    """Return why *metric* cannot be compared between the two, or None when it can."""
    if baseline.dataset_version != candidate.dataset_version:
        return (
            f"data set versions differ: {baseline.dataset_version[:8]} "
            f"against {candidate.dataset_version[:8]}"
        )
    ours, theirs = ({result.example_id for result in run.results} for run in (baseline, candidate))
    if ours != theirs:
        side, other = (baseline, candidate) if ours - theirs else (candidate, baseline)
        return (
            f"{len(ours - theirs or theirs - ours)} examples of {side.target} are not in "
            f"{other.target}"
        )
    if metric == ERROR_RATE:
        return None
    left, right = baseline.summary(metric), candidate.summary(metric)
    if left is None or right is None:
        side = baseline if left is None else candidate
        return f"{side.target} has no {metric}"
    if left.signature != right.signature:
        return f"signatures differ: {_unlike_part(left.signature, right.signature)}"
    return None


def _unlike_part(left: str, right: str) -> str:
    ours, theirs = left.split("|"), right.split("|")
    only_left = [part for part in ours if part not in theirs]
    only_right = [part for part in theirs if part not in ours]
    if not only_left and not only_right:
        return f"{left} against {right}"
    return f"{'|'.join(only_left) or 'nothing'} against {'|'.join(only_right) or 'nothing'}"


def _value(score: Score | None) -> float | None:
    return None if score is None else score.value


def _is_skipped(score: Score | None) -> bool:
    return score is not None and score.state is ScoreState.SKIPPED
