"""Readability of English texts, by the formulas that word processors use."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Result, Unscored
from evalhub.metrics.rows import score_outputs
from evalhub.metrics.text.syllables import count_syllables
from evalhub.metrics.text.units import count_sentences, split_words
from evalhub.model import Direction, ScoreState

__all__ = ["Readability"]

Formula = Literal["flesch_reading_ease", "flesch_kincaid_grade", "gunning_fog", "ari"]
_ENGLISH = re.compile(r"[a-z]+(?:['’][a-z]+)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Counts:
    sentences: int
    words: int
    characters: int
    syllables: int
    long_words: int
    """Words of three syllables or more."""


def _flesch_reading_ease(text: _Counts) -> float:
    ease = 206.835 - 1.015 * text.words / text.sentences
    return ease - 84.6 * text.syllables / text.words


def _flesch_kincaid_grade(text: _Counts) -> float:
    return 0.39 * text.words / text.sentences + 11.8 * text.syllables / text.words - 15.59


def _gunning_fog(text: _Counts) -> float:
    return 0.4 * (text.words / text.sentences + 100 * text.long_words / text.words)


def _ari(text: _Counts) -> float:
    return 4.71 * text.characters / text.words + 0.5 * text.words / text.sentences - 21.43


_FORMULAS: Mapping[str, tuple[Callable[[_Counts], float], tuple[float, float]]] = {
    "flesch_reading_ease": (_flesch_reading_ease, (-math.inf, 206.835 - 1.015 - 84.6)),
    "flesch_kincaid_grade": (_flesch_kincaid_grade, (0.39 + 11.8 - 15.59, math.inf)),
    "gunning_fog": (_gunning_fog, (0.4, math.inf)),
    "ari": (_ari, (4.71 + 0.5 - 21.43, math.inf)),
}


@dataclass(frozen=True, slots=True)
class Readability:
    """How easily an English text reads; of other languages the value means nothing.

    Syllables are counted by rule (:mod:`evalhub.metrics.text.syllables`), so values differ by a
    point or two from those of tools with a dictionary. An output without an English word, or
    whose letters are mostly of another script, is skipped. Texts below 100 words vary much.

    Args:
        formula: ``flesch_reading_ease`` (Flesch, 1948; 100 is very easy, 30 very hard) or a
            school grade: ``flesch_kincaid_grade`` (Kincaid et al., 1975), ``gunning_fog``
            (Gunning, 1952; every word of three syllables counts as hard) and ``ari`` (Senter
            and Smith, 1967; needs no syllables).

    Raises:
        MetricError: *formula* is unknown.
    """

    formula: Formula = "flesch_reading_ease"

    version: ClassVar[int] = 1
    better: ClassVar[Direction] = Direction.NEITHER
    requires: ClassVar[tuple[str, ...]] = ("outputs",)

    def __post_init__(self) -> None:
        if self.formula not in _FORMULAS:
            raise MetricError(f"formula is {self.formula!r}; use {', '.join(_FORMULAS)}")

    @property
    def name(self) -> str:
        """The formula's name."""
        return self.formula

    @property
    def signature(self) -> str:
        """Name, settings and version."""
        return signature(self.name, version=self.version, language="en", syllables="rules")

    def score_batch(self, outputs: Sequence[str | None]) -> dict[str, ScoreColumn]:
        """Score each of *outputs*."""
        _, bounds = _FORMULAS[self.formula]
        return score_outputs(self, outputs, self._score, bounds=bounds)

    def _score(self, output: str) -> Result:
        if not _is_latin(output):
            return Unscored(ScoreState.SKIPPED, "the output has no English text")
        formula, _ = _FORMULAS[self.formula]
        return formula(_count(output))


def _is_latin(text: str) -> bool:
    letters = sum(map(str.isalpha, text))
    return letters > 0 and 2 * sum(map(len, _ENGLISH.findall(text))) > letters


def _count(text: str) -> _Counts:
    words = split_words(text)
    syllables = [_word_syllables(word) for word in words]
    return _Counts(
        sentences=count_sentences(text),
        words=len(words),
        characters=sum(map(str.isalnum, text)),
        syllables=sum(syllables),
        long_words=sum(count >= 3 for count in syllables),
    )


def _word_syllables(word: str) -> int:
    """Return the syllables of *word*: each part of "mother-in-law"; a number counts as one."""
    return sum(count_syllables(part) for part in _ENGLISH.findall(word)) or 1
