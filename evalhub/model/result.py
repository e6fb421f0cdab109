"""What an evaluation gives: scores, results of examples, experiments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evalhub.model.trace import Usage

__all__ = [
    "NOT_CALLED",
    "Direction",
    "ExampleResult",
    "Experiment",
    "MetricSummary",
    "Score",
    "ScoreState",
    "is_cut_off",
]

NOT_CALLED = "not called: "
"""How the error of an example begins whose target was never called."""


_CUT_OFF = frozenset(
    {"length", "max_output_tokens", "max_tokens", "model_context_window_exceeded", "model_length"}
)
"""How OpenAI, Anthropic, Gemini, Mistral and servers that speak like them say it."""


def is_cut_off(finish_reason: str | None) -> bool:
    """Return whether *finish_reason* says that the model ended at its limit of tokens."""
    return finish_reason is not None and finish_reason.lower() in _CUT_OFF


class Direction(StrEnum):
    """Which scores of a metric are the better ones."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"
    """Such as a length: it changes, and whether for the better is not known."""

    @property
    def sign(self) -> float:
        """What a gain is multiplied by to be above 0: 1, -1, or 0 where there is no gain."""
        return _SIGNS[self]


_SIGNS = {Direction.HIGHER: 1.0, Direction.LOWER: -1.0, Direction.NEITHER: 0.0}


class ScoreState(StrEnum):
    """Whether there is a score and, if not, why. Never a silent 0."""

    SCORED = "scored"
    ERRORED = "errored"
    """The target or the metric failed."""
    UNPARSED = "unparsed"
    """A judge answered, but no score could be read from its answer."""
    SKIPPED = "skipped"
    """There was nothing to score: no reference, empty text, no claim."""


@dataclass(frozen=True, slots=True)
class Score:
    """One metric's value for one output. ``value`` is None unless it is scored."""

    name: str
    value: float | None
    signature: str
    state: ScoreState = ScoreState.SCORED
    label: str | None = None
    explanation: str | None = None


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """One example's output and scores in one experiment."""

    example_id: str
    output: str | None
    """Text that was scored; None when the target failed."""
    repeat: int = 0
    error: str | None = None
    trace_id: str | None = None
    latency_ms: float | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    cluster: str | None = None
    scores: tuple[Score, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    slices: Mapping[str, str] = field(default_factory=dict)
    """What parts of the data it belongs to: its label by the slice's name."""
    finish_reason: str | None = None
    """Why the model ended, such as ``stop`` or ``length``; None where it is not known."""

    @property
    def was_called(self) -> bool:
        """Whether the target was called for it; not so once the budget of a run is spent."""
        return not (self.error or "").startswith(NOT_CALLED)

    @property
    def was_cut_off(self) -> bool:
        """Whether the output ended at the model's limit of tokens, and may lack its end."""
        return is_cut_off(self.finish_reason)

    def score(self, name: str) -> Score | None:
        """Return the score called *name*, or None."""
        return next((score for score in self.scores if score.name == name), None)


@dataclass(frozen=True, slots=True)
class MetricSummary:
    """A metric over an experiment: mean with its 95% interval, and what is missing.

    ``mean``, ``lower``, ``upper`` and ``stderr`` are None when nothing was scored
    (``stderr`` and the interval also when one score does not allow them).
    """

    name: str
    signature: str
    n: int
    """Examples that were scored."""
    mean: float | None
    stderr: float | None
    lower: float | None
    upper: float | None
    errored: int = 0
    unparsed: int = 0
    skipped: int = 0
    bounds: tuple[float, float] | None = (0.0, 1.0)
    """Least and greatest value that the metric can give; None when they are not known."""
    better: Direction = Direction.HIGHER
    """Which values are the better ones."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """One target over one dataset version with one set of metrics.

    It is one MLflow *run*; ``run_id`` is that run's id once it was logged.
    """

    name: str
    suite: str
    target: str
    dataset_name: str
    dataset_version: str
    results: tuple[ExampleResult, ...]
    summaries: tuple[MetricSummary, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    start_ns: int = 0
    end_ns: int = 0
    run_id: str | None = None

    def summary(self, name: str) -> MetricSummary | None:
        """Return the summary of the metric called *name*, or None."""
        return next((summary for summary in self.summaries if summary.name == name), None)
