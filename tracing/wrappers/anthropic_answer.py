"""What is recorded of Anthropic's messages: outputs, tool calls, tokens, why they ended.

A message is a dict here, as the API sent it. The anthropic package is never
imported: a client that reaches this code has loaded it.
"""

import json
from collections.abc import Mapping
from typing import Any

from evalhub.model import Usage
from evalhub.tracing.active import ActiveSpan

__all__ = ["dump", "record_answer", "record_message", "to_message_usage"]

# `warnings`: what the caller's own classes hold does not fit the declared unions.
_AS_SENT = {"by_alias": True, "exclude_unset": True, "warnings": False}
_USUAL_TIERS = (None, "standard")


def dump(model: Any) -> Any:
    """Return the JSON of a model of the anthropic package, as the API sent it; else *model*."""
    if not hasattr(type(model), "model_dump"):
        return model
    return model.model_dump(mode="json", **_AS_SENT)


def record_answer(span: ActiveSpan, answer: Any, request_id: str | None) -> None:
    """Record *answer*, a message as the anthropic package gives it."""
    # Without tool calls to add, its JSON is the record. By way of a dict it costs thrice as much.
    if not any(getattr(block, "type", "") == "tool_use" for block in answer.content or ()):
        payload = answer.model_dump_json(**_AS_SENT).encode()
        if len(payload) <= span._tracer.limit:
            span._outputs = payload
            span._more().keeps_outputs = True
            return _record_end(span, vars(answer), {"request_id": request_id})
    return record_message(span, dump(answer), {"request_id": request_id})


def record_message(
    span: ActiveSpan, message: Mapping[str, Any], extra: Mapping[str, Any] | None = None
) -> None:
    """Record *message* as the outputs, what follows from it, and *extra* metadata.

    The outputs are the message itself, its content blocks whole, and
    ``tool_calls`` in the shape that LangSmith and OpenAI use.
    """
    calls = _tool_calls(message.get("content"))
    span.set_outputs({**message, "tool_calls": calls} if calls else dict(message))
    _record_end(span, message, extra or {})


def _record_end(span: ActiveSpan, message: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    stop_reason = message.get("stop_reason")
    said = {
        "response_id": message.get("id"),
        "finish_reasons": [stop_reason] if stop_reason else None,
        "stop_sequence": message.get("stop_sequence"),
        **extra,
    }
    details = span._more()  # not by `set`: the copies that it makes cost more than all of this
    details.metadata.update({key: value for key, value in said.items() if value is not None})
    model = message.get("model")
    details.model = model if isinstance(model, str) else details.model
    details.usage = to_message_usage(message.get("usage")) or details.usage


def to_message_usage(counts: Any) -> Usage | None:
    """Return Anthropic's *counts*, a dict or its class, as a Usage; None when there are none.

    Cached tokens are not inside Anthropic's ``input_tokens``; here they are. An answer in
    fast mode has the tier "fast", as it has prices of its own.
    """
    # By hand: `to_usage`, which knows everybody's names, takes four times as long.
    counts = counts if isinstance(counts, dict) else getattr(counts, "__dict__", None)
    if not counts:
        return None
    given = _count(counts.get("input_tokens"))
    read = _count(counts.get("cache_read_input_tokens"))
    written = _count(counts.get("cache_creation_input_tokens"))
    details = counts.get("output_tokens_details")
    details = details if isinstance(details, dict) else getattr(details, "__dict__", {})
    tier = counts.get("service_tier")
    is_fast = counts.get("speed") == "fast"
    return Usage(
        input_tokens=None if given is None else given + (read or 0) + (written or 0),
        output_tokens=_count(counts.get("output_tokens")),
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=_count(details.get("thinking_tokens")),
        tier=tier if tier not in _USUAL_TIERS else "fast" if is_fast else None,
    )


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _tool_calls(content: Any) -> list[dict[str, Any]]:
    blocks = [
        block
        for block in (content if isinstance(content, list) else ())
        if isinstance(block, Mapping) and block.get("type") == "tool_use"
    ]
    return [
        {
            "id": block.get("id", f"call_{index}"),
            "type": "function",
            "index": index,
            "function": {"name": block.get("name", ""), "arguments": _json(block.get("input", {}))},
        }
        for index, block in enumerate(blocks)
    ]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
