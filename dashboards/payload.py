"""Payload bytes as values, and values as text for reading."""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["decode", "field", "items", "plain", "pretty"]


def decode(payload: bytes | None) -> Any:
    """Return the JSON value of *payload*, its text when it is not JSON, or None."""
    if payload is None:
        return None
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        return payload.decode("utf-8", "replace")


def pretty(value: Any) -> str:
    """Return *value* as indented JSON; text stays as it is."""
    return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def plain(value: Any) -> str:
    """Return *value* for reading: a mapping of one entry as that entry alone."""
    if isinstance(value, Mapping) and len(value) == 1:
        (value,) = value.values()
    return pretty(value)


def field(value: Any, *keys: str) -> Any:
    """Return the first of *keys* that the mapping *value* has and that is not None."""
    if not isinstance(value, Mapping):
        return None
    return next((value[key] for key in keys if value.get(key) is not None), None)


def items(value: Any) -> list[Any]:
    """Return *value* if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
