"""Compare two experiments, example by example."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import ConfigError
from evalhub.evals.gates.directions import direction_in
from evalhub.evals.gates.pairs import (
    Pair,
    Results,
    joint_bounds,
    match_results,
    refusal,
    score_pairs,
    values_of,
)
from evalhub.evals.gates.slices import Scored, SliceComparison, compare_slices
from evalhub.evals.operational import OPERATIONAL
from evalhub.metrics.stats import (
    Estimate,
    PairedDifference,
    benjamini_hochberg,
    holm,
    probability_of_superiority,
)
from evalhub.model import Direction, Experiment, MetricSummary

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
    baseline_output: str | None = None
    candidate_output: str | None = None

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
    """Holm over the declared metrics, Benjamini-Hochberg over the others."""
    refused: str | None
    unscored: int
    """Pairs left out because a side has no score."""
    regressions: tuple[Regression, ...]
    """The worst examples of the candidate, worst first."""
    declared: bool = False
    """Whether a gate decides on it; all else is exploratory."""
    slices: tuple[SliceComparison, ...] = ()
    """The same difference in each slice of the data; exploratory."""
    superiority: Estimate | None = None
    """Share of examples on which the candidate scores higher, ties one half, with its interval."""

    better: Direction = Direction.HIGHER
    """Which scores are the better ones, as the candidate's run says."""

    @property
    def lower_is_better(self) -> bool:
        """Whether less of this metric is better."""
        return self.better is Direction.LOWER

    @property
    def standing(self) -> str:
        """``better``, ``worse``, ``changed`` or ``unclear``: the one rule for words and colours.

        A candidate is better or worse when the interval leaves out 0 and p, adjusted for
        the number of metrics, is below 0.05; one without the other is unclear. Latency,
        tokens and cost are not tested, so there the interval decides alone. Where neither more
        nor less is better, such as of a length, it has changed.
        """
        found = self.difference
        if found is None or found.lower is None or found.upper is None:
            return "unclear"
        if found.lower <= 0 <= found.upper or not self._is_significant:
            return "unclear"
        if self.better is Direction.NEITHER:
            return "changed"
        return "better" if found.lower * self.better.sign > 0 else "worse"

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
    declared: Collection[str] = (),
) -> Comparison:
    """Compare *candidate* with *baseline*, paired by example and repeat.

    Args:
        baseline: What the candidate is held against.
        candidate: What is new.
        metrics: Names to compare; None is all that either has.
        seed: Seed of the permutation test.
        declared: Names of the metrics that gates decide on. All others are exploratory: what
            stands out among many of them may be chance.

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
    matched = match_results(baseline, candidate)
    compared = [_compare_metric(baseline, candidate, matched, name, seed) for name in wanted]
    told_apart = [replace(metric, declared=metric.name in declared) for metric in compared]
    return Comparison(baseline, candidate, _adjusted(told_apart))


def _compare_metric(
    baseline: Experiment,
    candidate: Experiment,
    matched: Sequence[Results],
    name: str,
    seed: int,
) -> MetricComparison:
    refused = refusal(baseline, candidate, name)
    every = [] if refused else score_pairs(matched, name)
    pairs = [pair for pair in every if pair.is_scored]
    scored = Scored.of(pairs, joint_bounds(name, baseline, candidate))
    better = direction_in(name, candidate, baseline)
    return MetricComparison(
        name=name,
        baseline=baseline.summary(name),
        candidate=candidate.summary(name),
        difference=scored.difference(seed) if pairs else None,
        p_adjusted=None,
        refused=refused,
        unscored=sum(not pair.is_scored and not pair.is_void for pair in every),
        regressions=_worst(pairs, better.sign * (scored.candidate - scored.baseline)),
        superiority=_superiority(scored) if pairs else None,
        slices=compare_slices(pairs, scored, seed),
        better=better,
    )


def _worst(pairs: Sequence[Pair], gains: NDArray[np.float64]) -> tuple[Regression, ...]:
    """Return the worst of *pairs*; of an example that was repeated its worst repeat.

    Five repeats of one example would hide four others.
    """
    worst: dict[str, Regression] = {}
    for place in np.argsort(gains, kind="stable").tolist():
        if gains[place] >= 0 or len(worst) == WORST:
            break
        pair = pairs[place]
        if pair.baseline.example_id not in worst:
            worst[pair.baseline.example_id] = _regression(pair)
    return tuple(worst.values())


def _regression(pair: Pair) -> Regression:
    before, after = values_of([pair.baseline_score, pair.candidate_score]).tolist()
    return Regression(
        example_id=pair.baseline.example_id,
        repeat=pair.baseline.repeat,
        baseline=before,
        candidate=after,
        baseline_trace_id=pair.baseline.trace_id,
        candidate_trace_id=pair.candidate.trace_id,
        baseline_output=pair.baseline.output,
        candidate_output=pair.candidate.output,
    )


def _superiority(scored: Scored) -> Estimate:
    return probability_of_superiority(scored.baseline, scored.candidate, clusters=scored.clusters)


def _adjusted(compared: Sequence[MetricComparison]) -> tuple[MetricComparison, ...]:
    """Adjust p for how many there are; latency, tokens and cost are no tests."""
    declared = _p_values([metric for metric in compared if metric.declared])
    others = _p_values([metric for metric in compared if not metric.declared])
    p = dict(zip(declared, holm(list(declared.values())), strict=True))
    p |= dict(zip(others, benjamini_hochberg(list(others.values())), strict=True))
    slices = _adjusted_slices(compared)
    return tuple(
        replace(metric, p_adjusted=p.get(metric.name), slices=slices[metric.name])
        for metric in compared
    )


def _p_values(compared: Sequence[MetricComparison]) -> dict[str, float]:
    return {
        metric.name: metric.difference.p_value
        for metric in compared
        if metric.name not in OPERATIONAL
        and metric.difference is not None
        and metric.difference.p_value is not None
        and math.isfinite(metric.difference.p_value)
    }


def _adjusted_slices(
    compared: Sequence[MetricComparison],
) -> dict[str, tuple[SliceComparison, ...]]:
    tested = [
        (metric.name, part)
        for metric in compared
        if metric.name not in OPERATIONAL
        for part in metric.slices
        if part.p_value is not None
    ]
    p = benjamini_hochberg([part.p_value or 0.0 for _, part in tested])
    found = {id(part): value for (_, part), value in zip(tested, p, strict=True)}
    return {
        metric.name: tuple(replace(part, p_adjusted=found.get(id(part))) for part in metric.slices)
        for metric in compared
    }
