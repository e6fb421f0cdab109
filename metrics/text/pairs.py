"""Count what each output shares with each of its references."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.text.grams import (
    Grams,
    clipped_hits,
    join_grams,
    ngrams,
    skip_bigrams,
    unigrams,
)
from evalhub.metrics.text.lcs import (
    common_lengths,
    union_hits,
    weighted_length,
    weighted_union_hits,
)
from evalhub.metrics.text.overlap import Overlap
from evalhub.metrics.text.tokenize import Normalizer, Splitter, Tokens, tokenize
from evalhub.metrics.text.variant import Variant

__all__ = ["Pairs"]

_Lines = list[list[int]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Tokenised outputs and references, side by side.

    ``texts`` are the outputs of all pairs, then their references; ``tokens`` are theirs.
    """

    texts: Sequence[str]
    splitters: Sequence[Splitter | None]
    tokens: Tokens
    normalize: Normalizer
    perl: bool
    """Whether to count as ROUGE-1.5.5.pl does, where that differs from the paper."""

    @property
    def count(self) -> int:
        """How many pairs there are."""
        return len(self.texts) // 2

    def overlap(self, variant: Variant) -> Overlap:
        """Return what the texts of each pair share under *variant*."""
        match variant.kind:
            case "n":
                return self._gram_overlap(ngrams(self.tokens, variant.order))
            case "S":
                return self._gram_overlap(skip_bigrams(self.tokens, variant.gap))
            case "SU":
                # The loop of the Perl script never reaches the last token's unigram.
                single = unigrams(self.tokens, drop_last=self.perl)
                return self._gram_overlap(
                    join_grams(skip_bigrams(self.tokens, variant.gap), single)
                )
            case "W":
                weigh = self._perl_weighted if self.perl else self._weighted
                return weigh(variant.weight)
            case "L" if not self.perl:
                return self._sequence_overlap(self._common_lengths())
            case _:  # Lsum; and L in the Perl script, which knows no other
                return self._sequence_overlap(self._union_hits())

    def _gram_overlap(self, grams: Grams) -> Overlap:
        totals = grams.totals(2 * self.count).astype(np.float64)
        hits = clipped_hits(grams, self.count).astype(np.float64)
        return Overlap(hits, totals[: self.count], totals[self.count :])

    def _sequence_overlap(self, hits: NDArray[np.int64]) -> Overlap:
        lengths = self.tokens.lengths.astype(np.float64)
        return Overlap(hits.astype(np.float64), lengths[: self.count], lengths[self.count :])

    def _common_lengths(self) -> NDArray[np.int64]:
        n = self.count
        return common_lengths(self.tokens.take(range(n)), self.tokens.take(range(n, 2 * n)))

    def _union_hits(self) -> NDArray[np.int64]:
        """Return the clipped union hits; of texts of one line they are the common length."""
        hits, lines = self._common_lengths(), self._lines(self._pairs_of_several_lines())
        for pair, (candidate, reference) in lines.items():
            hits[pair] = union_hits(candidate, reference)
        return hits

    def _pairs_of_several_lines(self) -> list[int]:
        n = self.count
        return [i for i in range(n) if "\n" in self.texts[i] or "\n" in self.texts[n + i]]

    def _lines(self, pairs: Sequence[int]) -> dict[int, tuple[_Lines, _Lines]]:
        """Return the tokens of each line of the outputs and references of *pairs*."""
        rows = [*pairs, *(self.count + pair for pair in pairs)]
        lines = [self.texts[row].split("\n") for row in rows]
        flat = [line for text in lines for line in text]
        splitters = [
            self.splitters[row] for row, text in zip(rows, lines, strict=True) for _ in text
        ]
        tokens = iter(tokenize(flat, splitters, self.normalize).split())
        split = [[next(tokens) for _ in text] for text in lines]
        return {pair: (split[k], split[k + len(pairs)]) for k, pair in enumerate(pairs)}

    def _weighted(self, power: float) -> Overlap:
        texts, n = self.tokens.split(), self.count
        sides = zip(texts[:n], texts[n:], strict=True)
        hits = [weighted_length(candidate, reference, power) for candidate, reference in sides]
        weights = self.tokens.lengths.astype(np.float64) ** power
        return Overlap(np.asarray(hits, dtype=np.float64), weights[:n], weights[n:], 1 / power)

    def _perl_weighted(self, power: float) -> Overlap:
        sides = self._lines(range(self.count)).values()
        hits = [weighted_union_hits(candidate, reference, power) for candidate, reference in sides]
        weights = self.tokens.lengths[: self.count].astype(np.float64) ** power
        # The script weighs the recall's base twice: a perfect match scores below 1.
        base = [sum(len(line) ** power for line in reference) ** power for _, reference in sides]
        return Overlap(np.asarray(hits, dtype=np.float64), weights, np.asarray(base), 1 / power)
