"""What a model call was given and gave back, as chat messages.

Payloads are whatever the traced program passed: the shapes of OpenAI (chat and
responses), Anthropic (blocks), LangChain and LangSmith (``{"input": ...}``), or
plain values. A shape that is not known is shown as JSON, never dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.dashboards.payload import decode, field, items, plain, pretty
from evalhub.model import Span, SpanKind

__all__ = ["Message", "ToolCall", "conversation"]

_WRAPPERS = ("input", "inputs", "output", "outputs", "message", "generations", "result")
_ROLES = {"human": "user", "ai": "assistant", "developer": "system", "function": "tool"}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a function; ``arguments`` is JSON text or as it came."""

    name: str
    arguments: str
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation."""

    role: str
    text: str
    tool_calls: tuple[ToolCall, ...] = ()


def conversation(span: Span) -> tuple[Message, ...]:
    """Return the prompt and the answer of *span* as messages; empty if it has none."""
    prompt = _prompt(decode(span.inputs))
    answer = _messages(decode(span.outputs), role="assistant")
    if span.kind == SpanKind.LLM:
        return (*prompt, *(answer or _bare(decode(span.outputs), "assistant")))
    return (*prompt, *answer) if prompt else ()


def _prompt(value: Any) -> tuple[Message, ...]:
    if not isinstance(value, Mapping):
        return _messages(value, role="user")
    system = value.get("system") or value.get("instructions")
    head = (Message("system", _text(system)),) if system else ()
    for key in ("messages", "input", "inputs"):
        if key in value:
            return (*head, *(_messages(value[key], role="user") or _bare(value[key], "user")))
    return (*head, *_bare(value.get("prompt"), "user"))


def _bare(value: Any, role: str) -> tuple[Message, ...]:
    """Take a value that is no message as the text of one."""
    return () if value is None else (Message(role, plain(value)),)


def _messages(value: Any, *, role: str) -> tuple[Message, ...]:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(message for item in value for message in _messages(item, role=role))
    if not isinstance(value, Mapping):
        return ()
    if choices := items(value.get("choices")):
        said = (field(choice, "message", "delta", "text") for choice in choices)
        return tuple(message for item in said for message in _choice(item, role))
    if _is_message(value):
        return (_message(value, role),)
    for key in _WRAPPERS:
        if isinstance(value.get(key), Mapping | list):
            return _messages(value[key], role=role)
    return ()


def _choice(value: Any, role: str) -> tuple[Message, ...]:
    return (Message(role, value),) if isinstance(value, str) else _messages(value, role=role)


def _is_message(value: Mapping[str, Any]) -> bool:
    if value.get("type") in ("function_call", "function_call_output"):
        return True
    return "content" in value and ("role" in value or str(value.get("type")) in _ROLES)


def _message(value: Mapping[str, Any], role: str) -> Message:
    if value.get("type") == "function_call_output":
        return Message("tool", _text(value.get("output")))
    if value.get("type") == "function_call":
        return Message("assistant", "", (_tool_call(value),))
    said = str(value.get("role") or value.get("type") or role)
    blocks = value.get("content")
    calls = [*items(value.get("tool_calls")), *_blocks(blocks, "tool_use")]
    if value.get("function_call"):
        calls.append(value["function_call"])
    text = _text(blocks) or _text(value.get("refusal"))
    return Message(_ROLES.get(said, said), text, tuple(map(_tool_call, calls)))


def _blocks(content: Any, kind: str) -> list[Any]:
    return [block for block in items(content) if field(block, "type") == kind]


def _tool_call(value: Any) -> ToolCall:
    if not isinstance(value, Mapping):
        return ToolCall("?", pretty(value))
    function = value.get("function")
    called = function if isinstance(function, Mapping) else value
    arguments = field(called, "arguments", "input", "args")
    identity = value.get("id") or value.get("call_id")
    return ToolCall(
        str(called.get("name", "?")),
        "" if arguments is None else pretty(arguments),
        None if identity is None else str(identity),
    )


def _text(content: Any) -> str:
    """Return the readable part of a message's content: text, or text of its blocks."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, map(_block_text, content)))
    return pretty(content)


def _block_text(block: Any) -> str:
    if not isinstance(block, Mapping):
        return _text(block)
    kind = str(block.get("type", ""))
    if kind == "tool_use":
        return ""
    if kind == "tool_result":
        return _text(block.get("content"))
    text = field(block, "text", "thinking", "refusal", "summary")
    if text is not None:
        return _text(text)
    # An image or a sound is named, not shown: its base64 would bury the rest.
    return f"[{kind}]" if kind else pretty(block)
