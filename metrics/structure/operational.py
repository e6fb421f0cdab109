"""What a call took: latency, tokens and cost, as scores."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Unscored, column_lists, score_column
from evalhub.model import Direction, ScoreState

__all__ = ["OPERATIONAL", "Operational"]

OPERATIONAL = ("latency_ms", "input_tokens", "output_tokens", "cost_usd")
"""Columns that are scores as they are; of each, less is better."""


@dataclass(frozen=True, slots=True)
class Operational:
    """The numbers of *column* as they are; unknown (None) is skipped, never 0.

    Raises:
        MetricError: *column* is not one of :data:`OPERATIONAL`.
    """

    column: str

    version: ClassVar[int] = 1
    better: ClassVar[Direction] = Direction.LOWER

    def __post_init__(self) -> None:
        if self.column not in OPERATIONAL:
            raise MetricError(f"column is {self.column!r}; use {', '.join(OPERATIONAL)}")

    @property
    def name(self) -> str:
        """The column's name."""
        return self.column

    @property
    def requires(self) -> tuple[str, ...]:
        """The column."""
        return (self.column,)

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, version=self.version)

    def score_batch(
        self, *positional: Sequence[float | None], **named: Sequence[float | None]
    ) -> dict[str, ScoreColumn]:
        """Score every number; takes the one column of :attr:`requires`.

        Raises:
            MetricInputError: another column was given, or an item is no number from 0 on.
        """
        columns = {**dict(zip(self.requires, positional, strict=False)), **named}
        if len(positional) > 1 or set(columns) != {self.column}:
            raise MetricInputError(
                f"{self.name} takes {self.column}; it got {', '.join(columns) or 'nothing'}"
            )
        (values,) = column_lists(**columns)
        results = [self._score(index, value) for index, value in enumerate(values)]
        column = score_column(self.name, self.signature, results, bounds=(0.0, math.inf))
        return {self.name: column}

    def _score(self, index: int, value: float | None) -> Result:
        if value is None:
            return Unscored(ScoreState.SKIPPED, f"{self.column} is not known")
        if not isinstance(value, int | float) or not value >= 0:
            told = f"{self.column} {index} is {value!r}; it must be a number from 0 on, or None"
            raise MetricInputError(told)
        return float(value)
