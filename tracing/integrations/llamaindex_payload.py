"""What is recorded of LlamaIndex's messages, nodes, queries, answers and events."""

from collections.abc import Iterator, Mapping
from inspect import BoundArguments, Parameter
from typing import TYPE_CHECKING, Any

from evalhub._optional import require

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import BaseContentBlock, ChatMessage
    from llama_index.core.prompts import BasePromptTemplate
    from llama_index.core.schema import BaseComponent, BaseNode, NodeWithScore, QueryBundle
    from llama_index.core.tools import BaseTool
    from pydantic import BaseModel
else:
    _types = require("llama_index.core.base.llms.types", extra="llamaindex")
    _schema = require("llama_index.core.schema", extra="llamaindex")
    BaseContentBlock, ChatMessage = _types.BaseContentBlock, _types.ChatMessage
    BaseComponent, BaseNode = _schema.BaseComponent, _schema.BaseNode
    NodeWithScore, QueryBundle = _schema.NodeWithScore, _schema.QueryBundle
    BasePromptTemplate = require("llama_index.core.prompts", extra="llamaindex").BasePromptTemplate
    BaseTool = require("llama_index.core.tools", extra="llamaindex").BaseTool
    BaseModel = require("pydantic", extra="llamaindex").BaseModel

__all__ = ["arguments", "message", "readable"]

_MAX_DEPTH = 12
_QUERY = frozenset({"query_bundle", "query_str", "str_or_query_bundle"})
_VECTOR = 16
"""Longer lists of floats are taken to be embeddings, and only their length is recorded."""
_RUN = frozenset({"init_state", "start_event"})
"""Arguments by which a workflow's run is known; the first is its machinery."""


def arguments(bound: BoundArguments) -> dict[str, Any]:
    """Return what a call was given, readable: ``**kwargs`` flat, a workflow's context left out."""
    given: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if bound.signature.parameters[name].kind is Parameter.VAR_KEYWORD:
            given.update(value)
        else:
            given[name] = value
    if given.keys() >= _RUN:
        return {"start_event": readable(given["start_event"])}
    return {
        "query" if name in _QUERY else name: readable(value)
        for name, value in given.items()
        if not _is_context(value)
    }


def readable(value: Any, depth: int = 0) -> Any:
    """Return *value* with LlamaIndex's objects as plain dicts; never consumes an iterator."""
    if value is None or isinstance(value, str | int | float | bytes) or depth >= _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        return {key: readable(item, depth + 1) for key, item in list(value.items())}
    if isinstance(value, list | tuple):
        return _list(value, depth)
    known = _known(value)
    return known if known is not None else _object(value, depth + 1)


def message(said: ChatMessage) -> dict[str, Any]:
    """Return a chat message as ``{"role", "content"}``, with its tool calls apart."""
    blocks = [_block(block) for block in said.blocks]
    calls = [block for block in blocks if block.get("block_type") == "tool_call"]
    rest = [block for block in blocks if block not in calls]
    is_text = all(block.get("block_type") == "text" for block in rest)
    plain: dict[str, Any] = {
        "role": getattr(said.role, "value", said.role),
        "content": "\n".join(block["text"] for block in rest) if is_text else rest,
    }
    if calls:
        plain["tool_calls"] = [
            {"name": call["tool_name"], "args": call["tool_kwargs"], "id": call.get("tool_call_id")}
            for call in calls
        ]
    if said.additional_kwargs:
        plain["additional_kwargs"] = readable(said.additional_kwargs)
    return plain


def _list(value: list[Any] | tuple[Any, ...], depth: int) -> Any:
    if len(value) > _VECTOR and isinstance(value[0], float):
        return f"<{len(value)} floats>"
    return [readable(item, depth + 1) for item in value]


def _known(value: Any) -> Any:
    """Return what stands for *value* where its type is one of LlamaIndex's; else None."""
    if isinstance(value, ChatMessage):
        return message(value)
    if isinstance(value, NodeWithScore):
        return {**_document(value.node), "score": value.score}
    if isinstance(value, BaseNode):
        return _document(value)
    if isinstance(value, QueryBundle):
        return value.query_str
    if isinstance(value, BaseContentBlock):
        return _block(value)
    return _of_machinery(value)


def _of_machinery(value: Any) -> Any:
    """Return a name for an object of the program's machinery, which may hold keys."""
    if isinstance(value, BaseTool):
        return {"name": value.metadata.name, "description": value.metadata.description}
    if isinstance(value, BasePromptTemplate):
        first = getattr(value, "default_template", value)
        return getattr(first, "template", None) or type(value).__name__
    if isinstance(value, BaseComponent):
        return f"<{type(value).__name__}>"
    return None


def _object(value: Any, depth: int) -> Any:
    """Return the fields of an answer or an event; anything else as it is."""
    if "source_nodes" in getattr(type(value), "__dataclass_fields__", ()):
        return dict(_answer(value))
    if not isinstance(value, BaseModel):
        return value
    fields = {name: getattr(value, name, None) for name in type(value).model_fields}
    more = getattr(value, "_data", None)  # a workflow's event keeps fields that are not declared
    fields.update(more if isinstance(more, dict) else {})
    if isinstance(getattr(type(value), "result", None), property):  # the event that ends a workflow
        fields.setdefault("result", getattr(value, "result", None))
    return {name: readable(item, depth) for name, item in fields.items() if not _is_context(item)}


def _answer(value: Any) -> Iterator[tuple[str, Any]]:
    """Return a query's or a chat's answer; the text of a streamed one has yet to come."""
    text = getattr(value, "response", None)
    if text and isinstance(text, str | BaseModel):
        yield "response", readable(text)
    yield "documents", readable(list(value.source_nodes))
    if getattr(value, "sources", None):
        yield "sources", readable(list(value.sources))


def _document(node: BaseNode) -> dict[str, Any]:
    return {
        "id": node.node_id,
        "page_content": getattr(node, "text", None),
        "metadata": readable(node.metadata),
        "type": "Document",
    }


def _block(block: BaseContentBlock) -> dict[str, Any]:
    # Field by field: dumping the model would read a file that is attached as a stream.
    fields = {name: getattr(block, name, None) for name in type(block).model_fields}
    return {name: value for name, value in fields.items() if value is not None}


def _is_context(value: Any) -> bool:
    kind = type(value)
    return kind.__name__ == "Context" and kind.__module__.startswith("workflows.")
