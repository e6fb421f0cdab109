"""Texts to arrays of token numbers.

A text without a splitter is split as the package ``rouge_score`` and the Perl script do: runs of
a-z and 0-9 of the lower-cased text. Other splitters: ``evalhub.metrics.text.splitters``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.text.porter import Dialect, stem
from evalhub.metrics.text.vocabulary import Normalizer, vocabulary

__all__ = [
    "Splitter",
    "Tokens",
    "stemmer",
    "tokenize",
]

Splitter = Callable[[str], Sequence[str]]
"""Splits a text into tokens; a token holds no white space."""

_ALPHANUMERIC = bytes(
    byte if chr(byte) in "abcdefghijklmnopqrstuvwxyz0123456789" else ord(" ") for byte in range(256)
)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token numbers of several texts, one after the other."""

    ids: NDArray[np.int64]
    """All token numbers; 0 is never used."""
    lengths: NDArray[np.int64]
    """How many of them each text has."""
    base: int
    """A number above every token number."""

    def __len__(self) -> int:
        return len(self.lengths)

    @property
    def owners(self) -> NDArray[np.int64]:
        """The index of each token's text."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: Sequence[int]) -> "Tokens":
        """Return the texts *rows*, in that order; a text may come twice."""
        chosen = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[chosen]
        starts = (np.cumsum(self.lengths) - self.lengths)[chosen]
        shifts = starts - (np.cumsum(lengths) - lengths)
        places = np.arange(int(lengths.sum())) + np.repeat(shifts, lengths)
        return Tokens(self.ids[places], lengths, self.base)

    def split(self) -> list[list[int]]:
        """Return the token numbers of each text as a list."""
        numbers = self.ids.tolist()
        ends = np.cumsum(self.lengths).tolist()
        return [numbers[end - n : end] for end, n in zip(ends, self.lengths.tolist(), strict=True)]


@cache
def stemmer(dialect: Dialect | None) -> Normalizer:
    """Return what maps a token to its stem; words of up to three letters stay as they are."""
    if dialect is None:
        return bytes
    chosen: Dialect = dialect

    def stem_token(token: bytes) -> bytes:
        if len(token) <= 3 or not token.isascii():
            return token
        return stem(token.decode(), chosen).encode()

    return stem_token


def tokenize(
    texts: Sequence[str], splitters: Sequence[Splitter | None], normalize: Normalizer
) -> Tokens:
    """Return the tokens of *texts*, each split by its splitter.

    A text whose splitter is None is split as ``rouge_score`` does. *normalize* gives what
    a token counts as (its stem), or None where it does not count at all (a stop word).
    """
    pieces = [
        _narrow(text) if splitter is None else _joined(splitter(text))
        for text, splitter in zip(texts, splitters, strict=True)
    ]
    words = vocabulary(normalize)
    ids, starts = words.number(b" ".join(pieces))
    ends = np.cumsum(np.fromiter(map(len, pieces), np.int64, len(pieces)) + 1)
    counted = ids > 0
    if not counted.all():
        ids, starts = ids[counted], starts[counted]
    lengths = np.diff(np.searchsorted(starts, ends), prepend=0)
    return Tokens(ids, lengths, words.base)


def _narrow(text: str) -> bytes:
    # Whatever is not ASCII separates tokens, so "?" stands for it as well as any.
    return text.lower().encode("ascii", "replace").translate(_ALPHANUMERIC)


def _joined(words: Sequence[str]) -> bytes:
    return " ".join(words).encode("utf-8", "replace")
