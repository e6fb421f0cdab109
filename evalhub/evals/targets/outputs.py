"""What targets may return, as a :class:`~evalhub.evals.targets.base.TargetOutput`."""

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from evalhub.evals.targets.base import TargetOutput
from evalhub.model import Usage

__all__ = ["as_output", "as_tool_call", "as_usage"]

_TEXT_KEYS = ("text", "output", "answer")
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")


def as_output(result: object) -> TargetOutput:
    """Return *result*, a text, an output or a mapping with ``text``, as an output.

    A mapping may call its text ``output`` or ``answer``, and may hold ``contexts``,
    ``retrieved_ids``, ``tool_calls``, ``usage`` (or ``input_tokens`` and ``output_tokens``),
    ``cost_usd`` and ``latency_ms``.

    Raises:
        TypeError: it is none of these.
    """
    if isinstance(result, TargetOutput):
        return result
    if isinstance(result, str):
        return TargetOutput(result)
    if not isinstance(result, Mapping):
        raise TypeError(f"the target returned {type(result).__name__}; return str or TargetOutput")
    text = next((result[key] for key in _TEXT_KEYS if key in result), None)
    if not isinstance(text, str):
        raise TypeError(f"the target returned keys {sorted(map(str, result))}, none a 'text'")
    tokens = result.get("usage")
    return TargetOutput(
        text,
        contexts=tuple(str(item) for item in result.get("contexts") or ()),
        retrieved_ids=tuple(str(item) for item in result.get("retrieved_ids") or ()),
        tool_calls=tuple(map(as_tool_call, result.get("tool_calls") or ())),
        usage=tokens if isinstance(tokens, Usage) else as_usage(tokens or result),
        cost_usd=_number(result, "cost_usd"),
        latency_ms=_number(result, "latency_ms"),
    )


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
    """Return the token counts in the mapping *tokens*; None where it has none.

    Raises:
        TypeError: a count is not a whole number.
    """
    if not isinstance(tokens, Mapping):
        raise TypeError(f"the target returned the usage {tokens!r}; give a mapping of tokens")
    counts = {key: tokens[key] for key in _TOKENS if tokens.get(key) is not None}
    for key, value in counts.items():
        if isinstance(value, bool) or not isinstance(value, Integral):
            raise TypeError(f"the target returned {key} {value!r}; give a whole number")
    whole: dict[str, Any] = {key: int(value) for key, value in counts.items()}
    return Usage(**whole) if whole else None


def _number(result: Mapping[Any, Any], key: str) -> float | None:
    value = result.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"the target returned {key} {value!r}; give a number")
    return float(value)
