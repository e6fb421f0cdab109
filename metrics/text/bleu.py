"""BLEU (Papineni et al., 2002), as sacreBLEU computes it (Post, 2018)."""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from evalhub.errors import MetricError
from evalhub.metrics.text.sacre import SacreMetric, Scorer, make_scorer

__all__ = ["Bleu"]

Smoothing = Literal["exp", "floor", "add-k", "none"]
_SMOOTHINGS = ("exp", "floor", "add-k", "none")
_TOKENIZERS = ("13a", "char", "intl", "ja-mecab", "ko-mecab", "none", "zh")
"""All of sacreBLEU's but those that fetch a model from the network when they are made."""


@dataclass(frozen=True, slots=True)
class Bleu(SacreMetric):
    """Precision of n-grams up to *max_order*, with a penalty for brevity; 0 to 100.

    The value of one example stops at the longest n-gram that the output has (sacreBLEU's
    effective order), so that a perfect output of two words scores 100. :meth:`corpus` is the
    BLEU of the literature; the mean over examples is not. Several references count together,
    the length of the nearest one.

    Args:
        tokenizer: sacreBLEU's name of it; ``zh`` for Chinese, ``char`` for any script. Those
            for Japanese and Korean need packages of their own.
        smoothing: What an n-gram order without a match counts.
        lowercase: Compare without case.
        max_order: Longest n-gram.

    Raises:
        MetricError: a setting is unknown.
        MissingExtraError: the ``metrics`` extra is not installed.
    """

    tokenizer: str = "13a"
    smoothing: Smoothing = "exp"
    lowercase: bool = False
    max_order: int = 4
    _scorer: Scorer = field(init=False, repr=False, compare=False)
    _corpus_scorer: Scorer = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1

    @property
    def name(self) -> str:
        """``bleu``."""
        return "bleu"

    def __post_init__(self) -> None:
        if self.tokenizer not in _TOKENIZERS:
            known = ", ".join(_TOKENIZERS)
            raise MetricError(f"tokenizer is {self.tokenizer!r}; use {known}")
        if self.smoothing not in _SMOOTHINGS:
            raise MetricError(f"smoothing is {self.smoothing!r}; use {', '.join(_SMOOTHINGS)}")
        if self.max_order < 1:
            raise MetricError(f"max_order is {self.max_order}; it must be at least 1")
        object.__setattr__(self, "_scorer", self._make(effective_order=True))
        object.__setattr__(self, "_corpus_scorer", self._make(effective_order=False))

    def _scorer_of_corpus(self) -> Scorer:
        return self._corpus_scorer

    def _make(self, *, effective_order: bool) -> Scorer:
        settings = {
            "lowercase": self.lowercase,
            "tokenize": self.tokenizer,
            "smooth_method": self.smoothing,
            "max_ngram_order": self.max_order,
            "effective_order": effective_order,
            # Its warning about tokenized text would be repeated for each batch.
            "force": True,
        }
        return make_scorer("BLEU", settings)
