"""Chat messages of the dialects in one shape, that of OpenAI's chat completions, and back.

A message is ``{"role", "content", "tool_calls"?, "tool_call_id"?, "name"?}``. A part that is not
known stays as it came.
"""

from collections.abc import Mapping
from typing import Any

from evalhub.tracing.dialects.attributes import parsed

__all__ = ["answer_parts", "as_choices", "from_parts", "to_parts", "tool_call"]

_SAID = frozenset({"content", "tool_calls", "tool_call_id"})
"""Keys of a message that its parts say."""


def from_parts(messages: Any) -> list[dict[str, Any]] | None:
    """Return OpenTelemetry's messages (``{"role", "parts"}``), or None when they are none."""
    messages = parsed(messages)
    if isinstance(messages, Mapping):
        messages = [messages]
    if not isinstance(messages, list | tuple) or not messages:
        return None
    if not all(isinstance(message, Mapping) for message in messages):
        return None
    return [plain for message in messages for plain in _message(message)]


def as_choices(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an answer's *messages* as OpenAI's choices; finish reasons move up."""
    choices = []
    for message in messages:
        reason = message.pop("finish_reason", None)
        choice = {"message": message}
        choices.append(choice if reason is None else {**choice, "finish_reason": reason})
    return {"choices": choices}


def tool_call(name: object, arguments: object, call_id: object = None) -> dict[str, Any]:
    """Return one wish of a model to call a function."""
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return call if call_id is None else {"id": call_id, **call}


def _message(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return *message*; each answer of a tool in it becomes a message of its own."""
    parts = message.get("parts")
    if not isinstance(parts, list | tuple):
        return [dict(message)]
    rest = {key: value for key, value in message.items() if key != "parts"}
    blocks: list[Any] = []
    calls: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for part in parts:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if kind == "tool_call":
            calls.append(tool_call(part.get("name"), part.get("arguments"), part.get("id")))
        elif kind == "tool_call_response":
            answers.append(_tool_answer(part))
        else:
            blocks.append(_block(part))
    if answers and not blocks and not calls:
        return answers
    whole = {**rest, "content": _content(blocks)}
    return [{**whole, "tool_calls": calls} if calls else whole, *answers]


def _tool_answer(part: Mapping[str, Any]) -> dict[str, Any]:
    said = part.get("response", part.get("result"))
    return {"role": "tool", "tool_call_id": part.get("id"), "content": said}


def _block(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, Mapping) and part.get("type") in ("text", "reasoning"):
        text = part.get("content", part.get("text"))
        return {"type": "text" if part["type"] == "text" else "thinking", "text": text}
    return part


def _content(blocks: list[Any]) -> Any:
    """Return text alone as text, all else as blocks."""
    if not blocks:
        return None
    only = blocks[0] if len(blocks) == 1 else None
    if isinstance(only, Mapping) and only.get("type") == "text":
        return only.get("text")
    return blocks


def to_parts(inputs: Any) -> dict[str, Any] | None:
    """Return a request's *inputs* as GenAI attributes; None when they hold no messages."""
    if not isinstance(inputs, Mapping) or not _are_messages(inputs.get("messages")):
        return None
    system = inputs.get("system")
    if isinstance(system, str):
        system = [{"type": "text", "content": system}]
    found = {
        "gen_ai.system_instructions": system,
        "gen_ai.input.messages": [_with_parts(message) for message in inputs["messages"]],
        "gen_ai.tool.definitions": inputs.get("tools"),
    }
    return {key: value for key, value in found.items() if value}


def answer_parts(outputs: Any) -> dict[str, Any] | None:
    """Return an answer's *outputs* as GenAI attributes; None when they hold no messages.

    Known are OpenAI's choices and Anthropic's content.
    """
    if not isinstance(outputs, Mapping):
        return None
    choices = outputs.get("choices")
    said: list[tuple[Any, Any]] = [(outputs, outputs.get("stop_reason"))]
    if isinstance(choices, list):
        known = [choice for choice in choices if isinstance(choice, Mapping)]
        said = [(choice.get("message"), choice.get("finish_reason")) for choice in known]
    if not _are_messages([message for message, _ in said]):
        return None
    messages = [
        {**_with_parts({"role": "assistant", **message}), "finish_reason": reason or ""}
        for message, reason in said
    ]
    return {"gen_ai.output.messages": messages}


def _are_messages(found: Any) -> bool:
    return (
        isinstance(found, list)
        and bool(found)
        and all(isinstance(it, Mapping) and "content" in it for it in found)
    )


def _with_parts(message: Mapping[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if message.get("role") == "tool":
        parts = [_answered(message.get("tool_call_id"), content)]
    elif isinstance(content, list):
        parts = [_part(block) for block in content]
    else:
        parts = [] if content is None else [{"type": "text", "content": content}]
    calls = message.get("tool_calls")
    parts += (
        [_called(call) for call in calls if isinstance(call, Mapping)]
        if isinstance(calls, list)
        else []
    )
    rest = {key: value for key, value in message.items() if key not in _SAID and value is not None}
    return {"role": "user", **rest, "parts": parts}


def _part(block: Any) -> Any:
    if not isinstance(block, Mapping):
        return {"type": "text", "content": block}
    kind = block.get("type")
    if kind == "text":
        return {"type": "text", "content": block.get("text")}
    if kind == "thinking":
        return {"type": "reasoning", "content": block.get("thinking", block.get("text"))}
    if kind == "tool_use":
        return _called(
            {"id": block.get("id"), "function": {**block, "arguments": block.get("input")}}
        )
    if kind == "tool_result":
        return _answered(block.get("tool_use_id"), block.get("content"))
    return block


def _called(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function")
    called = function if isinstance(function, Mapping) else call
    return {
        "type": "tool_call",
        "id": call.get("id"),
        "name": called.get("name"),
        "arguments": called.get("arguments"),
    }


def _answered(call_id: Any, content: Any) -> dict[str, Any]:
    return {"type": "tool_call_response", "id": call_id, "response": content}
