"""Hold settings to the types that a metric declares for them.

A suite file or a command line may say ``stemmer: "no"``: a text, which counts as true. What is
checked are truth values, numbers, texts and lists of texts; of all else the metric says itself
what it takes.
"""

import inspect
import numbers
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

__all__ = ["wrong_setting"]

_TOLD: Mapping[object, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


def wrong_setting(factory: Callable[..., Any], settings: Mapping[str, Any]) -> str | None:
    """Return what is wrong with the first of *settings* that is of another type, or None."""
    declared = _declared(factory)
    for name, value in settings.items():
        kinds = _kinds(declared.get(name, Any))
        if kinds is not None and not any(_is_of(value, kind) for kind in kinds):
            return _complaint(name, value, kinds)
    return None


def _complaint(name: str, value: Any, kinds: Sequence[Any]) -> str:
    if isinstance(value, list | tuple) and any(map(_is_texts, kinds)):
        wrong = next(item for item in value if not isinstance(item, str))
        # YAML reads a bare true or 3 as no text.
        return f"{name} holds {wrong!r}, which is no text; put it in quotes"
    return f"{name} is {value!r}; give {' or '.join(map(_told, kinds))}"


def _declared(factory: Callable[..., Any]) -> dict[str, Any]:
    is_plain = inspect.isclass(factory) and not is_dataclass(factory)
    try:
        return get_type_hints(factory.__init__ if is_plain else factory)
    except (NameError, TypeError, AttributeError):  # another package's, which may declare anything
        return {}


def _kinds(declared: Any) -> list[Any] | None:
    """Return the types that *declared* allows; None where they are not checked."""
    is_union = get_origin(declared) in {Union, types.UnionType}
    kinds = list(get_args(declared)) if is_union else [declared]
    return kinds if all(kind in _CHECKS or _is_texts(kind) for kind in kinds) else None


def _is_of(value: Any, kind: Any) -> bool:
    if not _is_texts(kind):
        return _CHECKS[kind](value)
    if isinstance(value, str):
        return True  # the metric itself says that it wants a list
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_texts(kind: Any) -> bool:
    return get_origin(kind) in {tuple, Sequence} and get_args(kind) in {(str, ...), (str,)}


def _told(kind: Any) -> str:
    if kind is types.NoneType:
        return "None"
    return _TOLD.get(kind, "a list of texts")


def _is_number(value: Any, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


_CHECKS: Mapping[Any, Callable[[Any], bool]] = {
    bool: lambda value: isinstance(value, bool),
    int: lambda value: _is_number(value, numbers.Integral),
    float: lambda value: _is_number(value, numbers.Real),
    str: lambda value: isinstance(value, str),
    Path: lambda value: isinstance(value, Path),
    types.NoneType: lambda value: value is None,
}
