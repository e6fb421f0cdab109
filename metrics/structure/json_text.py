"""Read JSON out of an output, strictly, and compare what was read."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from evalhub.metrics.structure.fences import find_fences

__all__ = ["NotJsonError", "read_json", "same_json"]


class NotJsonError(Exception):
    """A text is not JSON; the message says where and why."""


def read_json(text: str, *, fences: bool = False) -> Any:
    """Return the value that *text* is the JSON of (RFC 8259: no NaN, no comments).

    With *fences*, the first code block that is marked ``json`` or not marked is read where
    there is one, else the whole text.

    Raises:
        NotJsonError: it is no JSON.
    """
    inner = _fenced(text) if fences else text
    try:
        return json.loads(inner, parse_constant=_refuse)
    except RecursionError:
        raise NotJsonError("no JSON that can be read: nested too deeply") from None
    except ValueError as error:  # a number of more than 4,300 digits is one too
        told = "the text is empty" if not inner.strip() else str(error)
        raise NotJsonError(f"no JSON: {told}") from error


def same_json(first: Any, second: Any, *, tolerance: float = 0.0) -> bool:
    """Return whether two values are equal as JSON: 1 is 1.0, and true is not 1.

    Numbers may differ by *tolerance*; the order of keys does not matter, that of lists does.
    """
    pairs = [(first, second)]
    while pairs:  # a loop, since a model may nest deeper than Python may call
        parts = _parts(*pairs.pop(), tolerance)
        if parts is None:
            return False
        pairs += parts
    return True


def _parts(first: Any, second: Any, tolerance: float) -> list[tuple[Any, Any]] | None:
    """Return the pairs that have to be equal for two values to be so; None if they differ."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        if first.keys() != second.keys():
            return None
        return [(value, second[key]) for key, value in first.items()]
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return list(zip(first, second, strict=True)) if len(first) == len(second) else None
    return [] if _is_same(first, second, tolerance) else None


def _is_same(first: Any, second: Any, tolerance: float) -> bool:
    if _is_number(first) and _is_number(second):
        return bool(first == second) or _is_near(first, second, tolerance)
    return type(first) is type(second) and bool(first == second)


def _is_near(first: float, second: float, tolerance: float) -> bool:
    try:
        return bool(abs(first - second) <= tolerance)
    except OverflowError:  # an integer beyond all floats, and a float
        return False


def _fenced(text: str) -> str:
    blocks = (fence for fence in find_fences(text) if fence.language in ("", "json"))
    return next((fence.content for fence in blocks), text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not part of JSON")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
