"""What is recorded of LangChain's messages, documents and model answers.

Messages become ``{"role", "content", ...}``, as the OpenAI client's are, so that a prompt
reads the same whichever way the model was called.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evalhub._optional import require
from evalhub.model import Usage
from evalhub.tracing.usage import to_usage

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult
    from langchain_core.prompt_values import ChatPromptValue
else:
    Document = require("langchain_core.documents", extra="langchain").Document
    BaseMessage = require("langchain_core.messages", extra="langchain").BaseMessage
    ChatPromptValue = require("langchain_core.prompt_values", extra="langchain").ChatPromptValue

__all__ = ["answer", "answer_details", "answer_usage", "readable", "request"]

_MAX_DEPTH = 20
_ROLES = {"human": "user", "ai": "assistant"}
_OPTIONAL = ("name", "id", "tool_calls", "invalid_tool_calls", "tool_call_id")
_AGAIN = frozenset({"tool_calls", "function_call"})
"""Additional arguments that ``tool_calls`` of the message says already."""
_ASKED_WITH = ("tools", "functions", "response_format")
"""Invocation parameters that are part of what the model is asked."""


def readable(value: Any, depth: int = 0) -> Any:
    """Return *value* with the messages and documents in it as plain dicts; never consumes it."""
    if isinstance(value, BaseMessage):
        return _message(value)
    if isinstance(value, Document):
        return _document(value)
    if isinstance(value, ChatPromptValue):
        return {"messages": [_message(message) for message in value.messages]}
    return value if depth >= _MAX_DEPTH else _container(value, depth + 1)


def request(key: str, asked: Sequence[Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a model is asked: messages or prompts under *key*, tools and formats.

    LangChain calls once for each list of messages, so the list of lists is flat here.
    """
    content = readable(asked)
    if len(content) == 1 and isinstance(content[0], list):
        content = content[0]
    with_it = {name: params[name] for name in _ASKED_WITH if params.get(name)}
    return {key: content, **with_it}


def answer(result: "LLMResult") -> dict[str, Any]:
    """Return what a model answered: LangSmith's ``generations``, with readable messages."""
    outputs: dict[str, Any] = {
        "generations": [[_generation(each) for each in batch] for batch in result.generations]
    }
    if result.llm_output:
        outputs["llm_output"] = result.llm_output
    return outputs


def answer_usage(result: "LLMResult") -> Usage | None:
    """Return the tokens of all answers, by the messages or else by the provider's count."""
    total: dict[str, Any] = {}
    for message in _messages(result):
        _add(total, getattr(message, "usage_metadata", None) or {})
    if total:
        return to_usage(total)
    counted = result.llm_output or {}
    return to_usage(counted.get("token_usage") or counted.get("usage"))


def answer_details(result: "LLMResult") -> tuple[str | None, list[str]]:
    """Return the model that answered, if it says so, and why each answer ended."""
    model = (result.llm_output or {}).get("model_name")
    reasons = []
    for batch in result.generations:
        for generation in batch:
            message = getattr(generation, "message", None)
            said = {
                **(generation.generation_info or {}),
                **(getattr(message, "response_metadata", None) or {}),
            }
            model = said.get("model_name") or said.get("model") or model
            reasons.append(said.get("finish_reason") or said.get("stop_reason"))
    return model if isinstance(model, str) else None, [str(one) for one in reasons if one]


def _container(value: Any, depth: int) -> Any:
    if isinstance(value, dict):
        return {key: readable(item, depth) for key, item in list(value.items())}
    if isinstance(value, list) or type(value) is tuple:
        return [readable(item, depth) for item in value]
    return value


def _message(message: BaseMessage) -> dict[str, Any]:
    fields = message.__dict__  # asking pydantic for a field that is not there takes 5 us
    kind = message.type.removesuffix("MessageChunk").lower()
    plain = {
        "role": fields.get("role") or _ROLES.get(kind, kind),
        "content": message.content,
        **{name: fields[name] for name in _OPTIONAL if fields.get(name)},
    }
    if fields.get("status") == "error":
        plain["status"] = "error"
    if fields.get("artifact") is not None:
        plain["artifact"] = readable(fields["artifact"])
    more = {key: item for key, item in message.additional_kwargs.items() if key not in _AGAIN}
    return {**plain, "additional_kwargs": more} if more else plain


def _document(document: Document) -> dict[str, Any]:
    plain = {
        "page_content": document.page_content,
        "metadata": document.metadata,
        "type": "Document",
    }
    return plain if document.id is None else {"id": document.id, **plain}


def _generation(generation: Any) -> dict[str, Any]:
    plain = {"text": generation.text}
    if generation.generation_info:
        plain["generation_info"] = generation.generation_info
    message = getattr(generation, "message", None)
    if message is not None:
        plain["message"] = _message(message)
        for field in ("response_metadata", "usage_metadata"):
            if value := getattr(message, field, None):
                plain["message"][field] = value
    return plain


def _messages(result: "LLMResult") -> Iterator[Any]:
    for batch in result.generations:
        for generation in batch:
            message = getattr(generation, "message", None)
            if message is not None:
                yield message


def _add(total: dict[str, Any], counts: Mapping[str, Any]) -> None:
    for key, value in counts.items():
        if isinstance(value, Mapping):
            _add(total.setdefault(key, {}), value)
        elif isinstance(value, int):
            total[key] = total.get(key, 0) + value
