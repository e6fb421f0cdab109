"""The scores that a gate looks at: of one target, or of two on the same examples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.gates.pairs import Pair, clusters_of, values_of
from evalhub.evals.operational import score_of
from evalhub.model import ExampleResult, Score, ScoreState

__all__ = ["Sample", "sample_of", "sample_of_pairs"]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Scores, what they belong to, and the range of the metric."""

    values: NDArray[np.float64]
    """NaN where there should be a score and is none."""
    clusters: Sequence[str] | None
    """One label a value; None when all are independent."""
    bounds: tuple[float, float] | None

    @property
    def units(self) -> int:
        """Independent examples or clusters."""
        return self.values.size if self.clusters is None else len(set(self.clusters))


def sample_of(
    results: Sequence[ExampleResult], metric: str, bounds: tuple[float, float] | None
) -> Sample:
    """Return the scores of *metric*, without those that had nothing to score."""
    scored = [(result, score_of(result, metric)) for result in results]
    kept = [(result, score) for result, score in scored if not _is_skipped(score)]
    values = values_of([score for _, score in kept])
    return Sample(values, clusters_of([result for result, _ in kept]), bounds)


def sample_of_pairs(
    pairs: Sequence[Pair], bounds: tuple[float, float] | None
) -> tuple[NDArray[np.float64], Sample]:
    """Return the baseline's scores and the candidate's sample, position by position."""
    left = values_of([pair.baseline_score for pair in pairs])
    right = values_of([pair.candidate_score for pair in pairs])
    return left, Sample(right, clusters_of([pair.baseline for pair in pairs]), bounds)


def _is_skipped(score: Score | None) -> bool:
    return score is not None and score.state is ScoreState.SKIPPED
