"""Numbers for words, found for a whole batch at once.

A word of up to sixteen bytes is two 64-bit numbers, read out of the text where it stands.
They are looked up in an open hash table by numpy, so that a batch costs some array
operations and no Python object a word; only words not seen before, and the few long
ones, go through a dictionary. That halved the time of ROUGE-1, 2 and L as
a whole (benchmarks/rouge.py).
"""

import threading
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["Normalizer", "Vocabulary", "vocabulary"]

Normalizer = Callable[[bytes], bytes | None]
"""Gives what a token (UTF-8) counts as, or None where it does not count.

It must be hashable, and give the same answer each time.
"""

_SPACE = 32
_PADDING = b" " * 17
"""After the text, so that sixteen bytes can be read from the last word on."""
_WHOLE = 16
"""Bytes of a word that two 64-bit numbers hold."""
_SLOT_BITS = 18
_MOST_WORDS = 1 << (_SLOT_BITS - 1)
"""Words kept; with more the table would be more than half full, and is begun anew."""
_MOST_BYTES = 1 << 24
"""Bytes of words kept: outputs may hold a word of a megabyte, as encoded images are."""
_FACTOR_LOW = np.uint64(0x9E3779B97F4A7C15)
_FACTOR_HIGH = np.uint64(0xC2B2AE3D27D4EB4F)
_SHIFT = np.uint64(64 - _SLOT_BITS)

_Ints = NDArray[np.int64]
_Words = NDArray[np.uint64]
_S = TypeVar("_S", bound=np.generic)

_MASKS = np.array([(1 << (8 * n)) - 1 for n in range(9)], dtype=np.uint64)
"""Keep the first n bytes of a little-endian number."""


class Vocabulary:
    """Numbers of words; words that *normalize* makes equal share one.

    Not thread-safe by itself: :func:`vocabulary` gives each thread its own.
    """

    def __init__(self, normalize: Normalizer) -> None:
        self._normalize = normalize
        self._forget()

    def _forget(self) -> None:
        self._numbers: dict[bytes, int] = {}
        self._stems: dict[bytes, int] = {}
        self._slots = np.zeros(1 << _SLOT_BITS, dtype=np.int32)
        # Row 0 is what an empty slot finds; no word has its length.
        self._low: _Words = np.zeros(1024, dtype=np.uint64)
        self._high: _Words = np.zeros(1024, dtype=np.uint64)
        self._lengths: _Ints = np.zeros(1024, dtype=np.int64)
        self._of_row: _Ints = np.zeros(1024, dtype=np.int64)
        self._rows = 1
        self._bytes = 0

    @property
    def base(self) -> int:
        """A number above every word's."""
        return len(self._stems) + 1

    def number(self, text: bytes) -> tuple[_Ints, _Ints]:
        """Return the number of each word of *text*, from 1, and the place of its first byte.

        Words are what stands between spaces. The number is -1 where a word does not count.
        Numbers of one call may be compared with each other, not with those of another call.
        """
        if len(self._numbers) > _MOST_WORDS or self._bytes > _MOST_BYTES:
            self._forget()
        padded = text + _PADDING
        starts, ends = _bounds(padded)
        low, high = _read(padded, starts, ends)
        rows = self._slots[_slot(low, high)]
        numbers = self._of_row[rows]
        # Lengths too: a word that ends in zero bytes reads as the same without them.
        known = (self._low[rows] == low) & (self._high[rows] == high)
        known &= self._lengths[rows] == ends - starts
        unknown = np.flatnonzero(~known)
        if unknown.size:
            words = [text[i:j] for i, j in zip(starts[unknown], ends[unknown], strict=True)]
            numbers[unknown] = [self._learn(word) for word in words]
        return numbers, starts

    def _learn(self, word: bytes) -> int:
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = self._number_of_stem(word)
            self._bytes += len(word)
            if len(word) <= _WHOLE:
                self._add_row(word, number)
        return number

    def _number_of_stem(self, word: bytes) -> int:
        stem = self._normalize(word)
        return -1 if stem is None else self._stems.setdefault(stem, len(self._stems) + 1)

    def _add_row(self, word: bytes, number: int) -> None:
        if self._rows == len(self._low):
            self._low, self._high = _doubled(self._low), _doubled(self._high)
            self._lengths, self._of_row = _doubled(self._lengths), _doubled(self._of_row)
        row, self._rows = self._rows, self._rows + 1
        self._low[row] = int.from_bytes(word[:8], "little")
        self._high[row] = int.from_bytes(word[8:], "little")
        self._lengths[row] = len(word)
        self._of_row[row] = number
        slot = _slot(self._low[row : row + 1], self._high[row : row + 1])[0]
        # The first word keeps its slot: it is seen more often, as a rule. A later one of the
        # same slot is found in the dictionary.
        if not self._slots[slot]:
            self._slots[slot] = row


class _OfThread(threading.local):
    """The vocabularies of one thread."""

    def __init__(self) -> None:
        self.of = lru_cache(maxsize=8)(Vocabulary)


_OF_THREAD = _OfThread()


def vocabulary(normalize: Normalizer) -> Vocabulary:
    """Return this thread's vocabulary of *normalize*, with the words it has seen so far."""
    return _OF_THREAD.of(normalize)


def _bounds(padded: bytes) -> tuple[_Ints, _Ints]:
    """Return where each word starts, and where it ends."""
    is_word = np.frombuffer(b" " + padded, dtype=np.uint8) != _SPACE
    edges = np.flatnonzero(is_word[1:] != is_word[:-1])
    return edges[::2].copy(), edges[1::2].copy()


def _read(padded: bytes, starts: _Ints, ends: _Ints) -> tuple[_Words, _Words]:
    """Return the first eight bytes of each word and the next eight, zeros after its end."""
    at = np.ndarray((len(padded) - 7,), dtype="<u8", buffer=padded, strides=(1,))
    lengths = ends - starts
    low = at[starts] & _MASKS[np.minimum(lengths, 8)]
    high = np.zeros_like(low)
    longer = np.flatnonzero(lengths > 8)
    high[longer] = at[starts[longer] + 8] & _MASKS[np.minimum(lengths[longer] - 8, 8)]
    return low, high


def _slot(low: _Words, high: _Words) -> _Words:
    slot: _Words = ((low ^ (high * _FACTOR_HIGH)) * _FACTOR_LOW) >> _SHIFT
    return slot


def _doubled(values: NDArray[_S]) -> NDArray[_S]:
    return np.concatenate([values, np.zeros_like(values)])
