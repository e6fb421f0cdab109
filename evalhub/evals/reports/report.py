"""A report as plain data: what every form of it, from the terminal to HTML, is made from.

The fields are the keys of the JSON form, so they change with :data:`VERSION` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evalhub.evals.reports.comparison import ComparisonReport
from evalhub.evals.reports.run import ExperimentReport

__all__ = [
    "VERSION",
    "Distribution",
    "GatePart",
    "GateReport",
    "Report",
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
