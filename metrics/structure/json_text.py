"""Read JSON out of an output, strictly, and compare what was read."""

import json
import math
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
    if _is_number(first) and _is_number(second):
        return bool(first == second or math.isclose(first, second, rel_tol=0, abs_tol=tolerance))
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(
            same_json(value, second[key], tolerance=tolerance) for key, value in first.items()
        )
    if isinstance(first, list | tuple) and isinstance(second, list | tuple):
        return len(first) == len(second) and all(
            same_json(*pair, tolerance=tolerance) for pair in zip(first, second, strict=True)
        )
    return type(first) is type(second) and bool(first == second)


def _fenced(text: str) -> str:
    blocks = (fence for fence in find_fences(text) if fence.language in ("", "json"))
    return next((fence.content for fence in blocks), text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not part of JSON")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
