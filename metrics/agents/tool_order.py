"""Whether tools were called in the right order."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, ClassVar, Literal

from rapidfuzz.distance import LCSseq

from evalhub.errors import MetricError
from evalhub.metrics.agents.calls import ToolCall, pair_results
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Unscored, score_column
from evalhub.model import ScoreState

__all__ = ["ToolOrder"]


@dataclass(frozen=True, slots=True)
class ToolOrder:
    """Share of the expected calls that came in the expected order, by their names.

    ``subsequence`` counts the longest common subsequence, so that calls in between do not
    matter; ``prefix`` counts how far the calls are exactly the expected ones from the start. An
    example that expects no call is skipped.

    Raises:
        MetricError: *mode* is unknown.
    """

    mode: Literal["subsequence", "prefix"] = "subsequence"

    version: ClassVar[int] = 1
    name: ClassVar[str] = "tool_order"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls", "expected_tool_calls")

    def __post_init__(self) -> None:
        if self.mode not in ("subsequence", "prefix"):
            raise MetricError(f"mode is {self.mode!r}; use subsequence or prefix")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, mode=self.mode)

    def score_batch(
        self,
        tool_calls: Sequence[Sequence[Any] | None],
        expected_tool_calls: Sequence[Sequence[Any] | None],
    ) -> dict[str, ScoreColumn]:
        """Score the calls of each output."""
        results = pair_results(tool_calls, expected_tool_calls, self._score)
        return {self.name: score_column(self.name, self.signature, results)}

    def _score(self, calls: Sequence[ToolCall], expected: Sequence[ToolCall]) -> float | Unscored:
        if not expected:
            return Unscored(ScoreState.SKIPPED, "no call is expected")
        got, wanted = [call.name for call in calls], [call.name for call in expected]
        if self.mode == "prefix":
            pairs = zip(got, wanted, strict=False)
            return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs)) / len(wanted)
        return LCSseq.similarity(got, wanted) / len(wanted)
