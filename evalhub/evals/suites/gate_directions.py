"""Which scores are the better ones in a suite, and where it does not agree with itself."""

from collections.abc import Iterator

from evalhub.evals.gates.directions import Directions, implied_by, undirected
from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.suites.labelled import column_names
from evalhub.evals.suites.suite import Suite
from evalhub.metrics.base import Metric
from evalhub.metrics.structure.operational import Operational
from evalhub.model import Direction

__all__ = ["check_comparisons", "directions_of", "odd_limits"]

_KEYS = {Direction.HIGHER: "at_least", Direction.LOWER: "at_most"}


def directions_of(suite: Suite, metrics: tuple[Metric, ...]) -> Directions:
    """Return which scores are the better ones: what entries say, then limits of gates."""
    said = {
        metric.name: Direction(spec.better)
        for metric, spec in zip(metrics, suite.spec.metrics, strict=True)
        if spec.better is not None
    }
    return Directions(said, implied_by(suite.gates))


def check_comparisons(suite: Suite, metrics: tuple[Metric, ...]) -> None:
    """Refuse a comparison of which nobody says, or only an upper limit, which side is better.

    Raises:
        SuiteError: names file, line and column.
    """
    directions = directions_of(suite, metrics)
    owners = {name: metric for metric in metrics for name in column_names(metric)}
    for placed in suite.placed_gates:
        name = placed.gate.metric
        if placed.gate.other is None or name not in owners:
            continue
        if directions.of(owners[name], name) is Direction.NEITHER:
            raise suite.error(undirected(name), *placed.loc)
        if directions.implied.get(name) is Direction.LOWER and not directions.is_sure(
            owners[name], name
        ):
            # A ceiling may also be there to catch what is too good to be true.
            raise suite.error(
                f"{name!r} has an upper limit, which does not say whether less of it is better; "
                "give the metric 'better: lower' or 'better: higher'",
                *placed.loc,
            )


def odd_limits(suite: Suite, metrics: tuple[Metric, ...]) -> Iterator[str]:
    """Give a line for each metric whose only limits are at its good end."""
    directions = directions_of(suite, metrics)
    owners = {name: metric for metric in metrics for name in column_names(metric)}
    owners |= {name: Operational(name) for name in OPERATIONAL if name not in owners}
    for name, limit in directions.implied.items():
        if name not in owners or limit is Direction.NEITHER:
            continue
        better = directions.of(owners[name], name)
        if better not in {limit, Direction.NEITHER}:
            yield (
                f"the gate on {name!r} is {_KEYS[limit]}, and its {better} scores are the better "
                f"ones; did you mean {_KEYS[better]}?"
            )
