"""Read which of two answers a judge prefers, or that it does not say.

As with grades (:mod:`evalhub.metrics.judge.parse`), a letter counts only where the answer
calls it the better one; an answer that prefers now one and now the other, and does not
come to a conclusion, prefers none.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from evalhub.metrics.judge.parse import json_objects

__all__ = ["CHOICE_VERSION", "Choice", "read_choice"]

CHOICE_VERSION = 2
"""Part of signatures; changes when any answer is read differently."""


class Choice(StrEnum):
    """What a judge says of two answers."""

    A = "a"
    B = "b"
    TIE = "tie"


_KEYS = ("winner", "better", "preferred", "preference", "choice", "verdict", "answer")
_NAME = (
    r"(?:the )?(?:output|answer|response|assistant|summary|candidate|option|text|model)s?"
    r"[\s_]*[*\"'`(\[]*(?P<letter>[ab])\b[*\"'`)\]]*"
)
_BRACKETS = re.compile(r"\[\[\s*(?P<letter>[abc]|tie)\s*\]\]", re.IGNORECASE)
_CHOSEN = rf"(?:{_NAME}|(?P<bare>[ab])|(?P<tie>tie|draw|equal|both|neither))[\s*_`\"'.)\]]*"
_ALONE = re.compile(rf"[\s*_`\"'(\[]*{_CHOSEN}", re.IGNORECASE)
_CALL = rf"(?:{'|'.join(_KEYS[:-1])})(?: answer| choice)?(?: is)?\W+|answer\W*[:=]\W*"
_CALLED = re.compile(rf"[\s*_`\"'(\[#]*(?:(?:final|the) )*(?:{_CALL}){_CHOSEN}", re.IGNORECASE)
"""A line such as ``Winner: A``; "Answer A" alone may be the heading of what is said of it."""
_MARKED = re.compile(
    rf"(?:\\boxed\{{|<(?:{'|'.join(_KEYS)})>|[\"'](?:{'|'.join(_KEYS)})[\"']\s*:\s*[\"'])\s*"
    rf"{_CHOSEN}(?=\}}|<|,|$)",
    re.IGNORECASE,
)
"""In a box or a tag; or in JSON that is broken, whose explanation may say anything."""
_HOW = r"(?:(?:clearly|slightly|much|overall|therefore|still|generally|the|a) )*"
_BETTER = "better|best|superior|preferable|preferred|stronger|winner"
_LETTER = r"(?P<letter>(?-i:[AB]))\b[*\"'`)\]]*"
"""A letter alone, which must be a capital: "a" is an article."""
_BARE = rf"(?:^|(?<=[.!?:] )|(?<=\n))[*\"'`(\[]*{_LETTER}"
"""One that begins a sentence: within it may be the A of "vitamin A"."""
_END = r"(?=[*_]*(?:[.,;:!]|$| than\b| because\b| since\b| as\b| overall\b))"
_IF = r"(?! (?:if|had|were)\b)"
_PREFERENCES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_NAME} (?:is|was|would be) {_HOW}(?:{_BETTER})\b{_IF}",
        rf"{_NAME} wins\b",
        rf"{_BARE} (?:is|was) {_HOW}(?:{_BETTER})\b{_END}",
        rf"{_BARE} wins\b",
        rf"\b(?:better|best|preferred) (?:one|answer|response|output) is\W*{_LETTER}",
        rf"\b(?:prefer|choose|pick|select) {_NAME}",
        rf"\b(?:winner|better one|best one|choice|verdict|preference)(?: is|:| =)\W*{_NAME}",
    )
)
_TIED = re.compile(
    r"\b(?:it is|it's|call it|is|:) (?:an? )?tie\b|(?<!not )\bequally (?:good|bad|well)\b",
    re.IGNORECASE,
)
_NEITHER = re.compile(r"\bneither\b", re.IGNORECASE)
_CONCLUSION = re.compile(
    r"\s*[*_]*(?:therefore|overall|thus|hence|in conclusion|in summary|so|to conclude)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:not|nor|neither|lacks?|fails?|less|worse|weaker|inferior)\b|n't\b", re.IGNORECASE
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+|\n+")


def read_choice(text: str) -> Choice | None:
    r"""Return which answer *text* prefers, or None.

    Looked for in this order: a JSON object with a ``winner``, be it broken; ``[[A]]``,
    ``\boxed{A}`` or a tag; a letter that stands alone, as the whole answer or on its last line,
    or a line such as "Winner: A"; what the last sentence that concludes ("Therefore, ...")
    says; "Output (a) is better" and the like anywhere.
    """
    for reader in _READERS:
        found = reader(text)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _from_json(text: str) -> set[Choice]:
    found = [_named(item) for item in json_objects(text)]
    return _choices(value for value in found if value is not None)


def _named(item: Mapping[str, Any]) -> str | None:
    keys = {key.strip().lower(): value for key, value in item.items()}
    value = next((keys[key] for key in _KEYS if key in keys), None)
    return value if isinstance(value, str) else None


def _choices(values: Iterable[str]) -> set[Choice]:
    return {choice for value in values if (choice := _whole(value)) is not None}


def _whole(text: str) -> Choice | None:
    """Return the choice that all of *text* is."""
    match = _ALONE.fullmatch(text)
    return None if match is None else _chosen(match)


def _chosen(match: re.Match[str]) -> Choice:
    letter = match["letter"] or match["bare"]
    return Choice.TIE if letter is None else Choice(letter.lower())


def _from_marks(text: str) -> set[Choice]:
    return {_chosen(match) for match in _MARKED.finditer(text)}


def _from_brackets(text: str) -> set[Choice]:
    letters = {match["letter"].lower() for match in _BRACKETS.finditer(text)}
    return {Choice.TIE if letter in {"c", "tie"} else Choice(letter) for letter in letters}


def _from_lines(text: str) -> set[Choice]:
    lines = text.strip().splitlines()
    called = {_chosen(match) for line in lines if (match := _CALLED.fullmatch(line))}
    return called or _choices(lines[-1:])


def _from_conclusion(text: str) -> set[Choice]:
    sentences = [item for item in _SENTENCES.split(text) if _CONCLUSION.match(item)]
    if not sentences:
        return set()
    last = sentences[-1]
    neither = {Choice.TIE} if _NEITHER.search(last) else set()
    return _from_anywhere(last) or neither or _only_one_named(last)


def _only_one_named(sentence: str) -> set[Choice]:
    """Return the one answer that *sentence* speaks of, unless it speaks against it."""
    names = {match["letter"].lower() for match in re.finditer(_NAME, sentence, re.IGNORECASE)}
    if _AGAINST.search(sentence) or len(names) != 1:
        return set()
    return {Choice(names.pop())}


def _from_anywhere(text: str) -> set[Choice]:
    found = {
        Choice(match["letter"].lower())
        for pattern in _PREFERENCES
        for match in pattern.finditer(text)
    }
    return found or ({Choice.TIE} if _TIED.search(text) else set())


_READERS: Sequence[Callable[[str], set[Choice]]] = (
    *(_from_json, _from_marks, _from_brackets, _from_lines),
    *(_from_conclusion, _from_anywhere),
)
