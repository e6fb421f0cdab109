"""Two texts word by word: what was taken away, what came, what stayed.

The common words are a longest common subsequence by bit-parallel counting (Hyyrö, 2004), as
rapidfuzz has it: difflib takes a minute for two answers of a model that repeats itself.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from rapidfuzz.distance import LCSseq

__all__ = ["MOST_WORDS", "Part", "diff_words"]

MOST_WORDS = 3_000
"""Longest text, in words, that is compared."""

_MARKS = "".join(
    chr(code) for code in range(0x300, 0x1F000) if unicodedata.category(chr(code))[0] == "M"
)
"""What is written on the letter before it; without it a Hindi word would fall apart."""
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
)
"""Scripts that put no space between words: there each letter counts as one."""
_WORDS = re.compile(
    rf"\s*(?:[{_UNSPACED}][{_MARKS}]*"
    rf"|(?:[^\W{_UNSPACED}][{_MARKS}]*)+"
    rf"|[^\w\s](?:\u200d[^\w\s]|[{_MARKS}\U0001f3fb-\U0001f3ff])*)"  # an emoji is whole
    r"|\s+$"
)


class Part(NamedTuple):
    """Words that both texts have, or only the one that they are part of."""

    is_same: bool
    text: str


def diff_words(before: str, after: str) -> tuple[list[Part], list[Part]]:
    """Return the parts of *before* and of *after*; each list's texts make up the whole text.

    White space does not count as a difference. Texts of more than :data:`MOST_WORDS` words
    are not compared, and have nothing in common.
    """
    left, right = _WORDS.findall(before), _WORDS.findall(after)
    if max(len(left), len(right)) > MOST_WORDS:
        return [Part(False, before)], [Part(False, after)]
    codes = LCSseq.opcodes(_stripped(left), _stripped(right))
    return (
        _parts((one.tag, left[one.src_start : one.src_end]) for one in codes),
        _parts((one.tag, right[one.dest_start : one.dest_end]) for one in codes),
    )


def _parts(pieces: Iterable[tuple[str, list[str]]]) -> list[Part]:
    parts = []
    for kind, words in pieces:
        text = "".join(words)
        # The space before a changed word is not part of the change.
        changed = text if kind == "equal" else text.lstrip()
        space = text[: len(text) - len(changed)]
        parts += [Part(True, space), Part(kind == "equal", changed)]
    return [part for part in parts if part.text]


def _stripped(words: list[str]) -> list[str]:
    return [word.strip() for word in words]
