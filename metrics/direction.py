"""Which scores of a metric are the better ones: its own word for it."""

from collections.abc import Mapping

from evalhub.metrics.base import Metric
from evalhub.model import Direction

__all__ = ["direction_said"]


def direction_said(metric: Metric, column: str) -> Direction | None:
    """Return what *metric* says of its *column*; None where it says nothing.

    A metric says it in an attribute ``better``: one direction for all of its columns, or a mapping
    by their names. Of a metric without it more is taken to be better, until somebody who knows
    says otherwise.
    """
    said = getattr(metric, "better", None)
    if isinstance(said, Mapping):
        said = said.get(column)
    return None if said is None else Direction(said)
