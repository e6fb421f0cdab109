"""Read the name of a class out of what a model says."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from evalhub.metrics.text.scripts import standing_alone

__all__ = ["class_key", "named_classes"]

_SIGNS = "-#%&@/\\*"
"""Punctuation for Unicode, and part of a class: C#, 50%, -1, A*."""
_BULLET = re.compile(r"^(?:[-*#]+|[-=]>)\s+(?=\S)")
_PAIRS = frozenset({"**", "<>"})
_ALIKE = {0x2212: "-", **dict.fromkeys(range(0xFE00, 0xFE10))}
"""The minus sign, and what says how an emoji is drawn, and not which one it is."""


def class_key(text: str) -> str:
    """Return what is compared of a class: without case, white space and what is put around it.

    Around it are quotes, brackets, stops, Markdown, and emoji beside words. Signs belong to the
    class: -1 is not 1, C++ is not C, and >50K is not <=50K.
    """
    key, before = _folded(text), ""
    while key != before:
        before, key = key, _unwrapped(key)
    if not key or (key[0].isalnum() and key[-1].isalnum()):
        return key
    return _unwrapped(key.strip(_symbols())) or key


def named_classes(text: str, keys: Iterable[str]) -> list[str]:
    """Return those of *keys* that are in *text*, which "not spam" is without "spam" being so."""
    rest, found = _folded(text), []
    for key in sorted(keys, key=len, reverse=True):
        left = re.sub(standing_alone(key), "\0", rest)
        if left != rest:
            found.append(key)
        rest = left
    return found


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.translate(_ALIKE)).casefold()
    return " ".join(folded.split())


def _unwrapped(key: str) -> str:
    key = _BULLET.sub("", key.strip(_wrapping()))
    return key[1:-1] if len(key) > 2 and key[0] + key[-1] in _PAIRS else key


@cache
def _wrapping() -> str:
    punctuation = (c for c in map(chr, range(0x10000)) if unicodedata.category(c)[0] == "P")
    return " `~|^" + "".join(c for c in punctuation if c not in _SIGNS)


@cache
def _symbols() -> str:
    """Return the emoji, and what joins them."""
    codes = map(chr, range(0x2000, 0x20000))
    return " \u200d" + "".join(c for c in codes if unicodedata.category(c) in {"So", "Sk"})
