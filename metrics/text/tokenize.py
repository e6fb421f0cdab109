"""Texts to arrays of token numbers.

Two tokenizers. ``rouge_score`` keeps runs of a-z and 0-9 of the lower-cased text, as
the package of that name and the Perl script do; every other script vanishes under it.
``unicode`` keeps runs of letters and digits of any script, and makes each Chinese,
Japanese or Korean character a token. ``auto`` takes ``unicode`` where a text or its
references hold such a character, else ``rouge_score``.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.text.porter import Dialect, stem

__all__ = [
    "Normalizer",
    "Splitter",
    "TokenizerName",
    "Tokens",
    "has_cjk",
    "split_unicode",
    "stemmer",
    "tokenize",
]

TokenizerName = Literal["auto", "rouge_score", "unicode"]
Splitter = Callable[[str], Sequence[str]]
"""Splits a text into tokens; a token holds no white space."""
Normalizer = Callable[[bytes], bytes | None]
"""Gives what a token (UTF-8) counts as, or None where it does not count."""

_CJK_RANGES = (
    "\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U0001b000-\U0001b16f"
    "\U00020000-\U000323af"
)
_CJK = re.compile(f"[{_CJK_RANGES}]")
_WORD = re.compile(rf"[{_CJK_RANGES}]|[^\W_{_CJK_RANGES}]+")
_END = b"A"
"""Marks the end of a text among its tokens; no lower-cased token looks like it."""
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


def has_cjk(text: str) -> bool:
    """Tell whether *text* holds a Chinese, Japanese or Korean character."""
    return not text.isascii() and _CJK.search(text) is not None


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
    pieces.append(b"")
    words = (b" %b " % _END).join(pieces).split()
    numbers = _Numbers(normalize)
    ids = np.fromiter(map(numbers.__getitem__, words), np.int64, len(words))
    ids = ids[ids >= 0]
    ends = np.flatnonzero(ids == 0)
    lengths = np.diff(ends, prepend=-1) - 1
    return Tokens(ids[ids != 0], lengths, numbers.next)


def split_unicode(text: str) -> list[str]:
    """Return the runs of letters and digits of any script, each CJK character alone."""
    return _WORD.findall(text.lower())


class _Numbers(dict[bytes, int]):
    """Numbers of tokens, given at first sight; tokens of one stem share a number."""

    def __init__(self, normalize: Normalizer) -> None:
        super().__init__({_END: 0})
        self.next = 1
        self._normalize = normalize
        self._stems: dict[bytes, int] = {}

    def __missing__(self, token: bytes) -> int:
        stem = self._normalize(token)
        number = -1 if stem is None else self._stems.setdefault(stem, self.next)
        if number == self.next:
            self.next += 1
        self[token] = number
        return number


def _narrow(text: str) -> bytes:
    # Whatever is not ASCII separates tokens, so "?" stands for it as well as any.
    return text.lower().encode("ascii", "replace").translate(_ALPHANUMERIC)


def _joined(words: Sequence[str]) -> bytes:
    return " ".join(words).encode("utf-8", "replace")
