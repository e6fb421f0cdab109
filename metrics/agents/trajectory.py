"""Whether the calls of a run are those of the expected one, in the match modes of AgentEvals.

https://github.com/langchain-ai/agentevals compares messages; here calls are compared, so
``strict`` is about the order of calls, and not about how they are spread over messages. With
one call a message, ``exact`` and ``ignore`` agree with its release 0.0.9 throughout. With
``subset`` and ``superset`` arguments a few verdicts differ: calls are matched there one after
the other, here such that as many match as can, and its mode ``subset`` swaps the two sides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from evalhub.errors import MetricError
from evalhub.metrics.agents.calls import ToolCall, pair_results
from evalhub.metrics.agents.matching import ArgumentRule, Comparison, best_pairs, check_rule
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Scored, score_column

__all__ = ["Trajectory"]

_MODES = ("strict", "unordered", "subset", "superset")


@dataclass(frozen=True, slots=True)
class Trajectory:
    """1 where the calls match the expected ones, else 0.

    Args:
        mode: ``strict``: the same calls in the same order. ``unordered``: the same calls.
            ``subset``: no call but expected ones. ``superset``: all expected calls, and maybe
            others. A call answers to one expected call at most.
        arguments: When two calls of a tool are the same. ``exact``: equal arguments.
            ``ignore``: whatever they are. ``subset``: some of the expected arguments and no
            others. ``superset``: all expected arguments, and maybe others.
        tolerance: How much numbers may differ.
        ignored: Names of arguments that do not count, such as ids.

    Raises:
        MetricError: a setting cannot be used.
    """

    mode: Literal["strict", "unordered", "subset", "superset"] = "strict"
    arguments: ArgumentRule = "exact"
    tolerance: float = 0.0
    ignored: tuple[str, ...] = ()
    _comparison: Comparison = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    name: ClassVar[str] = "trajectory"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls", "expected_tool_calls")

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            raise MetricError(f"mode is {self.mode!r}; use {', '.join(_MODES)}")
        check_rule(self.arguments)
        object.__setattr__(self, "_comparison", Comparison(self.tolerance, self.ignored))

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(
            self.name,
            version=self.version,
            mode=self.mode,
            arguments=self.arguments,
            tolerance=self.tolerance,
            ignored="+".join(sorted(self.ignored)) or "none",
        )

    def score_batch(
        self,
        tool_calls: Sequence[Sequence[Any] | None],
        expected_tool_calls: Sequence[Sequence[Any] | None],
    ) -> dict[str, ScoreColumn]:
        """Score the calls of each output."""
        results = pair_results(tool_calls, expected_tool_calls, self._score)
        return {self.name: score_column(self.name, self.signature, results)}

    def _score(self, calls: Sequence[ToolCall], expected: Sequence[ToolCall]) -> Scored:
        counts = f"{len(calls)} calls, {len(expected)} expected"
        if self.mode == "strict":
            pairs = zip(calls, expected, strict=False)
            matched = sum(bool(self._agree(*pair)) for pair in pairs)
        else:
            matched = len(best_pairs(calls, expected, self._agree))
        all_allowed, all_there = matched == len(calls), matched == len(expected)
        fits = {"subset": all_allowed, "superset": all_there}
        passes = fits.get(self.mode, all_allowed and all_there)
        return Scored(float(passes), f"{counts}, {matched} match")

    def _agree(self, call: ToolCall, expected: ToolCall) -> float:
        return float(self._comparison.agree(call, expected, self.arguments))
