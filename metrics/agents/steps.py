"""How many steps a run took: against the expected number, and without going in circles."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from evalhub.metrics.agents.calls import ToolCall, call_results, pair_results
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Scored, Unscored, score_column
from evalhub.model import ScoreState

__all__ = ["StepEfficiency", "UniqueCalls"]


@dataclass(frozen=True, slots=True)
class StepEfficiency:
    """Expected number of calls over the number there was, at most 1.

    It says nothing of which calls: one that did nothing took no step too many. Where no call
    is expected it is 1 if there was none, else 0. The explanation gives both numbers.
    """

    version: ClassVar[int] = 1
    name: ClassVar[str] = "steps"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls", "expected_tool_calls")

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, version=self.version)

    def score_batch(
        self,
        tool_calls: Sequence[Sequence[Any] | None],
        expected_tool_calls: Sequence[Sequence[Any] | None],
    ) -> dict[str, ScoreColumn]:
        """Score the calls of each output."""
        results = pair_results(tool_calls, expected_tool_calls, _efficiency)
        return {self.name: score_column(self.name, self.signature, results)}


@dataclass(frozen=True, slots=True)
class UniqueCalls:
    """Share of the calls that repeat no earlier one: another name, or other arguments.

    Below 1 an agent asks again what it was told already. An output without a call is skipped.
    """

    version: ClassVar[int] = 2
    name: ClassVar[str] = "unique_calls"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls",)

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, version=self.version)

    def score_batch(self, tool_calls: Sequence[Sequence[Any] | None]) -> dict[str, ScoreColumn]:
        """Score the calls of each output."""
        results = call_results(tool_calls, _unique_share)
        return {self.name: score_column(self.name, self.signature, results)}


def _efficiency(calls: Sequence[ToolCall], expected: Sequence[ToolCall]) -> Scored:
    used, needed = len(calls), len(expected)
    return Scored(
        needed / max(used, needed, 1) if used else 1.0, f"{used} calls, {needed} expected"
    )


def _unique_share(calls: Sequence[ToolCall]) -> Scored | Unscored:
    if not calls:
        return Unscored(ScoreState.SKIPPED, "there is no tool call")
    seen = set[str]()
    repeated = []
    for call in calls:
        key = _key(call)
        if key in seen:
            repeated.append(call.name)
        seen.add(key)
    told = f"repeated: {', '.join(repeated)}" if repeated else None
    return Scored(1 - len(repeated) / len(calls), told)


def _key(call: ToolCall) -> str:
    """Return the call as a text that is equal for equal calls; unreadable arguments as they are."""
    arguments = call.error if call.arguments is None else _canonical(call.arguments)
    return json.dumps([call.name, arguments], sort_keys=True, default=repr)


def _canonical(value: Any) -> Any:
    """Return *value* as JSON has it: 1.0 is 1, and keys are texts."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
