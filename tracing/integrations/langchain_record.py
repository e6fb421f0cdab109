"""How LangChain's answers and errors are recorded on a span."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.integrations.langchain_payload import (
    answer,
    answer_details,
    answer_usage,
    readable,
)

if TYPE_CHECKING:
    from langchain_core.outputs import LLMResult

__all__ = ["as_dict", "has_content", "record_answer", "record_error", "run_name"]

_PAUSES = {"GraphInterrupt": "interrupt", "ParentCommand": "command", "GraphBubbleUp": "pause"}
"""Exceptions by which LangGraph leaves a node without an error, and the event they are."""


def record_answer(span: ActiveSpan, response: "LLMResult") -> None:
    """Record what a model answered, its tokens and why it stopped."""
    span.set_outputs(answer(response))
    model, reasons = answer_details(response)
    span.set(
        model=model,
        usage=answer_usage(response),
        metadata={"finish_reasons": reasons} if reasons else None,
    )


def record_error(span: ActiveSpan, error: BaseException) -> None:
    """Record *error*, unless it only says that a graph pauses or a reader stopped."""
    if isinstance(error, GeneratorExit):
        return
    bases = {base.__name__ for base in type(error).__mro__ if base.__module__ == "langgraph.errors"}
    for name, event in _PAUSES.items():
        if name in bases:
            span.add_event(event, {"value": readable(list(error.args))})
            return
    span.set_error(error)


def as_dict(value: Any, key: str) -> dict[str, Any]:
    """Return *value* readable: a dict as it is, anything else under *key*."""
    plain = readable(value)
    return plain if isinstance(plain, dict) and isinstance(value, dict) else {key: plain}


def has_content(chunk: Any) -> bool:
    """Say whether *chunk* of a streamed answer holds more than its beginning or end."""
    message = getattr(chunk, "message", None)
    return bool(getattr(message, "content", None) or getattr(message, "tool_call_chunks", None))


def run_name(serialized: Any, kind: str) -> str:
    """Return the name of a run that was given none."""
    if isinstance(serialized, Mapping):
        path = serialized.get("id")
        if isinstance(serialized.get("name"), str):
            return str(serialized["name"])
        if isinstance(path, list) and path:
            return str(path[-1])
    return "Retriever" if kind == "retriever" else "Unnamed"
