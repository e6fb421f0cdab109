"""How long outputs are, and whether that is what was asked for."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import (
    Result,
    Scored,
    Unscored,
    column_lists,
    score_column,
    unscored_rows,
)
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.text.units import count_sentences, split_words
from evalhub.model import Direction, ScoreState

__all__ = ["Compression", "Length", "LengthLimit"]

Unit = Literal["words", "characters", "sentences"]


def _count_words(text: str) -> int:
    return len(split_words(text))


_COUNTS: Mapping[str, Callable[[str], int]] = {
    "words": _count_words,
    "characters": len,
    "sentences": count_sentences,
}


@dataclass(frozen=True, slots=True)
class Length:
    """How many words, characters (code points) or sentences the output has.

    See :mod:`evalhub.metrics.text.units` for what a word and a sentence are.

    Raises:
        MetricError: *unit* is unknown.
    """

    unit: Unit = "words"

    version: ClassVar[int] = 1
    better: ClassVar[Direction] = Direction.NEITHER
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        _check_unit(self.unit)

    @property
    def name(self) -> str:
        """The unit."""
        return self.unit

    @property
    def signature(self) -> str:
        """Name and version."""
        return signature(self.name, version=self.version)

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Count in each of *outputs*."""
        count = _COUNTS[self.unit]
        bounds = (0.0, math.inf)
        return score_outputs(self, outputs, lambda text: float(count(text)), bounds=bounds)


@dataclass(frozen=True, slots=True)
class LengthLimit:
    """1 where the output has *least* to *most* words, characters or sentences, else 0.

    Raises:
        MetricError: *unit* is unknown, or no length can be within the limits.
    """

    most: int | None = None
    least: int = 0
    unit: Unit = "words"

    version: ClassVar[int] = 1
    name: ClassVar[str] = "length_limit"
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        _check_unit(self.unit)
        if self.most is None and self.least <= 0:
            raise MetricError("length_limit has no limit; give 'most', 'least' or both")
        if self.most is not None and self.most < max(self.least, 0):
            raise MetricError(f"most is {self.most} and least {self.least}; no length is within")

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(
            self.name, version=self.version, least=self.least, most=self.most, unit=self.unit
        )

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        return score_outputs(self, outputs, self._score)

    def _score(self, output: str) -> Scored:
        count = _COUNTS[self.unit](output)
        fits = self.least <= count and (self.most is None or count <= self.most)
        return Scored(float(fits), f"{count} {self.unit}")


@dataclass(frozen=True, slots=True)
class Compression:
    """Length of the output over length of the input, 1 where they are equally long.

    Args:
        key: Which of the inputs is shortened; all of them, one after the other, when None.
        unit: What lengths are counted in.

    Raises:
        MetricError: *unit* is unknown.
    """

    key: str | None = None
    unit: Unit = "words"

    version: ClassVar[int] = 1
    better: ClassVar[Direction] = Direction.NEITHER
    name: ClassVar[str] = "compression"
    requires: ClassVar[tuple[str, ...]] = ("outputs", "inputs")

    def __post_init__(self) -> None:
        _check_unit(self.unit)

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        key = "all" if self.key is None else self.key
        return signature(self.name, version=self.version, key=key, unit=self.unit)

    def score_batch(
        self, outputs: Sequence[str | None], inputs: Sequence[Mapping[str, Any] | str]
    ) -> dict[str, ScoreColumn]:
        """Score each of *outputs* against what it was made from.

        Raises:
            MetricInputError: an input lacks *key*, or it is no text.
        """
        outputs, inputs = column_lists(outputs=outputs, inputs=inputs)
        unscored = unscored_rows(outputs)
        results: list[Result] = [
            unscored[i] if i in unscored else self._score(output or "", self._text(i, inputs[i]))
            for i, output in enumerate(outputs)
        ]
        column = score_column(self.name, self.signature, results, bounds=(0.0, math.inf))
        return {self.name: column}

    def _score(self, output: str, text: str) -> Result:
        count = _COUNTS[self.unit]
        whole = count(text)
        if not whole:
            return Unscored(ScoreState.SKIPPED, f"the input has no {self.unit}")
        return count(output) / whole

    def _text(self, index: int, given: Mapping[str, Any] | str) -> str:
        if isinstance(given, str):
            return given
        if not isinstance(given, Mapping):
            raise MetricInputError(f"input {index} is {given!r}; inputs must be mappings or texts")
        if self.key is None:
            return "\n".join(str(value) for value in given.values())
        if not isinstance(given.get(self.key), str):
            told = ", ".join(given) or "nothing"
            raise MetricInputError(f"input {index} has no text {self.key!r}; it has {told}")
        return str(given[self.key])


def _check_unit(unit: str) -> None:
    if unit not in _COUNTS:
        raise MetricError(f"unit is {unit!r}; use {', '.join(_COUNTS)}")
