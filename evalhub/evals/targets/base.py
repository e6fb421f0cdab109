"""What an evaluation calls, and what it gets back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from evalhub.model import Dataset, Example, Usage

__all__ = ["RecordedTarget", "Target", "TargetOutput"]


@dataclass(frozen=True, slots=True)
class TargetOutput:
    """What a target gave for one example."""

    text: str
    """What metrics score."""
    contexts: tuple[str, ...] = ()
    """Texts of the chunks it had retrieved, best first."""
    retrieved_ids: tuple[str, ...] = ()
    """Their ids, best first."""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Tools it called, in order: mappings with ``name`` and ``arguments``."""
    usage: Usage | None = None
    """Tokens, where the target knows them itself; else they are read from its trace."""
    cost_usd: float | None = None
    """The same for its cost."""
    latency_ms: float | None = None
    """How long it took when it was recorded; else the call is timed."""
    trace_id: str | None = None
    """Its trace, where it was recorded in one; else the call is traced."""
    finish_reason: str | None = None
    """Why the model ended: ``stop``, or ``length`` where it ended at its limit of tokens."""


class Target(Protocol):
    """Something to evaluate. It is called from several threads at once."""

    @property
    def name(self) -> str:
        """Short name, as in suite files and reports."""

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Answer *inputs*; whatever it raises becomes that example's error."""


class RecordedTarget(Target, Protocol):
    """Outputs that were made before: nothing is called, so nothing is traced or timed."""

    @property
    def is_recorded(self) -> Literal[True]:
        """Tells it from a target that is called."""

    def recall(self, example: Example, repeat: int = 0) -> TargetOutput:
        """Return the output for *example*; what it raises becomes that example's error."""

    def check(self, dataset: Dataset) -> None:
        """Refuse, before the run, a record in which nothing belongs to *dataset*.

        Raises:
            ConfigError: it holds no output for any example.
        """
