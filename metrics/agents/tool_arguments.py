"""Whether tools were called with the right arguments."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from evalhub.metrics.agents.calls import ToolCall, pair_results
from evalhub.metrics.agents.matching import Comparison, best_pairs
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Scored, Unscored, score_column
from evalhub.model import ScoreState

__all__ = ["ToolArguments"]


@dataclass(frozen=True, slots=True)
class ToolArguments:
    """Share of the arguments that are right, averaged over the calls that are expected.

    Arguments are right when they are equal as JSON; the share is that of the names that either
    call has. Each expected call is held to the call of the same tool that suits it, such
    that the sum is greatest, whatever their order; one without such a call scores 0. Calls that
    nobody expected are not counted here, but by ``tool_selection``. An example that expects no
    call is skipped.

    Args:
        tolerance: How much numbers may differ.
        ignored: Names of arguments that do not count, such as ids.

    Raises:
        MetricError: *tolerance* is below 0, or *ignored* is no list.
    """

    tolerance: float = 0.0
    ignored: tuple[str, ...] = ()
    _comparison: Comparison = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    name: ClassVar[str] = "tool_arguments"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls", "expected_tool_calls")

    def __post_init__(self) -> None:
        object.__setattr__(self, "_comparison", Comparison(self.tolerance, self.ignored))

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        ignored = "+".join(sorted(self.ignored)) or "none"
        return signature(self.name, version=self.version, tolerance=self.tolerance, ignored=ignored)

    def score_batch(
        self,
        tool_calls: Sequence[Sequence[Any] | None],
        expected_tool_calls: Sequence[Sequence[Any] | None],
    ) -> dict[str, ScoreColumn]:
        """Score the calls of each output."""
        results = pair_results(tool_calls, expected_tool_calls, self._score)
        return {self.name: score_column(self.name, self.signature, results)}

    def _score(self, calls: Sequence[ToolCall], expected: Sequence[ToolCall]) -> Scored | Unscored:
        if not expected:
            return Unscored(ScoreState.SKIPPED, "no call is expected")
        pairs = best_pairs(calls, expected, self._share)
        told = [self._told(calls[column], expected[row]) for row, column, _ in pairs]
        answered = {row for row, _, _ in pairs}
        told += [
            f"no call of {call.name} has an argument right"
            for row, call in enumerate(expected)
            if row not in answered
        ]
        share = sum(worth for _, _, worth in pairs) / len(expected)
        return Scored(share, "; ".join(filter(None, told)) or None)

    def _share(self, call: ToolCall, expected: ToolCall) -> float:
        if call.name != expected.name:
            return 0.0
        if call.error is not None and expected.arguments is not None:
            return 0.0
        wrong, total = self._comparison.wrong_arguments(call, expected)
        return 1 - len(wrong) / total if total else 1.0

    def _told(self, call: ToolCall, expected: ToolCall) -> str | None:
        wrong, _ = self._comparison.wrong_arguments(call, expected)
        return f"{call.name}: {', '.join(wrong)} wrong" if wrong else None
