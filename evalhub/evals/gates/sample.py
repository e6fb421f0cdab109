"""The scores that a gate looks at: of one target, or of two on the same examples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.gates.pairs import Pair, clusters_of, values_of
from evalhub.evals.gates.statistic import Statistic
from evalhub.evals.operational import score_of
from evalhub.metrics.stats import count_passes, passes_at_k, passes_hat_k
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
    results: Sequence[ExampleResult],
    metric: str,
    bounds: tuple[float, float] | None,
    statistic: Statistic,
) -> Sample:
    """Return the scores of *metric*, without those that had nothing to score.

    For pass@k there is one value a task: the chance that k tries show a pass. A task of
    which one try has no score has none.

    Raises:
        MetricInputError: pass@k is asked of scores that are neither 0 nor 1.
    """
    scored = [(result, score_of(result, metric)) for result in results]
    kept = [(result, score) for result, score in scored if not _is_skipped(score)]
    values = values_of([score for _, score in kept])
    values, kept_results = _by_task(values, [result for result, _ in kept], statistic)
    return Sample(values, clusters_of(kept_results), bounds)


def sample_of_pairs(
    pairs: Sequence[Pair], bounds: tuple[float, float] | None, statistic: Statistic
) -> tuple[NDArray[np.float64], Sample]:
    """Return the baseline's scores and the candidate's sample, position by position.

    Raises:
        MetricInputError: pass@k is asked of scores that are neither 0 nor 1.
    """
    results = [pair.baseline for pair in pairs]
    left = values_of([pair.baseline_score for pair in pairs])
    right = values_of([pair.candidate_score for pair in pairs])
    first, _ = _by_task(left, results, statistic)
    second, kept = _by_task(right, results, statistic)
    return first, Sample(second, clusters_of(kept), bounds)


def _by_task(
    values: NDArray[np.float64], results: Sequence[ExampleResult], statistic: Statistic
) -> tuple[NDArray[np.float64], Sequence[ExampleResult]]:
    if statistic.kind not in {"pass@k", "pass^k"} or not results:
        return values, results
    ids = [result.example_id for result in results]
    lost = {id_ for id_, value in zip(ids, values, strict=True) if np.isnan(value)}
    tasks, passed, tries = count_passes(np.nan_to_num(values), ids)
    chance = passes_at_k if statistic.kind == "pass@k" else passes_hat_k
    chances = chance(passed, tries, statistic.k)
    chances[[task in lost for task in tasks]] = np.nan
    first = {result.example_id: result for result in reversed(results)}
    return chances, [first[str(task)] for task in tasks]


def _is_skipped(score: Score | None) -> bool:
    return score is not None and score.state is ScoreState.SKIPPED
