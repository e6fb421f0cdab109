"""Part a text into sentences, by rules.

Packages for this are no longer kept (pysbd since 2021, syntok since 2022) or need data from
the network (NLTK's punkt). The rules suit what models write: prose, lists and citations.
"""

import re
from collections.abc import Iterator

__all__ = ["SPLITTER_VERSION", "sentences"]

SPLITTER_VERSION = 1
"""Part of signatures; changes when any text is parted differently."""

_SHORT = re.compile(
    r"(?:[^\W\d_]\.)*[^\W\d_]"  # initials; also e.g. and U.S.
    r"|al|approx|ca|cf|dr|gen|mr|mrs|ms|mt|prof|rev|sen|st|vs",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"art|ch|eq|fig|figs|no|nos|pp|sec|vol", re.IGNORECASE)
"""Abbreviations before a number only."""
_WORD_CHARACTERS = 20
"""As much as has to be seen of the word before a full stop."""
# Possessive, and never begun within a run: 100,000 dots take no longer than as many words.
_STOP = re.compile(
    r"(?:(?<![.!?…])[.!?…]++[\"'”’)»]*+(?=\s|\[\d|$)|[。！？]++[”’」』）]*+)"
    r"(?P<marks>(?:\s*+\[\d[\d\s,;–-]*+\])*+)(?P<gap>\s*+)"
)
_BULLET = re.compile(r"\s*(?:[-*•‣+]|#{1,6}|\(?\d{1,3}[.)])\s+")


def sentences(text: str) -> list[str]:
    """Return the sentences of *text*, in order.

    A line's end ends a sentence; bullets and numbers of lists are left out. So are pieces
    without a letter or digit. Citations such as ``[1]`` behind a full stop belong to the
    sentence before it.
    """
    return [piece for line in text.splitlines() for piece in _parts(line) if _says_something(piece)]


def _parts(line: str) -> Iterator[str]:
    bullet = _BULLET.match(line)
    start = 0 if bullet is None else bullet.end()
    for stop in _STOP.finditer(line, start):
        if _ends(line, start, stop):
            yield line[start : stop.end("marks")].strip()
            start = stop.end()
    yield line[start:].strip()


def _ends(line: str, start: int, stop: re.Match[str]) -> bool:
    following = line[stop.end() : stop.end() + 1]
    if following.islower():
        return False
    if line[stop.start()] != ".":
        return True
    before = line[max(start, stop.start() - _WORD_CHARACTERS) : stop.start()].split()
    word = before[-1].lstrip("(\"'“‘[") if before else ""
    if _SHORT.fullmatch(word):
        return not following
    return not (_COUNTED.fullmatch(word) and following.isdigit())


def _says_something(piece: str) -> bool:
    return re.search(r"[^\W_]", piece) is not None
