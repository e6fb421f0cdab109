"""One comparison, as a report tells it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.gates.compare import Comparison, MetricComparison
from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports.comparison import (
    ComparisonReport,
    MetricReport,
    RegressionReport,
    SliceReport,
)
from evalhub.evals.reports.example import ExampleReport
from evalhub.evals.reports.samples import (
    MOST_EXAMPLES,
    WORST,
    example_report,
    regression_report,
    take_turns,
)
from evalhub.evals.reports.values import Matched, Values, match

__all__ = ["comparison_report"]


def comparison_report(
    comparison: Comparison, values: Mapping[str, Values], gated: Collection[str]
) -> ComparisonReport:
    """Return what *comparison* came to.

    Args:
        comparison: Of two runs.
        values: The scores of both, by target.
        gated: Metrics that a gate on the candidate names.
    """
    baseline, candidate = comparison.baseline, comparison.candidate
    declared = {*gated, *(metric.name for metric in comparison.metrics if metric.declared)}
    matched = match(baseline, candidate)
    before, after = values[baseline.target], values[candidate.target]
    worse = {
        metric.name: matched.worst(before[metric.name], after[metric.name], metric.better)
        for metric in comparison.metrics
        if metric.refused is None
    }
    improved = {
        metric.name: matched.improved(before[metric.name], after[metric.name], metric.better)
        for metric in comparison.metrics
        if metric.name in worse
    }
    losses = _Losses(comparison, matched, before, after, worse, improved)
    return ComparisonReport(
        baseline=baseline.target,
        baseline_run_id=baseline.run_id,
        candidate=candidate.target,
        candidate_run_id=candidate.run_id,
        metrics={
            metric.name: _metric(metric, losses, is_declared=metric.name in declared)
            for metric in comparison.metrics
        },
        examples=losses.examples(declared),
    )


@dataclass(frozen=True, slots=True)
class _Losses:
    """Where the candidate got worse, by metric; numbers are places among the matched pairs."""

    comparison: Comparison
    matched: Matched
    before: Values
    after: Values
    worse: Mapping[str, NDArray[np.intp]]
    improved: Mapping[str, int]
    """On how many of the pairs it got better."""

    def count(self, metric: str) -> int:
        """Return on how many examples *metric* got worse."""
        return len(self.worse.get(metric, ()))

    def regressions(self, metric: str) -> tuple[RegressionReport, ...]:
        """Return the worst of them."""
        return tuple(self._regression(pair, metric) for pair in self._worst(metric))

    def examples(self, declared: Collection[str]) -> tuple[ExampleReport, ...]:
        """Return the examples behind them; metrics take turns, those of gates first."""
        quality = [name for name in self.worse if name not in OPERATIONAL]
        order = sorted(quality, key=lambda name: name not in declared)
        chosen = take_turns([self._worst(name) for name in order], MOST_EXAMPLES)
        return tuple(self._example(pair) for pair in chosen)

    def _worst(self, metric: str) -> list[int]:
        return [int(pair) for pair in self.worse.get(metric, ())[:WORST]]

    def _regression(self, pair: int, metric: str) -> RegressionReport:
        left, right = self.matched.baseline[pair], self.matched.candidate[pair]
        return regression_report(
            self.comparison.baseline.results[left],
            self.comparison.candidate.results[right],
            float(self.before[metric][left]),
            float(self.after[metric][right]),
        )

    def _example(self, pair: int) -> ExampleReport:
        left, right = self.matched.baseline[pair], self.matched.candidate[pair]
        baseline, candidate = self.comparison.baseline, self.comparison.candidate
        return example_report(
            {
                baseline.target: baseline.results[left],
                candidate.target: candidate.results[right],
            }
        )


def _metric(metric: MetricComparison, losses: _Losses, *, is_declared: bool) -> MetricReport:
    return MetricReport(
        difference=metric.difference,
        p_adjusted=metric.p_adjusted,
        standing=metric.standing,
        refused=metric.refused,
        unscored=metric.unscored,
        declared=is_declared,
        lower_is_better=metric.lower_is_better,
        worse=losses.count(metric.name),
        improved=losses.improved.get(metric.name, 0),
        regressions=losses.regressions(metric.name),
        slices=tuple(
            SliceReport(
                name=part.name,
                label=part.label,
                baseline=part.baseline,
                candidate=part.candidate,
                difference=part.difference,
                p_adjusted=part.p_adjusted,
            )
            for part in metric.slices
        ),
        superiority=metric.superiority,
        better=metric.better.value,
    )
