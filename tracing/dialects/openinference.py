"""OpenInference: lists are flattened into names, ``llm.input_messages.0.message.role``."""

from collections.abc import Mapping
from typing import Any

from evalhub.tracing.dialects.attributes import Attributes, Findings, parsed
from evalhub.tracing.dialects.messages import as_choices, tool_call

__all__ = ["read"]

_OWN = (
    "openinference.",
    "llm.model_name",
    "llm.token_count.",
    "llm.invocation_parameters",
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts.",
    "llm.choices.",
    "input.value",
    "output.value",
    "retrieval.documents.",
    "embedding.",
    "reranker.",
)
_COUNTS = {
    "input_tokens": ("llm.token_count.prompt",),
    "output_tokens": ("llm.token_count.completion",),
    "cache_read_tokens": (
        "llm.token_count.prompt_details.cache_read",
        "llm.token_count.prompt_details.cache_input",
    ),
    "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
    "audio_input_tokens": ("llm.token_count.prompt_details.audio",),
    "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
    "audio_output_tokens": ("llm.token_count.completion_details.audio",),
}
_SAID_ELSEWHERE = frozenset({"messages", "choices", "input", "output", "prompt", "tools", "usage"})
"""Keys of a provider's request or answer whose content the flattened attributes repeat."""


def read(attributes: Attributes, found: Findings) -> None:
    """Add to *found* what *attributes* say in this dialect."""
    if not any(attributes.has(prefix) for prefix in _OWN):
        return
    found.dialects.append("openinference")
    kind = attributes.text("openinference.span.kind")
    found.kind = found.kind or (kind.lower() if kind else None)
    found.offer(
        "model",
        attributes.text,
        "llm.model_name",
        "llm.response.model_name",
        "llm.request.model_name",
        "embedding.model_name",
        "reranker.model_name",
    )
    found.offer("provider", attributes.text, "llm.provider", "llm.system")
    for name, keys in _COUNTS.items():
        found.count(name, attributes, *keys)
    attributes.count("llm.token_count.total")
    found.note("invocation_params", _parameters(attributes))
    found.note("metadata", attributes.value("metadata"))
    reason = attributes.text("llm.finish_reason")
    found.note("finish_reasons", [reason] if reason else None)
    if found.inputs is None:
        found.inputs = _inputs(attributes)
    if found.outputs is None:
        found.outputs = _outputs(attributes)
    if found.kind is None and (found.counts or attributes.has("llm.")):
        found.kind = "llm"


def _parameters(attributes: Attributes) -> Any:
    return attributes.value(
        "llm.invocation_parameters",
        "embedding.invocation_parameters",
    )


def _inputs(attributes: Attributes) -> Any:
    messages = _messages(attributes, "llm.input_messages")
    lists = {
        "tools": _below(attributes, "llm.tools", "tool", "json_schema"),
        "prompts": _below(attributes, "llm.prompts", "prompt", "text"),
        "documents": _documents(attributes, "reranker.input_documents"),
        "query": attributes.text("reranker.query"),
    }
    return _payload(_value(attributes, "input"), "input", {"messages": messages, **lists})


def _outputs(attributes: Attributes) -> Any:
    messages = _messages(attributes, "llm.output_messages")
    choices = as_choices(messages)["choices"] if messages else None
    documents = _documents(attributes, "retrieval.documents") or _documents(
        attributes, "reranker.output_documents"
    )
    completions = _below(attributes, "llm.choices", "completion", "text")
    embeddings = _below(attributes, "embedding.embeddings", "embedding", None)
    lists = {
        "choices": choices or (completions and [{"text": text} for text in completions]),
        "documents": documents,
        "embeddings": embeddings,
    }
    return _payload(_value(attributes, "output"), "output", lists)


def _value(attributes: Attributes, side: str) -> Any:
    mime = attributes.text(f"{side}.mime_type")
    value = attributes.left.pop(f"{side}.value", None)
    return parsed(value) if mime != "text/plain" else value


def _payload(value: Any, side: str, lists: dict[str, Any]) -> Any:
    """Return the payload of one side: what the lists hold, and what *value* adds to them."""
    known = {key: item for key, item in lists.items() if item}
    if value is None or value == "":
        return known or None
    if not known:
        return value if isinstance(value, Mapping) else {side: value}
    if isinstance(value, Mapping):
        added = {key: item for key, item in value.items() if key not in _SAID_ELSEWHERE}
        return {**added, **known}
    return known if isinstance(value, list) or _repeats(known, value) else {side: value, **known}


def _repeats(known: dict[str, Any], value: Any) -> bool:
    """Tell whether the text *value* is the content of a message, as instrumentors like to do."""
    messages = [*(known.get("messages") or ())]
    messages += [choice.get("message") or {} for choice in known.get("choices") or ()]
    return any(message.get("content") == value for message in messages)


def _messages(attributes: Attributes, prefix: str) -> list[dict[str, Any]] | None:
    found = attributes.listed(prefix)
    if found is None:
        return None
    return [_message(_inner(item, "message")) for item in found]


def _message(message: Any) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        return {"content": message}
    plain = dict(message)
    contents = plain.pop("contents", None)
    if isinstance(contents, list) and plain.get("content") is None:
        plain["content"] = [_block(_inner(item, "message_content")) for item in contents]
    calls = plain.get("tool_calls")
    if isinstance(calls, list):
        plain["tool_calls"] = [_call(_inner(item, "tool_call")) for item in calls]
    if "function_call_name" in plain:
        arguments = plain.pop("function_call_arguments_json", None)
        name = plain.pop("function_call_name")
        plain["function_call"] = {"name": name, "arguments": arguments}
    plain.setdefault("content", None)
    return plain


def _block(block: Any) -> Any:
    if isinstance(block, Mapping) and block.get("type") == "image":
        url = _inner(_inner(block.get("image"), "image"), "url")
        return {"type": "image_url", "image_url": {"url": url}}
    return block


def _call(call: Any) -> Any:
    if not isinstance(call, Mapping) or not isinstance(call.get("function"), Mapping):
        return call
    function = call["function"]
    return tool_call(function.get("name"), function.get("arguments"), call.get("id"))


def _documents(attributes: Attributes, prefix: str) -> list[Any] | None:
    found = attributes.listed(prefix)
    if found is None:
        return None
    documents = [_inner(item, "document") for item in found]
    return [
        {key: parsed(value) if key == "metadata" else value for key, value in item.items()}
        if isinstance(item, Mapping)
        else item
        for item in documents
    ]


def _below(attributes: Attributes, prefix: str, name: str, part: str | None) -> list[Any] | None:
    found = attributes.listed(prefix)
    if found is None:
        return None
    items = [_inner(item, name) for item in found]
    return items if part is None else [parsed(_inner(item, part)) for item in items]


def _inner(item: Any, name: str) -> Any:
    return item[name] if isinstance(item, Mapping) and name in item else item
