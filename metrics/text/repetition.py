"""How much an output repeats itself (seq-rep-n; Welleck et al., 2020, section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Unscored
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.text.units import split_words
from evalhub.model import Direction, ScoreState

__all__ = ["Repetition"]


@dataclass(frozen=True, slots=True)
class Repetition:
    """Share of the output's n-grams of words that it has said before; less is better.

    0 where no n-gram comes twice, near 1 for a model that is caught in a loop. It is 1 minus
    distinct-n (Li et al., 2016) of one text. Words are compared without case. An output of
    fewer than *n* words is skipped.

    Raises:
        MetricError: *n* is below 1.
    """

    n: int = 4

    version: ClassVar[int] = 1
    better: ClassVar[Direction] = Direction.LOWER
    name: ClassVar[str] = "repetition"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        if self.n < 1:
            raise MetricError(f"n is {self.n}; an n-gram has at least 1 word")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, n=self.n)

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Result:
        words = split_words(output.casefold())
        grams = list(zip(*(words[start:] for start in range(self.n)), strict=False))
        if not grams:
            return Unscored(ScoreState.SKIPPED, f"the output has fewer than {self.n} words")
        return 1 - len(set(grams)) / len(grams)
