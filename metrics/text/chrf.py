"""chrF and chrF++ (Popović, 2015 and 2017), as sacreBLEU computes them."""

from dataclasses import dataclass, field
from typing import ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.text.sacre import SacreMetric, Scorer, make_scorer

__all__ = ["ChrF"]


@dataclass(frozen=True, slots=True)
class ChrF(SacreMetric):
    """F-measure of character n-grams, best over the references; 0 to 100.

    With ``word_order=2`` it counts words and their pairs as well: chrF++. It needs no
    tokenizer, so it is the one to take for languages without spaces.

    Args:
        word_order: Longest n-gram of words; 0 is chrF, 2 is chrF++.
        char_order: Longest n-gram of characters.
        beta: How many times recall counts as much as precision.
        lowercase: Compare without case.

    Raises:
        MetricError: a number is out of range.
        MissingExtraError: the ``metrics`` extra is not installed.
    """

    word_order: int = 0
    char_order: int = 6
    beta: int = 2
    lowercase: bool = False
    _scorer: Scorer = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for setting, least in (("word_order", 0), ("char_order", 1), ("beta", 1)):
            if getattr(self, setting) < least:
                told = f"{setting} is {getattr(self, setting)}; it must be at least {least}"
                raise MetricError(told)
        settings = {
            "char_order": self.char_order,
            "word_order": self.word_order,
            "beta": self.beta,
            "lowercase": self.lowercase,
        }
        object.__setattr__(self, "_scorer", make_scorer("CHRF", settings))

    @property
    def name(self) -> str:
        """``chrf``, or ``chrf++`` where words count too."""
        return "chrf++" if self.word_order else "chrf"
