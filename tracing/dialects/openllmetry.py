"""OpenLLMetry (Traceloop): indexed prompts, entities, and its own span kinds."""

from collections.abc import Mapping
from typing import Any

from evalhub.tracing.dialects.attributes import Attributes, Findings
from evalhub.tracing.dialects.messages import as_choices, tool_call

__all__ = ["read"]

_KINDS = {"workflow": "chain", "task": "chain", "agent": "agent", "tool": "tool"}
_REQUESTS = {"chat": "llm", "completion": "llm", "embedding": "embedding", "rerank": "reranker"}
_COUNTS = {
    "input_tokens": ("llm.usage.prompt_tokens",),
    "output_tokens": ("llm.usage.completion_tokens",),
    "cache_read_tokens": ("llm.usage.cache_read_input_tokens",),
    "cache_write_tokens": ("llm.usage.cache_creation_input_tokens",),
    "reasoning_tokens": ("llm.usage.reasoning_tokens",),
}
_ASSOCIATED = "traceloop.association.properties"
_OWN = ("traceloop.", "llm.usage.", "llm.request.", "gen_ai.prompt.", "gen_ai.completion.")


def read(attributes: Attributes, found: Findings) -> None:
    """Add to *found* what *attributes* say in this dialect.

    It is read before the GenAI conventions, whose names it extends.
    """
    if not any(attributes.has(name) for name in _OWN):
        return
    found.dialects.append("openllmetry")
    _read_kind(attributes, found)
    for name, keys in _COUNTS.items():
        found.count(name, attributes, *keys)
    attributes.count("llm.usage.total_tokens")
    _read_associated(attributes, found)
    _read_messages(attributes, found)
    if found.inputs is None:
        found.inputs = _entity(attributes, "traceloop.entity.input", "inputs", "input")
    if found.outputs is None:
        found.outputs = _entity(attributes, "traceloop.entity.output", "outputs", "output")


def _read_kind(attributes: Attributes, found: Findings) -> None:
    for key, kinds in (("traceloop.span.kind", _KINDS), ("llm.request.type", _REQUESTS)):
        said = attributes.left.get(key)
        kind = kinds.get(said) if isinstance(said, str) else None
        if kind is not None and found.kind is None:
            found.kind = kind
            del attributes.left[key]


def _read_associated(attributes: Attributes, found: Findings) -> None:
    found.offer("session_id", attributes.text, f"{_ASSOCIATED}.session_id")
    found.offer("user_id", attributes.text, f"{_ASSOCIATED}.user_id")


def _read_messages(attributes: Attributes, found: Findings) -> None:
    prompt = _listed(attributes, "gen_ai.prompt")
    tools = attributes.listed("llm.request.functions")
    if found.inputs is None and prompt:
        found.inputs = {"messages": prompt, **({"tools": tools} if tools else {})}
    answer = _listed(attributes, "gen_ai.completion")
    if found.outputs is None and answer:
        found.outputs = as_choices(answer)


def _listed(attributes: Attributes, prefix: str) -> list[dict[str, Any]] | None:
    found = attributes.listed(prefix)
    return None if found is None else [_message(item) for item in found]


def _message(item: Any) -> dict[str, Any]:
    if not isinstance(item, Mapping):
        return {"content": item}
    message = {"content": None, **item}
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [
            tool_call(call.get("name"), call.get("arguments"), call.get("id"))
            if isinstance(call, Mapping)
            else call
            for call in calls
        ]
    return message


def _entity(attributes: Attributes, key: str, inside: str, side: str) -> Any:
    """Return an entity's payload; the decorators of OpenLLMetry wrap it once more."""
    value = attributes.value(key)
    if isinstance(value, Mapping) and set(value) <= {inside, "args", "kwargs", "tags", "metadata"}:
        value = value.get(inside, value)
    if value is None or isinstance(value, Mapping):
        return value
    return {side: value}
