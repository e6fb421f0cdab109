"""What was run, as a report tells it: a target's scores, what it cost, what is missing.

The fields are keys of the JSON form, as in :mod:`evalhub.evals.reports.report`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evalhub.evals.reports.example import ExampleReport

__all__ = [
    "ExperimentReport",
    "Failure",
    "Latency",
    "Spending",
    "SummaryReport",
]


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
    cut_off: int = 0
    """Calls whose answer ended at the model's limit of tokens, as far as that is known."""

    @property
    def called(self) -> int:
        """Calls that were made; the others were not, because the budget was spent."""
        return self.examples - self.not_called

    @property
    def failed(self) -> int:
        """Calls that were made and failed."""
        return self.errors - self.not_called
