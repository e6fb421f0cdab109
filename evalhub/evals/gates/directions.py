"""Which scores of a column are the better ones: the suite says it, else the metric, else a gate.

A limit says it of a metric that does not say it itself: who demands at most so much of a length,
or of a function of their own, wants less of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalhub.evals.gates.demand import Gate
from evalhub.evals.operational import ERROR_RATE, OPERATIONAL
from evalhub.metrics.base import Metric
from evalhub.metrics.direction import direction_said
from evalhub.metrics.structure.operational import Operational
from evalhub.model import Direction, Experiment

__all__ = ["Directions", "direction_in", "implied_by", "undirected"]


@dataclass(frozen=True, slots=True)
class Directions:
    """What a suite says beside its metrics."""

    said: Mapping[str, Direction] = field(default_factory=dict)
    """By a metric's name, for all of its columns."""
    implied: Mapping[str, Direction] = field(default_factory=dict)
    """By a column's name, from its limits; see :func:`implied_by`."""

    def of(self, metric: Metric, column: str) -> Direction:
        """Return which scores in *column* of *metric* are better; more is, if nobody says."""
        own = self.said.get(metric.name) or direction_said(metric, column)
        if own is None or own is Direction.NEITHER:
            return self.implied.get(column) or own or Direction.HIGHER
        return own

    def is_sure(self, metric: Metric, column: str) -> bool:
        """Return whether the suite or the metric says it, and not only a limit."""
        own = self.said.get(metric.name) or direction_said(metric, column)
        return own in {Direction.HIGHER, Direction.LOWER}


def implied_by(gates: Sequence[Gate]) -> dict[str, Direction]:
    """Return what the limits of *gates* say of metrics: lower where all are upper limits.

    A metric that has both has to stay between them, and neither is better.
    """
    kinds: dict[str, set[Direction]] = {}
    for gate in gates:
        if gate.other is None:
            limit = Direction.LOWER if gate.at_least is None else Direction.HIGHER
            kinds.setdefault(gate.metric, set()).add(limit)
    return {
        name: found.copy().pop() if len(found) == 1 else Direction.NEITHER
        for name, found in kinds.items()
    }


def undirected(metric: str) -> str:
    """Return what to tell of a gate that compares *metric*, of which neither is better."""
    return (
        f"nothing says whether more or less {metric!r} is better, so that no comparison can be "
        "judged; give the metric 'better: higher' or 'better: lower', or the gate a limit"
    )


def direction_in(metric: str, *experiments: Experiment) -> Direction:
    """Return which scores of *metric* are better, by the first of *experiments* that has it."""
    if metric == ERROR_RATE:
        return Direction.LOWER
    found = [summary for summary in (run.summary(metric) for run in experiments) if summary]
    if found:
        return found[0].better
    return Operational.better if metric in OPERATIONAL else Direction.HIGHER
