"""What targets may return, as a :class:`~evalhub.evals.targets.base.TargetOutput`."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from evalhub.evals.targets import output_parts as parts
from evalhub.evals.targets.base import TargetOutput

__all__ = ["as_output"]

_TEXT_KEYS = ("text", "output", "answer")


def as_output(result: object) -> TargetOutput:
    """Return *result*, a text, an output or a mapping with ``text``, as an output.

    A mapping may call its text ``output`` or ``answer``, and may hold ``contexts``,
    ``retrieved_ids``, ``tool_calls``, ``usage`` (or ``input_tokens`` and ``output_tokens``),
    ``cost_usd``, ``latency_ms`` and ``finish_reason``. A dataclass and a pydantic model are taken
    as mappings of their fields.

    Raises:
        TypeError: it is none of these, or a part of it cannot be scored or written down.
    """
    if isinstance(result, str):
        return TargetOutput(parts.text_of(result))
    output = result if isinstance(result, TargetOutput) else _from_mapping(_as_mapping(result))
    return TargetOutput(
        parts.text_of(output.text),
        contexts=parts.texts("contexts", output.contexts),
        retrieved_ids=parts.texts("retrieved_ids", output.retrieved_ids),
        tool_calls=parts.tool_calls(output.tool_calls),
        usage=parts.as_usage(output.usage),
        cost_usd=parts.amount("cost_usd", output.cost_usd),
        latency_ms=parts.amount("latency_ms", output.latency_ms),
        trace_id=output.trace_id,
        finish_reason=parts.as_reason(output.finish_reason),
    )


def _as_mapping(result: object) -> Mapping[Any, Any]:
    if isinstance(result, Mapping):
        return result
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        return {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
    dump = getattr(result, "model_dump", None)
    if callable(dump) and isinstance(fields := dump(), Mapping):
        return fields
    raise TypeError(
        f"the target returned {type(result).__name__}; return a text, a mapping with 'text' or a "
        "TargetOutput"
    )


def _from_mapping(result: Mapping[Any, Any]) -> TargetOutput:
    """Return what *result* holds, not looked at yet."""
    named = next((key for key in _TEXT_KEYS if key in result), None)
    if named is None:
        raise TypeError(f"the target returned keys {sorted(map(str, result))}, none a 'text'")
    usage: Any = _usage(result)
    return TargetOutput(
        result[named],
        contexts=result.get("contexts"),  # type: ignore[arg-type]  # looked at by who asks
        retrieved_ids=result.get("retrieved_ids"),  # type: ignore[arg-type]  # the same
        tool_calls=result.get("tool_calls"),  # type: ignore[arg-type]  # the same
        usage=usage,
        cost_usd=result.get("cost_usd"),
        latency_ms=result.get("latency_ms"),
        finish_reason=result.get("finish_reason"),
    )


def _usage(result: Mapping[Any, Any]) -> object:
    """Return the usage in *result*, or *result* itself where the counts stand beside the text.

    Raises:
        TypeError: there is one, and it has no count of tokens.
    """
    tokens = result.get("usage")
    if tokens is None or tokens == {}:
        return result
    if parts.as_usage(tokens) is None and not parts.names_tokens(tokens):
        raise TypeError(
            f"the target returned the usage {tokens!r}; name input_tokens and output_tokens"
        )
    return tokens
