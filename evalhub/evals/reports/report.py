"""A report as plain data: what every form of it, from the terminal to HTML, is made from.

The fields are the keys of the JSON form, so they change with :data:`VERSION` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evalhub.metrics.stats import Estimate, PairedDifference

__all__ = [
    "VERSION",
    "ComparisonReport",
    "Distribution",
    "ExampleReport",
    "ExperimentReport",
    "Failure",
    "GatePart",
    "GateReport",
    "Latency",
    "MetricReport",
    "RegressionReport",
    "Report",
    "ScoreReport",
    "SideReport",
    "SliceReport",
    "Spending",
    "SummaryReport",
]

VERSION = 1
"""Raised when a reader of an older report could no longer read a newer one."""


@dataclass(frozen=True, slots=True)
class GatePart:
    """A gate on one part of the data, or on the whole."""

    title: str
    """The slice, as ``language=de``; empty for the whole."""
    verdict: str
    reason: str
    n: int
    missing: int
    value: float | None
    lower: float | None
    upper: float | None
    limit: float | None
    """What the interval is held against."""


@dataclass(frozen=True, slots=True)
class GateReport:
    """One gate and what it said."""

    metric: str
    of: str
    """Target that was judged."""
    demand: str
    """What had to hold, in words."""
    verdict: str
    reason: str
    """The figures behind the verdict, in words."""
    parts: tuple[GatePart, ...] = ()


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
class ScoreReport:
    """One score of one output."""

    value: float | None
    state: str
    label: str | None = None
    explanation: str | None = None
    """A judge's reason, or why there is no score."""


@dataclass(frozen=True, slots=True)
class SideReport:
    """What one target gave for one example."""

    output: str | None
    error: str | None
    trace_id: str | None
    latency_ms: float | None
    cost_usd: float | None
    scores: Mapping[str, ScoreReport]


@dataclass(frozen=True, slots=True)
class ExampleReport:
    """One example with what the targets made of it; long texts are cut, and say so."""

    example_id: str
    repeat: int
    inputs: Mapping[str, str]
    references: tuple[str, ...]
    sides: Mapping[str, SideReport]
    """By target, the baseline first."""


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


@dataclass(frozen=True, slots=True)
class Failure:
    """Examples that have no output, or no score, for the same reason."""

    what: str
    """``call``, or the metric's name."""
    state: str
    reason: str
    count: int
    example_ids: tuple[str, ...]
    """Some of them."""
    trace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds of a target's calls."""

    p50: float
    p95: float
    max: float


@dataclass(frozen=True, slots=True)
class Spending:
    """What a target's calls used, as far as it is known; None is not known, never 0."""

    cost_usd: float | None
    priced: int
    """Calls whose cost is known."""
    input_tokens: int | None
    output_tokens: int | None
    latency_ms: Latency | None


@dataclass(frozen=True, slots=True)
class SummaryReport:
    """A metric over one target's run: mean with its 95% interval, and what is missing."""

    name: str
    signature: str
    n: int
    mean: float | None
    stderr: float | None
    lower: float | None
    upper: float | None
    errored: int
    unparsed: int
    skipped: int
    bounds: tuple[float | None, float | None] | None
    """Least and greatest value there can be; an end that has none is None."""


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """One target's run."""

    run_id: str | None
    name: str
    suite: str
    target: str
    dataset: str
    dataset_version: str
    examples: int
    """Calls: examples times repeats."""
    errors: int
    not_called: int
    """Those of the errors that were not called, because the budget was spent."""
    start_time: str
    seconds: float
    params: Mapping[str, str]
    metrics: Mapping[str, SummaryReport]
    spending: Spending
    failures: tuple[Failure, ...]
    lowest: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the worst examples by metric, where nothing was compared."""
    samples: tuple[ExampleReport, ...] = ()
    """Those examples."""
    is_earlier: bool = False
    """Whether it was run before, and only compared with."""
    distinct: int = 0
    """Examples, each counted once whatever the repeats."""

    @property
    def called(self) -> int:
        """Calls that were made; the others were not, because the budget was spent."""
        return self.examples - self.not_called

    @property
    def failed(self) -> int:
        """Calls that were made and failed."""
        return self.errors - self.not_called


@dataclass(frozen=True, slots=True)
class Distribution:
    """How one metric's scores are spread, by target."""

    metric: str
    edges: tuple[float, ...]
    counts: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of one evaluation, but its examples: of those the worst."""

    suite: str
    verdict: str | None
    """None when no gate was declared."""
    reason: str
    """Why, in a sentence."""
    gates: tuple[GateReport, ...]
    experiments: tuple[ExperimentReport, ...]
    comparisons: tuple[ComparisonReport, ...]
    distributions: tuple[Distribution, ...]
    notes: tuple[str, ...] = ()
    """What a reader must know: parts left out, a budget that was spent."""
    suite_file: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    format: Literal["evalhub-report"] = "evalhub-report"
    version: int = VERSION

    def experiment(self, target: str) -> ExperimentReport | None:
        """Return the run of *target*, or None."""
        return next((item for item in self.experiments if item.target == target), None)
