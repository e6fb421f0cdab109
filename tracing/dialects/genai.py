"""OpenTelemetry's GenAI conventions (v1.41) and the names they had before.

Cached tokens are part of the input, reasoning tokens of the output, as in
:class:`~evalhub.model.Usage`.
"""

from collections.abc import Mapping
from typing import Any

from evalhub.tracing.dialects.attributes import Attributes, Findings, parsed
from evalhub.tracing.dialects.messages import as_choices, from_parts

__all__ = ["MESSAGE_EVENTS", "OPERATIONS", "read", "read_message_events"]

OPERATIONS = {
    "chat": "llm",
    "generate_content": "llm",
    "text_completion": "llm",
    "embeddings": "embedding",
    "retrieval": "retriever",
    "create_agent": "agent",
    "invoke_agent": "agent",
    "execute_tool": "tool",
    "invoke_workflow": "chain",
}
"""What ``gen_ai.operation.name`` says, and our kind."""

MESSAGE_EVENTS = frozenset(
    f"gen_ai.{name}"
    for name in ("system.message", "user.message", "assistant.message", "tool.message", "choice")
)
"""Events of the older conventions that hold one message each."""

_PARAMETERS = "gen_ai.request."
_COUNTS = {
    "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "cache_read_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "cache_write_tokens": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
    ),
    "audio_input_tokens": ("gen_ai.usage.audio.input_tokens",),
    "audio_output_tokens": ("gen_ai.usage.audio.output_tokens",),
}


def read(attributes: Attributes, found: Findings) -> None:
    """Add to *found* what *attributes* say in these conventions."""
    if not attributes.has("gen_ai."):
        return
    found.dialects.append("gen_ai")
    operation = attributes.left.get("gen_ai.operation.name")
    kind = OPERATIONS.get(operation) if isinstance(operation, str) else None
    if found.kind is None and kind is not None:
        found.kind = kind
    found.offer("model", attributes.text, "gen_ai.response.model", "gen_ai.request.model")
    found.offer("provider", attributes.text, "gen_ai.provider.name", "gen_ai.system")
    found.offer("session_id", attributes.text, "gen_ai.conversation.id")
    found.offer("first_token_s", attributes.number, "gen_ai.response.time_to_first_chunk")
    for name, keys in _COUNTS.items():
        found.count(name, attributes, *keys)
    found.note("finish_reasons", attributes.texts("gen_ai.response.finish_reasons"))
    found.note("response_id", attributes.text("gen_ai.response.id"))
    _read_content(attributes, found)
    found.note("invocation_params", _parameters(attributes))
    if found.kind is None and (found.counts or found.model):
        found.kind = "llm"


def read_message_events(events: list[tuple[str, Mapping[str, Any]]], found: Findings) -> bool:
    """Add the messages of *events* (name, attributes) to *found*; True when they were needed."""
    if found.inputs is not None or found.outputs is not None or not events:
        return False
    given: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for name, values in events:
        content = {key: parsed(value) for key, value in values.items() if key != "gen_ai.system"}
        if name == "gen_ai.choice":
            answers.append(_choice(content))
        else:
            given.append({"role": name.split(".")[1], **content})
    found.inputs = {"messages": given} if given else None
    found.outputs = {"choices": answers} if answers else None
    return True


def _choice(content: dict[str, Any]) -> dict[str, Any]:
    message = content.pop("message", None)
    if not isinstance(message, Mapping):
        text = content.pop("content", message)
        calls = content.pop("tool_calls", None)
        message = {"content": text, **({"tool_calls": calls} if calls else {})}
    return {**content, "message": {"role": "assistant", **message}}


def _read_content(attributes: Attributes, found: Findings) -> None:
    if found.inputs is None:
        found.inputs = _inputs(attributes)
    if found.outputs is None:
        found.outputs = _outputs(attributes)


def _inputs(attributes: Attributes) -> Any:
    messages = _messages(attributes, "gen_ai.input.messages")
    inputs = {
        "system": _system(attributes.value("gen_ai.system_instructions")),
        "messages": messages,
        "tools": attributes.value("gen_ai.tool.definitions"),
        "query": attributes.text("gen_ai.retrieval.query.text"),
        "arguments": attributes.value("gen_ai.tool.call.arguments"),
        # A list of dotted names (OpenLLMetry) is not here but below `gen_ai.prompt.`.
        "prompt": attributes.value("gen_ai.prompt"),
    }
    return {key: value for key, value in inputs.items() if value is not None} or None


def _outputs(attributes: Attributes) -> Any:
    messages = _messages(attributes, "gen_ai.output.messages")
    if messages:
        return as_choices(messages)
    outputs = {
        "documents": attributes.value("gen_ai.retrieval.documents"),
        "output": attributes.value("gen_ai.tool.call.result", "gen_ai.completion"),
    }
    return {key: value for key, value in outputs.items() if value is not None} or None


def _messages(attributes: Attributes, key: str) -> list[dict[str, Any]] | None:
    messages = from_parts(attributes.left.get(key))
    if messages is not None:
        del attributes.left[key]
    return messages


def _system(instructions: Any) -> Any:
    """Return instructions that are nothing but text as text."""
    if not isinstance(instructions, list | tuple):
        return instructions
    contents = [part.get("content") for part in instructions if isinstance(part, Mapping)]
    texts = [content for content in contents if isinstance(content, str)]
    return "\n".join(texts) if len(texts) == len(instructions) else instructions


def _parameters(attributes: Attributes) -> dict[str, Any] | None:
    names = [key for key in attributes.left if key.startswith(_PARAMETERS)]
    return {name[len(_PARAMETERS) :]: attributes.left.pop(name) for name in names} or None
