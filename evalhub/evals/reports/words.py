"""Two texts word by word: what was taken away, what came, what stayed."""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

__all__ = ["MOST_WORDS", "Part", "diff_words"]

MOST_WORDS = 3_000
"""Longest text, in words, that is compared; the time grows with the square."""

_WORDS = re.compile(r"\s*(?:\w+|[^\w\s])|\s+$")


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
    matcher = SequenceMatcher(None, _stripped(left), _stripped(right), autojunk=False)
    codes = matcher.get_opcodes()
    return (
        _parts((kind, left[low:high]) for kind, low, high, _, _ in codes),
        _parts((kind, right[low:high]) for kind, _, _, low, high in codes),
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
