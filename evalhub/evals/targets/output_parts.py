"""The parts of an output, as they can be scored and written down.

What a target returns may be anything. Here it becomes texts, numbers and JSON, or an error of
that one example: what cannot be written to the journal or summed up must not end the run.
"""

import math
from collections.abc import Iterable, Mapping
from enum import Enum
from numbers import Integral, Real
from typing import Any

import orjson

from evalhub.model import Usage

__all__ = [
    "amount",
    "as_reason",
    "as_tool_call",
    "as_usage",
    "items",
    "names_tokens",
    "text_of",
    "texts",
    "tool_calls",
]

_TOKENS = {
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "cache_read_tokens": ("cache_read_tokens",),
    "reasoning_tokens": ("reasoning_tokens",),
}
"""Counts of tokens, and what results call them: OpenAI's usage has other names."""
_SHOWN = 80


def text_of(value: object) -> str:
    """Return the text *value*, halves of characters put together or replaced.

    A model that is cut off in the middle of an emoji leaves half a surrogate pair, which is
    no Unicode and which no file can hold.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(value, str):
        raise TypeError(f"the target returned the text {_shown(value)}; it must be a str")
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def items(name: str, value: object) -> Iterable[Any]:
    """Return the list *value*; None and the empty text are empty.

    Raises:
        TypeError: it is none. A text is one, too: its letters are not meant.
    """
    if value is None or (isinstance(value, str) and not value):
        return ()
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise TypeError(f"the target returned {name} {_shown(value)}; give a list")
    return value


def texts(name: str, value: object) -> tuple[str, ...]:
    """Return the list *value* as texts; numbers are written out.

    Raises:
        TypeError: it is no list, or an item is neither text nor number.
    """
    return tuple(_item(name, item) for item in items(name, value))


def tool_calls(value: object) -> tuple[Mapping[str, Any], ...]:
    """Return the list *value* of tool calls as JSON has them.

    So they are the same before and after they were written down.

    Raises:
        TypeError: it is no list, one has no name, or one cannot be JSON.
    """
    calls = [as_tool_call(item) for item in items("tool_calls", value)]
    if not calls:
        return ()
    try:
        written = orjson.dumps(calls, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        raise TypeError(f"the target returned tool calls that are no JSON: {error}") from None
    return tuple(orjson.loads(written))


def as_tool_call(call: object) -> Mapping[str, Any]:
    """Return *call*, a name or a mapping with one, as a mapping.

    Raises:
        TypeError: it has no name.
    """
    if isinstance(call, str):
        return {"name": call}
    if isinstance(call, Mapping):
        function = call.get("function")
        named = function if isinstance(function, Mapping) else call
        if isinstance(named.get("name"), str):
            return named
    raise TypeError(f"the target returned the tool call {call!r}; give name and arguments")


def as_usage(tokens: object) -> Usage | None:
    """Return the counts that *tokens* has, as keys or as attributes; None where it has none.

    Raises:
        TypeError: a count is not a whole number from 0 on.
    """
    if tokens is None or isinstance(tokens, Usage):
        return tokens
    counts = {name: _count(tokens, names) for name, names in _TOKENS.items()}
    known: dict[str, Any] = {name: count for name, count in counts.items() if count is not None}
    return Usage(**known) if known else None


def names_tokens(tokens: object) -> bool:
    """Return whether the mapping *tokens* has a place for a count, even an empty one."""
    known = {name for names in _TOKENS.values() for name in names}
    return isinstance(tokens, Mapping) and not known.isdisjoint(tokens)


def amount(name: str, value: object) -> float | None:
    """Return the number *value*; None where it is not known.

    Raises:
        TypeError: it is no number from 0 on.
    """
    if value is None:
        return None
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or value < 0:  # type: ignore[arg-type,operator]  # a Real here
        raise TypeError(f"the target returned {name} {_shown(value)}; give a number from 0 on")
    return float(value)  # type: ignore[arg-type]  # the same


def as_reason(value: object) -> str | None:
    """Return the finish reason *value*, a text or an enumeration of a client; None is not known.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(value, Enum):
        value = value.value if isinstance(value.value, str) else value.name
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise TypeError(
            f"the target returned finish_reason {_shown(value)}; give a text such as 'stop' or "
            "'length'"
        )
    return text_of(value)


def _item(name: str, item: object) -> str:
    if isinstance(item, str):
        return text_of(item)
    if isinstance(item, Real):
        return str(item)
    raise TypeError(f"the target returned {_shown(item)} among {name}; give texts")


def _count(tokens: object, names: Iterable[str]) -> int | None:
    for name in names:
        value = tokens.get(name) if isinstance(tokens, Mapping) else getattr(tokens, name, None)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, Integral) or value < 0:
            raise TypeError(f"the target returned {name} {_shown(value)}; give a whole number")
        return int(value)
    return None


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
