"""Read citations out of an answer: ``[1]``, ``[2][3]``, ``[1, 4]`` and ``[2-5]``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalhub.metrics.rag.sentences import sentences

__all__ = ["CitedSentence", "cited_sentences", "plain_sentences"]

_NUMBER = "[0-9]{1,9}"
_MARK = re.compile(
    rf"(?<!\s)\s*+\[(?P<numbers>{_NUMBER}(?:\s*+[,;–-]\s*+{_NUMBER})*+)\](?:\([^()\s]*+\))?"
)
_GAP = re.compile(r"(?<!\s)\s++(?=[.,;:!?])")
_LONGEST_RANGE = 100
"""Ends farther apart are two numbers; ``[1-99999999]`` is no list of passages."""


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence without its citations, and the numbers that it cites, each once."""

    text: str
    numbers: tuple[int, ...]

    def cited(self, n: int) -> tuple[int, ...]:
        """Return which of *n* passages it cites, counted from 0; none if one is not there."""
        return () if self.absent(n) else tuple(number - 1 for number in self.numbers)

    def absent(self, n: int) -> tuple[int, ...]:
        """Return the numbers that are of none of *n* passages."""
        return tuple(number for number in self.numbers if not 1 <= number <= n)


def cited_sentences(answer: str) -> list[CitedSentence]:
    """Return the sentences of *answer*; a line of citations only belongs to the one before."""
    found: list[CitedSentence] = []
    for sentence in sentences(answer):
        text = _GAP.sub("", _MARK.sub("", sentence)).strip()
        numbers = tuple(dict.fromkeys(_numbers(sentence)))
        if re.search(r"[^\W_]", text):
            found.append(CitedSentence(text, numbers))
        elif found:
            found[-1] = _joined(found[-1], numbers)
    return found


def plain_sentences(text: str) -> list[str]:
    """Return the sentences of *text* without their citations."""
    return [sentence.text for sentence in cited_sentences(text)]


def _joined(sentence: CitedSentence, numbers: Sequence[int]) -> CitedSentence:
    return CitedSentence(sentence.text, tuple(dict.fromkeys([*sentence.numbers, *numbers])))


def _numbers(sentence: str) -> Iterator[int]:
    for mark in _MARK.finditer(sentence):
        for part in re.split(r"[,;]", mark["numbers"]):
            ends = [int(end) for end in re.split(r"[–-]", part)]
            if len(ends) == 2 and 0 <= ends[1] - ends[0] <= _LONGEST_RANGE:
                yield from range(ends[0], ends[1] + 1)
            else:
                yield from ends
