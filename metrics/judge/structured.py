"""Typed readers for the JSON answers that judges are asked for: lists and verdicts.

A schema makes most answers plain JSON; where an endpoint has none, models wrap the object in
words, number their lines instead, or write ``true`` for ``yes``. All of that is read. An
answer that leaves a verdict open, or gives more or fewer than were asked for, is none.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.metrics.judge.parse import json_arrays, json_objects, stated_reason

__all__ = [
    "grade_schema",
    "list_schema",
    "object_schema",
    "read_list",
    "read_reason",
    "read_verdicts",
    "verdicts_schema",
]

_YES = frozenset({"yes", "true", "supported", "是"})
_NO = frozenset({"no", "false", "unsupported", "not supported", "否", "不是"})
_NUMBERED = r"\**\(?(?:(?:claim|question|statement|verdict) )?\d{1,3}[.):、]\**"
_MARKED_LINE = re.compile(rf"\s*(?:{_NUMBERED}|[-*•])\s*(?P<item>\S.*?)\s*", re.IGNORECASE)
_EMPTY = frozenset({"none", "[]"})


def object_schema(properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the schema of an object with just these *properties*, all required."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def grade_schema(lowest: int, highest: int, *, explain: bool) -> dict[str, Any]:
    """Return the schema of a grade; the explanation comes first, so that it decides."""
    reason: dict[str, Any] = {"explanation": {"type": "string"}} if explain else {}
    grade = {"type": "integer", "enum": list(range(lowest, highest + 1))}
    return object_schema({**reason, "score": grade})


def list_schema(key: str) -> dict[str, Any]:
    """Return the schema of ``{key: [text, ...]}``."""
    return object_schema({key: {"type": "array", "items": {"type": "string"}}})


def verdicts_schema(n: int, key: str = "verdicts") -> dict[str, Any]:
    """Return the schema of ``{key: ["yes" or "no", ...]}`` with *n* items."""
    items = {"type": "string", "enum": ["yes", "no"]}
    return object_schema({key: {"type": "array", "items": items, "minItems": n, "maxItems": n}})


def read_list(text: str, key: str) -> list[str] | None:
    """Return the texts that *text* lists under *key*, or None where it holds no list.

    Looked for in this order: a JSON object with *key*; a bare JSON array; numbered or
    bulleted lines. Items are stripped and empty ones left out; so the list may be empty.
    An item may be an object with one text in it, as some models write.
    """
    found = _listed(text, key)
    if found is None:
        return _marked_lines(text)
    texts = [_as_text(item) for item in found]
    return None if None in texts else [item for item in texts if item]


def read_verdicts(text: str, n: int, key: str = "verdicts") -> list[bool] | None:
    """Return the *n* verdicts that *text* gives under *key*, True for yes; None if it does not.

    Each is a word (``yes``, ``no``), a JSON boolean, or an object with a ``verdict``
    or an ``answer``;
    without JSON, the lines are read. Any other number of verdicts than *n* is none.
    """
    found: Sequence[object] | None = _listed(text, key)
    if found is None:
        found = _marked_lines(text) or text.split("\n")
    verdicts = [_as_verdict(item) for item in found if item != ""]
    read = [verdict for verdict in verdicts if verdict is not None]
    return read if len(read) == len(verdicts) == n else None


def read_reason(text: str) -> str:
    """Return the explanation in the last JSON object of *text*, or all of *text*."""
    reasons = [reason for item in json_objects(text) if (reason := stated_reason(item))]
    return reasons[-1] if reasons else text.strip()


def _listed(text: str, key: str) -> list[object] | None:
    """Return the list under *key*, or the only bare array; None when two of them differ."""
    named = [item[key] for item in json_objects(text) if isinstance(item.get(key), list)]
    found = named or list(json_arrays(text))
    return found[0] if found and all(item == found[0] for item in found) else None


def _as_text(item: object) -> str | None:
    if isinstance(item, str):
        return item.strip()
    if isinstance(item, Mapping):
        texts = [value for value in item.values() if isinstance(value, str)]
        return texts[0].strip() if len(texts) == 1 else None
    return None


def _as_verdict(item: object) -> bool | None:
    if isinstance(item, Mapping):
        item = item.get("verdict", item.get("answer"))
    if isinstance(item, bool) or item in {0, 1}:
        return bool(item)
    if not isinstance(item, str):
        return None
    word = re.split(r"[,:;.—–]|\s-\s", item.strip(" \t\r*_`\"'.[]()"))[0]
    word = word.strip(" *_`\"'").lower()
    return word in _YES if word in _YES | _NO else None


def _marked_lines(text: str) -> list[str] | None:
    if text.strip().lower().rstrip(".") in _EMPTY:
        return []
    matches = [_MARKED_LINE.fullmatch(line) for line in text.splitlines()]
    return [match["item"] for match in matches if match is not None] or None
