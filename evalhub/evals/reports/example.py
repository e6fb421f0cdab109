"""One example in a report: what it asked, and what the targets made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "ExampleReport",
    "ScoreReport",
    "SideReport",
]


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
    was_cut_off: bool = False
    """Whether the output ended at the model's limit of tokens."""


@dataclass(frozen=True, slots=True)
class ExampleReport:
    """One example with what the targets made of it; long texts are cut, and say so."""

    example_id: str
    repeat: int
    inputs: Mapping[str, str]
    references: tuple[str, ...]
    sides: Mapping[str, SideReport]
    """By target, the baseline first."""
