"""Answers such as a schema asks for, where no model is asked.

A judge of several steps goes on by what it was answered; so what stands in for an answer must be
one that can be read.
"""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["sketch"]

_ITEMS = 3
"""Items of a list whose length the schema leaves open."""
_TEXT = "One of the things that an answer of the usual length says, number"


def sketch(schema: Mapping[str, Any] | None) -> str:
    """Return JSON that *schema* takes, as far as judges' schemas go; without one, a grade."""
    return json.dumps({"score": 1} if schema is None else _value(schema, 1))


def _value(schema: Mapping[str, Any], number: int) -> Any:
    """Return a value of *schema* that stands as item *number* of a list, counted from 1."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _value(item, number) for name, item in properties.items()}
    if kind == "array":
        count = schema.get("minItems", min(_ITEMS, schema.get("maxItems", _ITEMS)))
        return [_value(schema.get("items", {}), n) for n in range(1, count + 1)]
    if kind in {"integer", "number"}:
        return number
    return True if kind == "boolean" else f"{_TEXT} {number}."
