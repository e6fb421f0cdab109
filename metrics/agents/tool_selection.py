"""Whether the right tools were called, whatever their order and arguments."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from evalhub.metrics.agents.calls import ToolCall, pair_results
from evalhub.metrics.base import signature
from evalhub.metrics.columns import Scored, Unscored, score_column
from evalhub.metrics.prf import PrecisionRecallF

__all__ = ["ToolSelection"]


@dataclass(frozen=True, slots=True)
class _Overlap:
    precision: float
    recall: float
    f1: float
    told: str | None


@dataclass(frozen=True, slots=True)
class ToolSelection:
    """Precision, recall and F1 of the names of the tools that were called, as a multiset.

    A tool that is called twice and expected once is wrong once. Where no call is expected
    all three are 1 if there was none, else 0; where calls are expected and there was none
    all three are 0. The explanation names what is missing and what is too much.
    """

    version: ClassVar[int] = 1
    name: ClassVar[str] = "tool_selection"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls", "expected_tool_calls")

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, version=self.version)

    def score_batch(
        self,
        tool_calls: Sequence[Sequence[Any] | None],
        expected_tool_calls: Sequence[Sequence[Any] | None],
    ) -> dict[str, PrecisionRecallF]:
        """Score the calls of each output; values are the F1."""
        found = pair_results(tool_calls, expected_tool_calls, _overlap)
        column = score_column(
            self.name,
            self.signature,
            [item if isinstance(item, Unscored) else Scored(item.f1, item.told) for item in found],
        )
        both = [
            (np.nan, np.nan) if isinstance(item, Unscored) else (item.precision, item.recall)
            for item in found
        ]
        precision, recall = np.array(both, dtype=np.float64).reshape(-1, 2).T
        scored = PrecisionRecallF(
            name=column.name,
            values=column.values,
            signature=column.signature,
            states=column.states,
            explanations=column.explanations,
            precision=precision,
            recall=recall,
        )
        return {self.name: scored}


def _overlap(calls: Sequence[ToolCall], expected: Sequence[ToolCall]) -> _Overlap:
    got, wanted = Counter(call.name for call in calls), Counter(call.name for call in expected)
    told = _told("missing", wanted - got) + _told("too much", got - wanted)
    if not calls or not expected:
        equal = float(got == wanted)
        return _Overlap(equal, equal, equal, "; ".join(told) or None)
    shared = (got & wanted).total()
    precision, recall = shared / got.total(), shared / wanted.total()
    f1 = 2 * shared / (got.total() + wanted.total())
    return _Overlap(precision, recall, f1, "; ".join(told) or None)


def _told(what: str, names: Counter[str]) -> list[str]:
    return [f"{what}: {', '.join(sorted(names.elements()))}"] if names else []
