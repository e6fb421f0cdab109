"""Read the answers that this room's prompts ask for: judgements, attributions, questions.

Items carry their number, because a model that leaves one out or changes their order would
else shift every verdict behind it. An answer that does not cover all items is none.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.metrics.judge.parse import json_arrays, json_objects
from evalhub.metrics.judge.structured import object_schema, read_list, read_verdicts

__all__ = [
    "READER_VERSION",
    "Guess",
    "Ruling",
    "attributions_schema",
    "judgements_schema",
    "questions_schema",
    "read_attributions",
    "read_claims",
    "read_judgements",
    "read_questions",
]

READER_VERSION = 2
"""Part of the signatures; changes when any answer is read differently."""

_YES_NO = {"type": "string", "enum": ["yes", "no"]}


@dataclass(frozen=True, slots=True)
class Ruling:
    """One verdict, and the reason given for it."""

    holds: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Guess:
    """What may have been asked, to judge by the answer."""

    questions: tuple[str, ...]
    noncommittal: bool


def judgements_schema(n: int) -> dict[str, Any]:
    """Return the schema of *n* numbered verdicts, each with its reason first."""
    return _numbered_schema("verdicts", n, reason={"type": "string"}, verdict=_YES_NO)


def attributions_schema(n: int) -> dict[str, Any]:
    """Return the schema of *n* numbered statements with the passages of each."""
    passages = {"type": "array", "items": {"type": "integer"}}
    return _numbered_schema("statements", n, passages=passages)


def questions_schema() -> dict[str, Any]:
    """Return the schema of guessed questions."""
    questions = {"type": "array", "items": {"type": "string"}}
    return object_schema({"noncommittal": _YES_NO, "questions": questions})


def read_claims(text: str) -> list[str] | None:
    """Return the claims that *text* lists, each once, or None where it lists none that is one.

    An empty list is one; a list with an item of no words ("...") is not.
    """
    return _worded(read_list(text, "claims"))


def read_judgements(text: str, n: int) -> list[Ruling] | None:
    """Return the *n* verdicts of *text* by their numbers, or None where one is not clear.

    Verdicts that carry no numbers count in the order in which they stand.
    """
    verdicts = read_verdicts(text, n)
    if verdicts is None:
        return None
    items = _items(text, "verdicts")
    if not any("number" in item for item in items):
        return [Ruling(holds) for holds in verdicts]
    order = _order(items, n)
    if order is None:
        return None
    return [Ruling(verdicts[place], _reason(items[place])) for place in order]


def read_attributions(text: str, n: int, passages: int) -> list[frozenset[int]] | None:
    """Return the passages, counted from 0, that each of *n* statements is attributed to.

    None where a statement is missing, or a number is of no passage.
    """
    items = _items(text, "statements")
    order = _order(items, n)
    if order is None:
        return None
    read = [_places(items[place].get("passages"), passages) for place in order]
    found = [item for item in read if item is not None]
    return found if len(found) == n else None


def read_questions(text: str) -> Guess | None:
    """Return the questions that *text* lists and whether it says yes to noncommittal, or None."""
    questions = _worded(read_list(text, "questions"))
    said = [item["noncommittal"] for item in json_objects(text) if "noncommittal" in item]
    verdict = read_verdicts(json.dumps({"verdicts": said}), 1)
    if not questions or verdict is None:
        return None
    return Guess(tuple(questions), verdict[0])


def _worded(items: Sequence[str] | None) -> list[str] | None:
    # A weak model copies the dots of the prompt's example.
    if items is None or not all(any(char.isalnum() for char in item) for item in items):
        return None
    return list(dict.fromkeys(items))


def _items(text: str, key: str) -> list[Mapping[str, Any]]:
    """Return the objects that are listed under *key*, or in a bare array."""
    named = [item[key] for item in json_objects(text) if isinstance(item.get(key), list)]
    lists = named or list(json_arrays(text))
    return [item for item in lists[0] if isinstance(item, Mapping)] if lists else []


def _order(items: Sequence[Mapping[str, Any]], n: int) -> list[int] | None:
    """Return where number 1, 2, ... *n* stand, or None when these are not the numbers."""
    numbers = [_number(item.get("number")) for item in items]
    if sorted(number or 0 for number in numbers) != list(range(1, n + 1)):
        return None
    return [numbers.index(number) for number in range(1, n + 1)]


def _places(value: object, passages: int) -> frozenset[int] | None:
    if not isinstance(value, list):
        return None
    numbers = {_number(item) for item in value}
    if not numbers <= set(range(1, passages + 1)):
        return None
    return frozenset(number - 1 for number in numbers if number is not None)


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _reason(item: Mapping[str, Any]) -> str:
    reason = item.get("reason")
    return " ".join(reason.split()) if isinstance(reason, str) else ""


def _numbered_schema(key: str, n: int, **fields: Mapping[str, Any]) -> dict[str, Any]:
    item = object_schema({"number": {"type": "integer"}, **fields})
    return object_schema({key: {"type": "array", "items": item, "minItems": n, "maxItems": n}})
