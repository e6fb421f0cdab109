"""Compare two experiments, example by example."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalhub.errors import ConfigError
from evalhub.evals.operational import LOWER_IS_BETTER, OPERATIONAL
from evalhub.evals.pairs import (
    Pair,
    clusters_of,
    joint_bounds,
    pair_scores,
    refusal,
    values_of,
)
from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.stats import PairedDifference, benjamini_hochberg, paired_difference
from evalhub.model import Experiment, MetricSummary

__all__ = ["Comparison", "MetricComparison", "Regression", "compare"]

SIGNIFICANT = 0.05
"""Adjusted p below which a difference counts."""
WORST = 5
"""Regressions that a comparison lists for each metric."""


@dataclass(frozen=True, slots=True)
class Regression:
    """One example on which the candidate is worse."""

    example_id: str
    repeat: int
    baseline: float
    candidate: float
    baseline_trace_id: str | None
    candidate_trace_id: str | None

    @property
    def difference(self) -> float:
        """Candidate minus baseline."""
        return self.candidate - self.baseline


@dataclass(frozen=True, slots=True)
class MetricComparison:
    """One metric in both experiments.

    ``difference`` is None when the comparison was refused (``refused`` says why) or
    when no example is scored in both.
    """

    name: str
    baseline: MetricSummary | None
    candidate: MetricSummary | None
    difference: PairedDifference | None
    p_adjusted: float | None
    """Benjamini-Hochberg over the metrics that were compared."""
    refused: str | None
    unscored: int
    """Pairs left out because a side has no score."""
    regressions: tuple[Regression, ...]
    """The worst examples of the candidate, worst first."""

    @property
    def lower_is_better(self) -> bool:
        """Whether less of this metric is better."""
        return self.name in LOWER_IS_BETTER

    @property
    def standing(self) -> str:
        """``better``, ``worse`` or ``unclear``: the one rule for words and colours.

        A candidate is better or worse when the interval leaves out 0 and p, adjusted for
        the number of metrics, is below 0.05; one without the other is unclear. Latency,
        tokens and cost are not tested, so there the interval decides alone.
        """
        found = self.difference
        if found is None or found.lower is None or found.upper is None:
            return "unclear"
        if found.lower <= 0 <= found.upper or not self._is_significant:
            return "unclear"
        return "better" if (found.lower > 0) != self.lower_is_better else "worse"

    @property
    def _is_significant(self) -> bool:
        if self.name in OPERATIONAL:
            return True
        return self.p_adjusted is not None and self.p_adjusted < SIGNIFICANT


@dataclass(frozen=True, slots=True)
class Comparison:
    """Candidate against baseline, a metric each."""

    baseline: Experiment
    candidate: Experiment
    metrics: tuple[MetricComparison, ...]

    def metric(self, name: str) -> MetricComparison | None:
        """Return the comparison of the metric called *name*, or None."""
        return next((metric for metric in self.metrics if metric.name == name), None)


def compare(
    baseline: Experiment,
    candidate: Experiment,
    *,
    metrics: Sequence[str] | None = None,
    seed: int = 0,
) -> Comparison:
    """Compare *candidate* with *baseline*, paired by example and repeat.

    Args:
        baseline: What the candidate is held against.
        candidate: What is new.
        metrics: Names to compare; None is all that either has.
        seed: Seed of the permutation test.

    Raises:
        ConfigError: one of *metrics* is in neither experiment.
    """
    known = list(
        dict.fromkeys(summary.name for side in (baseline, candidate) for summary in side.summaries)
    )
    unknown = [name for name in metrics or () if name not in known]
    if unknown:
        raise ConfigError(f"no metric {unknown[0]!r} in these runs; there are {', '.join(known)}")
    wanted = known if metrics is None else metrics
    return Comparison(
        baseline,
        candidate,
        _adjusted([_compare_metric(baseline, candidate, name, seed) for name in wanted]),
    )


def _compare_metric(
    baseline: Experiment, candidate: Experiment, name: str, seed: int
) -> MetricComparison:
    refused = refusal(baseline, candidate, name)
    pairs = [] if refused else pair_scores(baseline, candidate, name)
    scored = [pair for pair in pairs if pair.is_scored]
    bounds = joint_bounds(name, baseline, candidate)
    return MetricComparison(
        name=name,
        baseline=baseline.summary(name),
        candidate=candidate.summary(name),
        difference=_difference(scored, bounds, seed) if scored else None,
        p_adjusted=None,
        refused=refused,
        unscored=sum(not pair.is_scored and not pair.is_void for pair in pairs),
        regressions=_worst(scored, lower_is_better=name in LOWER_IS_BETTER),
    )


def _difference(
    pairs: Sequence[Pair], bounds: tuple[float, float] | None, seed: int
) -> PairedDifference:
    before = values_of([pair.baseline_score for pair in pairs])
    after = values_of([pair.candidate_score for pair in pairs])
    return paired_difference(
        before,
        after,
        rate=is_rate(before, bounds) and is_rate(after, bounds),
        clusters=clusters_of([pair.baseline for pair in pairs]),
        seed=seed,
    )


def _worst(pairs: Sequence[Pair], *, lower_is_better: bool) -> tuple[Regression, ...]:
    sign = -1.0 if lower_is_better else 1.0
    found = [
        Regression(
            example_id=pair.baseline.example_id,
            repeat=pair.baseline.repeat,
            baseline=pair.baseline_score.value,
            candidate=pair.candidate_score.value,
            baseline_trace_id=pair.baseline.trace_id,
            candidate_trace_id=pair.candidate.trace_id,
        )
        for pair in pairs
        if pair.baseline_score is not None
        and pair.candidate_score is not None
        and pair.baseline_score.value is not None
        and pair.candidate_score.value is not None
    ]
    worse = [item for item in found if sign * item.difference < 0]
    return tuple(sorted(worse, key=lambda item: sign * item.difference)[:WORST])


def _adjusted(compared: Sequence[MetricComparison]) -> tuple[MetricComparison, ...]:
    """Adjust the metrics' p for their number; latency, tokens and cost are no tests."""
    tested = {
        metric.name: metric.difference.p_value
        for metric in compared
        if metric.name not in OPERATIONAL
        and metric.difference is not None
        and metric.difference.p_value is not None
        and math.isfinite(metric.difference.p_value)
    }
    adjusted = dict(zip(tested, benjamini_hochberg(list(tested.values())), strict=True))
    return tuple(
        replace(metric, p_adjusted=float(adjusted[metric.name]))
        if metric.name in adjusted
        else metric
        for metric in compared
    )
