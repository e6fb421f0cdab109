"""Messages, images, tools and settings in Anthropic's shape, made from OpenAI's.

A part that has Anthropic's shape already is left as it is.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from evalhub._optional import require
from evalhub.errors import ModelError

__all__ = ["to_fields", "to_turn"]

_MAX_TOKENS = 4096
"""The API needs a limit; this one holds where none is given."""
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def to_turn(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return *message*, which is not a system message, as Anthropic takes it.

    What a tool gave back (role ``tool``) becomes a turn of the user, and an assistant's
    ``tool_calls`` become content blocks.
    """
    content, calls = message.get("content"), message.get("tool_calls")
    if message["role"] == "tool":
        block = {"type": "tool_result", "tool_use_id": message.get("tool_call_id")}
        return {"role": "user", "content": [{**block, "content": content or ""}]}
    if not calls and isinstance(content, str):
        return {"role": message["role"], "content": content}
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) and content else []
    blocks += [] if isinstance(content, str) else [_block(part) for part in content or ()]
    return {"role": message["role"], "content": [*blocks, *map(_tool_use, calls or ())]}


def to_fields(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return *settings*, those of a prompt, as fields of a request; it has no seed or logprobs.

    Raises:
        ModelError: the tool choice is none of ``auto``, ``none``, ``required`` and a tool's name.
        MissingExtraError: the ``anthropic`` extra is not installed.
    """
    same = {name: settings[name] for name in _SAME if name in settings}
    made = {
        name: make(settings[given]) for given, (name, make) in _MADE.items() if given in settings
    }
    return {"max_tokens": settings.get("max_tokens") or _MAX_TOKENS, **same, **made}


def _tools(given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [_tool(tool) for tool in given]


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    """Return *tool* as Anthropic takes it: name, description and input schema."""
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return dict(tool)
    described = {key: function[key] for key in ("name", "description") if key in function}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {**described, "input_schema": schema}


def _tool_choice(choice: str | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(choice, str):
        if choice not in _CHOICES:
            raise ModelError(f"tool_choice is {choice!r}; use {', '.join(_CHOICES)} or a tool")
        return {"type": _CHOICES[choice]}
    function = choice.get("function")
    if isinstance(function, Mapping):
        return {"type": "tool", "name": function["name"]}
    return dict(choice)


def _output_config(schema: Mapping[str, Any]) -> dict[str, Any]:
    # Anthropic refuses bounds such as minItems; its client moves them into descriptions.
    supported = require("anthropic", extra="anthropic").transform_schema(dict(schema))
    return {"format": {"type": "json_schema", "schema": supported}}


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return dict(part)
    url = str(part["image_url"]["url"])
    head, comma, data = url.partition(";base64,")
    if comma and head.startswith("data:"):
        source = {"type": "base64", "media_type": head.removeprefix("data:"), "data": data}
    else:
        source = {"type": "url", "url": url}
    return {"type": "image", "source": source}


def _tool_use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call["function"]
    arguments = json.loads(function.get("arguments") or "{}")
    return {"type": "tool_use", "id": call["id"], "name": function["name"], "input": arguments}


_SAME = ("temperature", "top_p", "extra_body")
"""Settings that Anthropic's API knows as OpenAI's does."""
_MADE: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "json_schema": ("output_config", _output_config),
    "stop": ("stop_sequences", list),
    "tools": ("tools", _tools),
    "tool_choice": ("tool_choice", _tool_choice),
}
"""What it calls the others, and how they are made; of the rest it has none."""
