"""A metric under another name, where it has no setting for that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.metrics.base import Metric, ScoreTable
from evalhub.metrics.direction import direction_said
from evalhub.model import Direction

__all__ = ["Labelled", "column_names"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """Calls the columns of *metric* by *label*; where it gives several, ``label/NAME``."""

    metric: Metric
    label: str

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    @property
    def requires(self) -> tuple[str, ...]:
        """The columns that the metric asks for."""
        return self.metric.requires

    @property
    def signature(self) -> str:
        """The metric's own: another name is no other measurement."""
        return self.metric.signature

    @property
    def better(self) -> Mapping[str, Direction]:
        """What the metric says of its columns, by their new names."""
        names = column_names(self.metric)
        said = {
            self._label(name, is_one=len(names) == 1): direction_said(self.metric, name)
            for name in names
        }
        return {label: direction for label, direction in said.items() if direction is not None}

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the columns it gives."""
        names = column_names(self.metric)
        return tuple(self._label(name, is_one=len(names) == 1) for name in names)

    def score_batch(self, *positional: Sequence[Any], **named: Sequence[Any]) -> ScoreTable:
        """Score every example; takes the columns of :attr:`requires`."""
        table = self.metric.score_batch(*positional, **named)
        return {
            label: replace(column, name=label)
            for name, column in table.items()
            for label in [self._label(name, is_one=len(table) == 1)]
        }

    def _label(self, name: str, *, is_one: bool) -> str:
        return self.label if is_one else f"{self.label}/{name}"


def column_names(metric: Metric) -> tuple[str, ...]:
    """Return the names of the columns that *metric* says it gives."""
    names: tuple[str, ...] = getattr(metric, "variants", None) or (metric.name,)
    return names
