"""Decide which call answers to which expected call."""

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from evalhub.errors import MetricError
from evalhub.metrics.agents.calls import ToolCall
from evalhub.metrics.structure.json_text import same_json

__all__ = ["ArgumentRule", "Comparison", "best_pairs", "check_rule"]

ArgumentRule = Literal["exact", "ignore", "subset", "superset"]
_RULES = ("exact", "ignore", "subset", "superset")


@dataclass(frozen=True, slots=True)
class Comparison:
    """How arguments are compared: which do not count, and how much numbers may differ.

    Raises:
        MetricError: *tolerance* is below 0, or *ignored* is no list.
    """

    tolerance: float = 0.0
    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.tolerance >= 0:
            raise MetricError(f"tolerance is {self.tolerance}; it must be 0 or more")
        if isinstance(self.ignored, str):
            raise MetricError(f"ignored is {self.ignored!r}; give a list of argument names")

    def wrong_arguments(self, call: ToolCall, expected: ToolCall) -> tuple[list[str], int]:
        """Return the names of arguments that differ, and how many arguments there are in all.

        An expected call without arguments (a mere name) takes any.
        """
        if expected.arguments is None:
            return [], 0
        got, wanted = self._judged(call.arguments or {}), self._judged(expected.arguments)
        names = sorted(got.keys() | wanted.keys())
        return [name for name in names if not self._agree(name, got, wanted)], len(names)

    def agree(self, call: ToolCall, expected: ToolCall, rule: ArgumentRule) -> bool:
        """Return whether *call* is *expected*, its arguments compared by *rule*.

        ``subset`` lets *call* lack arguments that are expected, ``superset`` have others.
        """
        if call.name != expected.name:
            return False
        if rule == "ignore" or expected.arguments is None:
            return True
        if call.arguments is None:
            # Not known is no argument; arguments that could not be read agree with nothing.
            return call.error is None and not self._judged(expected.arguments)
        got, wanted = self._judged(call.arguments), self._judged(expected.arguments)
        names = {"exact": got.keys() | wanted.keys(), "subset": got.keys()}.get(rule, wanted.keys())
        return all(self._agree(name, got, wanted) for name in names)

    def _judged(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in arguments.items() if name not in self.ignored}

    def _agree(self, name: str, got: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
        if name not in got or name not in wanted:
            return False
        return same_json(got[name], wanted[name], tolerance=self.tolerance)


def check_rule(rule: str) -> None:
    """Refuse a rule that is not known.

    Raises:
        MetricError: *rule* is no :data:`ArgumentRule`.
    """
    if rule not in _RULES:
        raise MetricError(f"arguments is {rule!r}; use {', '.join(_RULES)}")


def best_pairs(
    calls: Sequence[ToolCall],
    expected: Sequence[ToolCall],
    worth: Callable[[ToolCall, ToolCall], float],
) -> list[tuple[int, int, float]]:
    """Return which call answers to which expected call so that the sum of *worth* is greatest.

    Each call answers to one at most. Items are the index of the expected call, that of the
    call, and the pair's worth; pairs that are worth nothing are left out.
    """
    table = np.array([[worth(call, wanted) for call in calls] for wanted in expected])
    if not table.size:
        return []
    # Imported at use: scipy.optimize takes as long as all of evalhub.metrics.
    assign = importlib.import_module("scipy.optimize").linear_sum_assignment
    rows, columns = assign(table, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column, float(table[row, column])) for row, column in pairs if table[row, column]]
