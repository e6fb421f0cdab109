"""N-grams and skip bigrams of many texts at once, and how many two texts share.

A gram is one int64. The grams of all texts are sorted together, once, with the pair and
the side in the key, so that equal grams are neighbours and are counted without a loop.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.metrics.text.tokenize import Tokens

__all__ = ["Grams", "clipped_hits", "join_grams", "ngrams", "skip_bigrams", "unigrams"]

_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grams:
    """Grams of several texts, as numbers."""

    keys: _Ints
    owners: _Ints
    """The index of each gram's text."""
    base: int
    """A number above every key."""

    def totals(self, texts: int) -> _Ints:
        """Return how many grams each of the *texts* has."""
        return np.bincount(self.owners, minlength=texts)


def ngrams(tokens: Tokens, order: int) -> Grams:
    """Return the runs of *order* tokens."""
    count = max(0, len(tokens.ids) - order + 1)
    keys, base = tokens.ids[:count], tokens.base
    for step in range(1, order):
        if step > 1:  # a key of three tokens might not fit in 64 bits
            distinct, keys = np.unique(keys, return_inverse=True)
            base = len(distinct)
        keys = keys * tokens.base + tokens.ids[step : step + count]
        base *= tokens.base
    owners = tokens.owners
    inside = owners[:count] == owners[order - 1 :]
    return Grams(keys[inside], owners[:count][inside], base)


def skip_bigrams(tokens: Tokens, gap: int | None) -> Grams:
    """Return the ordered pairs of tokens with at most *gap* tokens between; None: any."""
    owners = tokens.owners
    longest = int(tokens.lengths.max(initial=0)) - 1
    reach = longest if gap is None else min(gap + 1, longest)
    keys, kept_owners = [tokens.ids[:0]], [owners[:0]]
    for distance in range(1, reach + 1):
        inside = owners[:-distance] == owners[distance:]
        keys.append((tokens.ids[:-distance] * tokens.base + tokens.ids[distance:])[inside])
        kept_owners.append(owners[distance:][inside])
    return Grams(np.concatenate(keys), np.concatenate(kept_owners), tokens.base**2)


def unigrams(tokens: Tokens, *, drop_last: bool) -> Grams:
    """Return single tokens as pairs with a start marker, the token number 0.

    With *drop_last* the last token of each text is left out.
    """
    owners = tokens.owners
    kept = np.ones(len(owners), dtype=bool)
    if drop_last:
        kept[:-1] = owners[:-1] == owners[1:]
        kept[-1:] = False
    return Grams(tokens.ids[kept], owners[kept], tokens.base)


def join_grams(first: Grams, second: Grams) -> Grams:
    """Return the grams of both."""
    return Grams(
        np.concatenate([first.keys, second.keys]),
        np.concatenate([first.owners, second.owners]),
        max(first.base, second.base),
    )


def clipped_hits(grams: Grams, pairs: int) -> _Ints:
    """Return how many grams each pair of texts shares, repeated ones as often as in both.

    Text i and text *pairs* + i are a pair.
    """
    first_keys = np.arange(pairs) * grams.base * 2
    keys = np.concatenate([first_keys, first_keys + 1])[grams.owners] + grams.keys * 2
    if not keys.size:
        return np.zeros(pairs, dtype=np.int64)
    keys.sort()
    starts = np.append(0, np.flatnonzero(keys[1:] != keys[:-1]) + 1)
    distinct = keys[starts]
    is_shared = (distinct[1:] == distinct[:-1] + 1) & ((distinct[:-1] & 1) == 0)
    shared = np.flatnonzero(is_shared)
    # The gram's run in the first text ends where that in the second begins.
    middle, ends = starts[shared + 1], np.append(starts, len(keys))[shared + 2]
    hits = np.minimum(middle - starts[shared], ends - middle)
    owners = distinct[shared] // (grams.base * 2)
    return np.bincount(owners, weights=hits, minlength=pairs).astype(np.int64)
