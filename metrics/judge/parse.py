"""Read a score out of a judge's answer, or say that there is none.

How answers are parsed moves results more than most prompts do: taking the last
number in the text, as many scripts do, moved a published correlation with people
from .444 to .328. So a number counts only where the answer says that it is the
score, and an answer that says two different things has no score.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "PARSER_VERSION",
    "ParsedScore",
    "json_arrays",
    "json_objects",
    "parse_score",
    "stated_reason",
]

PARSER_VERSION = 2
"""Part of judges' signatures; changes when any answer is read differently."""

_WORDS = (
    *("score", "rating", "grade", "bewertung", "оценка", "punteggio"),
    *("puntuación", "puntaje", "pontuação", "calificación"),
)
"""What a score is called in languages that part words by blanks."""
_CHARACTERS = ("评分", "得分", "分数", "評分", "点数", "スコア", "점수")
_KEYS = (*_WORDS, *_CHARACTERS, "final_score", "overall_score")
_LABEL = rf"(?:\b(?:{'|'.join(_WORDS)}|scale)\b|{'|'.join(_CHARACTERS)})"
# Neither a piece of a longer number nor of a range, a date or a version.
_VALUE = r"(?<![\w.,/−-])(?P<value>\d+(?:\.\d+)?)"
_NUMBER = rf"{_VALUE}(?![\w%]|[.,/:]\d|\s*(?:[−–-]|or\b|to\b)\s*\d)"
_FRACTION = rf"{_VALUE}\s*(?:/|out of)\s*(?P<of>\d+)(?![/\d]|\.\d)"
_FILL = r"[^\w\n−-]{0,6}"
_VERB = r"(?:(?:is|was|of|would be|为|是)\b)?"
_GAP = rf"(?:\s[−-]\s|{_FILL}){_VERB}{_FILL}(?:an? )?[*_`\"']{{0,3}}"

# Tried in this order; the first that matches anywhere decides.
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:final|overall|total)\s+{_LABEL}{_GAP}{_FRACTION}",
        rf"\b(?:final|overall|total)\s+{_LABEL}{_GAP}{_NUMBER}",
        rf"{_LABEL}{_GAP}{_FRACTION}",
        rf"{_LABEL}{_GAP}{_NUMBER}",
        _FRACTION,
        rf"\b(?:give|rate|assign|award|grade|score)\b(?: [^\W\d]+){{0,4}}? {_NUMBER}",
        rf"{_VALUE}\s*(?:stars?\b|points?\b|分)",
    )
)
_ALONE = re.compile(r"[\s*_`\"'\[(]*(?P<value>\d+(?:\.\d+)?)[\s*_`\"'\]).]*")
_ON_TOP = re.compile(r"[*_`\"'\[]*(?P<value>\d+(?:\.\d+)?)[\s*_`\"'\]]*")
"""Not "1." or "1)", with which a list begins."""
_MARKED = re.compile(
    r"(?:\\boxed\{|<answer>)\s*(?P<value>\d+(?:\.\d+)?)\s*(?:\}|</answer>)", re.IGNORECASE
)
"""How models that were trained on mathematics, or to use tags, mark their answer."""
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ParsedScore:
    """A score that an answer states, and the reason it gives."""

    value: float
    explanation: str


def parse_score(text: str, lowest: int, highest: int) -> ParsedScore | None:
    r"""Return the score from *lowest* to *highest* that *text* states, or None.

    Looked for in this order: a JSON object with a score; a number called the final or overall
    score; one called score, rating or grade; "4/5" or "4 out of 5"; "I give it a 4"; "4 stars";
    a number in ``\boxed{}`` or ``<answer>``; one that stands alone, as the whole answer, on its
    last line or its first. A number that is out of range, or of another scale ("8/10" where 5
    is the highest), is no score; nor is one that another of the same kind contradicts.
    """
    scale = _Scale(lowest, highest)
    for reader in (_from_json, _from_words, _from_marks, _from_lines):
        found = reader(text, scale)
        if found is not None:
            return found if scale.holds(found.value) else None
    return None


@dataclass(frozen=True, slots=True)
class _Scale:
    lowest: int
    highest: int

    def holds(self, value: float) -> bool:
        return self.lowest <= value <= self.highest

    def without_mentions(self, text: str) -> str:
        """Return *text* without "1-5", "from 1 to 5" and the like."""
        span = rf"{self.lowest}\s*(?:-|–|−|to|through|and|至|到)\s*{self.highest}"
        return re.sub(rf"\(?(?<![\w.-])(?:from |between )?{span}(?![\w.]\d|\d)\)?", " ", text)

    def read(self, match: re.Match[str]) -> float:
        """Return the number, or NaN when it is of another scale."""
        of = match.groupdict().get("of")
        return math.nan if of is not None and int(of) != self.highest else float(match["value"])


def _from_json(text: str, scale: _Scale) -> ParsedScore | None:
    """Read the objects in the answer; NaN when they state different scores, or an unusable one."""
    found = [item for item in map(_scored, json_objects(text)) if item is not None]
    if not found:
        return None
    values = {_as_number(value, scale) for value, _ in found}
    value = values.pop() if len(values) == 1 else math.nan
    return ParsedScore(value, found[-1][1])


def _scored(candidate: Mapping[str, Any]) -> tuple[object, str] | None:
    keys = {key.strip().lower(): value for key, value in candidate.items()}
    named = next((key for key in _KEYS if key in keys), None)
    if named is None:
        return None
    return keys[named], stated_reason(candidate)


def stated_reason(candidate: Mapping[str, Any]) -> str:
    """Return the explanation that an answer's JSON object gives, or an empty text."""
    keys = {key.strip().lower(): value for key, value in candidate.items()}
    reasons = (keys.get(key) for key in ("explanation", "reason", "reasoning", "rationale"))
    return next((item for item in reasons if isinstance(item, str)), "")


def _as_number(value: object, scale: _Scale) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        match = re.fullmatch(rf"\s*{_VALUE}(?:\s*(?:/|out of)\s*(?P<of>\d+))?\s*", value)
        return math.nan if match is None else scale.read(match)
    return math.nan


def json_objects(text: str) -> list[dict[str, Any]]:
    """Return the outermost JSON objects in *text*, in fences or bare.

    In fences and around them: an answer may quote a fence out of what it judges.
    """
    return _lenient(text, "{")


def json_arrays(text: str) -> list[list[Any]]:
    """Return the outermost JSON arrays in *text*: those in fences, else bare ones.

    Fences first: around them brackets are citations.
    """
    return _lenient("\n".join(_FENCE.findall(text)) or text, "[")


def _lenient(text: str, opening: str) -> list[Any]:
    """Return the values that begin with *opening*; a comma before the end is no harm."""
    found = list(_json(text, opening))
    if found or not _TRAILING_COMMA.search(text):
        return found
    return list(_json(_TRAILING_COMMA.sub("", text), opening))


def _json(text: str, opening: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False)  # models write line breaks inside strings
    start = text.find(opening)
    while start >= 0:
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield value
        start = text.find(opening, end)


def _from_words(text: str, scale: _Scale) -> ParsedScore | None:
    words = scale.without_mentions(text)
    for pattern in _PATTERNS:
        found = _agreed({scale.read(match) for match in pattern.finditer(words)}, text)
        if found is not None:
            return found
    return None


def _from_marks(text: str, scale: _Scale) -> ParsedScore | None:
    return _agreed({scale.read(match) for match in _MARKED.finditer(text)}, text)


def _from_lines(text: str, scale: _Scale) -> ParsedScore | None:
    lines = text.strip().splitlines()
    first = [match for line in lines[:1] if (match := _ON_TOP.fullmatch(line))]
    last = [match for line in lines[-1:] if (match := _ALONE.fullmatch(line))]
    return _agreed({scale.read(match) for match in (*first, *last)}, text)


def _agreed(values: set[float], text: str) -> ParsedScore | None:
    """Return the one value, NaN where there are several, None where there is none."""
    if not values:
        return None
    return ParsedScore(values.pop() if len(values) == 1 else math.nan, text.strip())
