"""Count what each output shares with each of its references."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

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
from evalhub.metrics.text.overlap import Overlap, joined_overlap, share
from evalhub.metrics.text.tokenize import Splitter, Tokens, tokenize
from evalhub.metrics.text.variant import Variant
from evalhub.metrics.text.vocabulary import Normalizer

__all__ = ["Pairs"]


_MOST_GRAMS = 8_000_000
"""Skip bigrams, twice counted, that are held at once: some 150 MB."""


class _Sides(NamedTuple):
    """The tokens of a pair, line by line."""

    candidate: list[list[int]]
    reference: list[list[int]]
    most: Counter[int] | None
    """How often each token may count; None for as often as both have it."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Tokenised outputs and references, side by side.

    ``texts`` are the outputs of all pairs, then their references; ``tokens`` are theirs.
    """

    texts: Sequence[str]
    sequences: Sequence[str]
    """What is compared line by line: ``texts``, or more of them (see ``limits.py``)."""
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
                return _gram_overlap(ngrams(self.tokens, variant.order), self.count)
            case "S" | "SU":
                return self._skip_overlap(variant)
            case "W":
                weigh = self._perl_weighted if self.perl else self._weighted
                return weigh(variant.weight)
            case "L" if not self.perl:
                return self._sequence_overlap()
            case _:  # Lsum; and L in the Perl script, which knows no other
                return self._union_overlap()

    def _skip_overlap(self, variant: Variant) -> Overlap:
        runs = self._runs(variant.gap)
        if len(runs) == 1:
            return _gram_overlap(self._skip_grams(self.tokens, variant), self.count)
        parts = []
        for run in runs:
            tokens = self.tokens.take([*run, *(self.count + pair for pair in run)])
            parts.append(_gram_overlap(self._skip_grams(tokens, variant), len(run)))
        return joined_overlap(parts)

    def _skip_grams(self, tokens: Tokens, variant: Variant) -> Grams:
        grams = skip_bigrams(tokens, variant.gap)
        if variant.kind == "S":
            return grams
        # The loop of the Perl script never reaches the last token's unigram.
        return join_grams(grams, unigrams(tokens, drop_last=self.perl))

    def _runs(self, gap: int | None) -> list[range]:
        """Return the pairs in runs of bounded memory: skip bigrams grow by a text's square."""
        lengths = self.tokens.lengths
        reach = lengths if gap is None else np.minimum(lengths, gap + 1)
        grams = (lengths * reach).reshape(2, -1).sum(axis=0)
        runs, start, total = [], 0, 0
        for pair, count in enumerate(grams.tolist()):
            if total and total + count > _MOST_GRAMS:
                runs.append(range(start, pair))
                start, total = pair, 0
            total += count
        return [*runs, range(start, self.count)]

    def _sequence_overlap(self) -> Overlap:
        n, lengths = self.count, self.tokens.lengths.astype(np.float64)
        first, second = self.tokens.take(range(n)), self.tokens.take(range(n, 2 * n))
        hits = common_lengths(first, second).astype(np.float64)
        return Overlap(hits, lengths[:n], lengths[n:])

    def _union_overlap(self) -> Overlap:
        """Return the clipped union hits; of texts of one line they are the common length."""
        overlap = self._sequence_overlap()
        for pair, sides in self._lines(self._pairs_of_several_lines()).items():
            overlap.hits[pair] = union_hits(*sides)
            overlap.reference[pair] = sum(map(len, sides.reference))
            if sides.most is None:
                overlap.candidate[pair] = sum(map(len, sides.candidate))
        # For its best reference the script compares recall before it is rounded.
        return replace(overlap, rank=share(overlap.hits, overlap.reference))

    def _pairs_of_several_lines(self) -> list[int]:
        n = self.count
        return [i for i in range(n) if "\n" in self.texts[i] or "\n" in self.texts[n + i]]

    def _lines(self, pairs: Sequence[int]) -> dict[int, _Sides]:
        """Return the tokens of each line of the outputs and references of *pairs*."""
        rows = [*pairs, *(self.count + pair for pair in pairs)]
        lines = [self.sequences[row].split("\n") for row in rows]
        longer = self.sequences is not self.texts
        if longer:  # then tokens count as often as in what is left of the texts
            lines = [[self.texts[row], *text] for row, text in zip(rows, lines, strict=True)]
        split = self._split(rows, lines)
        sides = zip(pairs, split[: len(pairs)], split[len(pairs) :], strict=True)
        if not longer:
            return {pair: _Sides(first, second, None) for pair, first, second in sides}
        return {
            pair: _Sides(first[1:], second[1:], Counter(first[0]) & Counter(second[0]))
            for pair, first, second in sides
        }

    def _split(self, rows: Sequence[int], lines: Sequence[list[str]]) -> list[list[list[int]]]:
        """Return the tokens of each of the *lines* of each of the texts *rows*."""
        flat = [line for text in lines for line in text]
        splitters = [
            self.splitters[row] for row, text in zip(rows, lines, strict=True) for _ in text
        ]
        tokens = iter(tokenize(flat, splitters, self.normalize).split())
        return [[next(tokens) for _ in text] for text in lines]

    def _weighted(self, power: float) -> Overlap:
        texts, n = self.tokens.split(), self.count
        sides = zip(texts[:n], texts[n:], strict=True)
        hits = [weighted_length(candidate, reference, power) for candidate, reference in sides]
        weights = self.tokens.lengths.astype(np.float64) ** power
        return Overlap(np.asarray(hits, dtype=np.float64), weights[:n], weights[n:], 1 / power)

    def _perl_weighted(self, power: float) -> Overlap:
        sides = self._lines(range(self.count)).values()
        hits = np.asarray(
            [weighted_union_hits(first, second, power, most) for first, second, most in sides],
            dtype=np.float64,
        )
        weights = self.tokens.lengths[: self.count].astype(np.float64) ** power
        base = np.asarray([sum(len(line) ** power for line in pair.reference) for pair in sides])
        # The script weighs the recall's base twice: a perfect match scores below 1. It looks
        # for the best reference before it does so.
        return Overlap(hits, weights, base**power, 1 / power, share(hits, base))


def _gram_overlap(grams: Grams, pairs: int) -> Overlap:
    totals = grams.totals(2 * pairs).astype(np.float64)
    hits = clipped_hits(grams, pairs).astype(np.float64)
    return Overlap(hits, totals[:pairs], totals[pairs:])
