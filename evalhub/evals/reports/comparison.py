"""What was compared, as a report tells it: differences, the worst of them, slices.

The fields are keys of the JSON form, as in :mod:`evalhub.evals.reports.report`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from evalhub.evals.reports.example import ExampleReport
from evalhub.metrics.stats import Estimate, PairedDifference

__all__ = [
    "ComparisonReport",
    "MetricReport",
    "RegressionReport",
    "SliceReport",
]


@dataclass(frozen=True, slots=True)
class RegressionReport:
    """One example on which the candidate is worse."""

    example_id: str
    repeat: int
    baseline: float
    candidate: float
    difference: float
    baseline_trace_id: str | None
    candidate_trace_id: str | None


@dataclass(frozen=True, slots=True)
class SliceReport:
    """A metric on one slice of the data; exploratory."""

    name: str
    label: str
    baseline: float | None
    candidate: float | None
    difference: PairedDifference
    p_adjusted: float | None

    @property
    def title(self) -> str:
        """The slice, as ``language=de``."""
        return f"{self.name}={self.label}"


@dataclass(frozen=True, slots=True)
class MetricReport:
    """One metric in a comparison."""

    difference: PairedDifference | None
    p_adjusted: float | None
    standing: str
    """``better``, ``worse``, ``changed`` (where neither is better) or ``unclear``."""
    refused: str | None
    """Why the two sides cannot be compared."""
    unscored: int
    declared: bool
    """Whether a gate is on it; all other metrics are exploratory."""
    lower_is_better: bool
    worse: int
    """Examples on which the candidate is worse."""
    regressions: tuple[RegressionReport, ...]
    """The worst of them, worst first."""
    slices: tuple[SliceReport, ...] = ()
    superiority: Estimate | None = None
    """Share of examples on which the candidate scores higher, ties one half."""
    better: str = "higher"
    """Which scores are the better ones: ``higher``, ``lower`` or ``neither``."""
    improved: int = 0
    """Examples on which the candidate is better."""


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """A candidate against its baseline."""

    baseline: str
    baseline_run_id: str | None
    candidate: str
    candidate_run_id: str | None
    metrics: Mapping[str, MetricReport]
    examples: tuple[ExampleReport, ...]
    """The examples of the worst regressions."""
