"""Score some outputs with their references at once: cut, tokenise, count, and reduce."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.columns import Unscored
from evalhub.metrics.text.limits import first_bytes, first_words, lines_of_first_bytes
from evalhub.metrics.text.overlap import PRF, MultiReference, Overlap, reduce_references
from evalhub.metrics.text.pairs import Pairs
from evalhub.metrics.text.plugged import function_name
from evalhub.metrics.text.sentences import SentenceSplitter
from evalhub.metrics.text.splitters import Tokenizer, row_splitters
from evalhub.metrics.text.tokenize import tokenize
from evalhub.metrics.text.variant import Variant
from evalhub.metrics.text.vocabulary import Normalizer
from evalhub.model import ScoreState

__all__ = ["Batch", "Reading", "batch_rows"]

_BATCH_PAIRS = 2_048
_BATCH_CHARACTERS = 1_000_000
"""Bounds memory, and keeps the keys of grams below 64 bits."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How texts become tokens, and tokens scores."""

    perl: bool
    tokenizer: Tokenizer
    normalize: Normalizer
    has_stopwords: bool
    split_sentences: SentenceSplitter | None
    max_words: int | None
    max_bytes: int | None
    multi_reference: MultiReference
    alpha: float

    def cut(self, texts: list[str]) -> tuple[list[str], list[str]]:
        """Return *texts* within the limits, and what is compared line by line."""
        if self.split_sentences is not None:
            texts = [self.split_sentences(text) for text in texts]
        if self.max_words is not None:
            most, perl = self.max_words, self.perl
            texts = [first_words(text, most, count_indents=perl) for text in texts]
        if self.max_bytes is None:
            return texts, texts
        cut = [first_bytes(text, self.max_bytes) for text in texts]
        if not self.perl:
            return cut, cut
        return cut, [lines_of_first_bytes(text, self.max_bytes) for text in texts]


class Batch:
    """Some outputs with their references, tokenised together."""

    def __init__(self, outputs: list[str], references: list[list[str]], reading: Reading) -> None:
        self._reading = reading
        self._counts = [len(row) for row in references]
        self._owners = [i for i, count in enumerate(self._counts) for _ in range(count)]
        self._given = outputs + [text for row in references for text in row]
        rows = row_splitters(outputs, references, reading.tokenizer)
        self._splitters = rows + [rows[owner] for owner in self._owners]
        self._texts, self._sequences = reading.cut(self._given)
        if reading.perl:
            self._read_bytes()
        self._tokens = tokenize(self._texts, self._splitters, reading.normalize)
        self._pairs = self._pair()

    def score(self, variant: Variant) -> NDArray[np.float64]:
        """Return precision, recall, F and counts of the outputs, of shape (6, outputs).

        Counts (hits, the output's and the reference's units) are NaN where the scores are of no
        one count.
        """
        overlap = self._pairs.overlap(variant)
        how = self._reading.multi_reference
        reduced = reduce_references(overlap, self._counts, how, self._score)
        none = np.full((3, len(self._counts)), np.nan)
        counts = none if reduced.overlap is None else reduced.overlap.counts
        return np.concatenate([np.stack(reduced.scores), counts])

    def without_tokens(self) -> dict[int, Unscored]:
        """Return the outputs where a text has characters but no token."""
        n = len(self._counts)
        owners = [*range(n), *self._owners]
        places = ["output"] * n + ["reference"] * len(self._owners)
        bare = [i for i in self._empty() if self._given[i].strip()]
        # Of several texts of one example the first is told of: the output, if it is one.
        return {owners[i]: self._no_token(places[i], self._given[i]) for i in reversed(bare)}

    def undefined(self, variant: Variant) -> dict[int, Unscored]:
        """Return the outputs for which the Perl script has no number: it divides by zero.

        It does so for ROUGE-W of a reference without tokens.
        """
        if variant.kind != "W" or not self._reading.perl:
            return {}
        n = len(self._counts)
        reason = "ROUGE-1.5.5.pl divides by zero: a reference has no token for ROUGE-W"
        broken = Unscored(ScoreState.ERRORED, reason)
        return {self._owners[i - n]: broken for i in self._empty() if i >= n}

    def _read_bytes(self) -> None:
        """Read texts as the script does: of bytes that are not ASCII none is a letter.

        Elsewhere lower case is Unicode's, which makes an ASCII k of the sign for kelvin.
        """
        cut_alike = self._sequences is self._texts
        self._texts = [self._of_bytes(i, text) for i, text in enumerate(self._texts)]
        self._sequences = (
            self._texts
            if cut_alike
            else [self._of_bytes(i, text) for i, text in enumerate(self._sequences)]
        )

    def _of_bytes(self, index: int, text: str) -> str:
        if text.isascii() or self._splitters[index] is not None:
            return text
        return text.encode("ascii", "replace").decode("ascii")

    def _empty(self) -> list[int]:
        empty: list[int] = np.flatnonzero(self._tokens.lengths == 0).tolist()
        return empty

    def _pair(self) -> Pairs:
        """Return the texts with each output repeated for each of its references."""
        n = len(self._counts)
        order = self._owners + list(range(n, n + len(self._owners)))
        texts = [self._texts[i] for i in order]
        cut_alike = self._sequences is self._texts
        return Pairs(
            texts=texts,
            sequences=texts if cut_alike else [self._sequences[i] for i in order],
            splitters=[self._splitters[i] for i in order],
            tokens=self._tokens.take(order),
            normalize=self._reading.normalize,
            perl=self._reading.perl,
        )

    def _score(self, overlap: Overlap) -> PRF:
        return overlap.scores(self._reading.alpha, decimals=5 if self._reading.perl else None)

    def _no_token(self, place: str, text: str) -> Unscored:
        given = self._reading.tokenizer
        name = given if isinstance(given, str) else function_name(given)
        reason = f"no token in the {place} {text[:40]!r} with tokenizer={name!r}"
        stop = ", or its words are stop words" if self._reading.has_stopwords else ""
        return Unscored(ScoreState.ERRORED, f"{reason}; another may read it{stop}")


def batch_rows(
    outputs: Sequence[str | None],
    references: Sequence[Sequence[str]],
    unscored: Mapping[int, Unscored],
) -> Iterator[list[int]]:
    """Yield the indices that can be scored, in runs of bounded size."""
    rows: list[int] = []
    pairs = characters = 0
    for row, (output, texts) in enumerate(zip(outputs, references, strict=True)):
        if row in unscored or output is None:
            continue
        rows.append(row)
        pairs += len(texts)
        characters += len(output) * len(texts) + sum(map(len, texts))
        if pairs >= _BATCH_PAIRS or characters >= _BATCH_CHARACTERS:
            yield rows
            rows, pairs, characters = [], 0, 0
    if rows:
        yield rows
