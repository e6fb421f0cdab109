"""How LlamaIndex's calls of models are recorded on a span."""

from collections.abc import Mapping
from typing import Any

from evalhub.model import SpanKind, Usage
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.integrations.llamaindex_payload import message, readable
from evalhub.tracing.usage import to_usage

__all__ = ["has_text", "record_answer", "record_question", "record_result", "record_start"]

_KINDS = {
    "LLMChatStartEvent": SpanKind.LLM,
    "LLMCompletionStartEvent": SpanKind.LLM,
    "EmbeddingStartEvent": SpanKind.EMBEDDING,
    "SparseEmbeddingStartEvent": SpanKind.EMBEDDING,
    "RetrievalStartEvent": SpanKind.RETRIEVER,
    "ReRankStartEvent": SpanKind.RERANKER,
}
_FINDS = frozenset({SpanKind.RETRIEVER, SpanKind.RERANKER})
_ASKED_WITH = ("tools", "functions", "response_format")
_SECRET = ("api_key", "secret", "password", "headers", "credential")


def record_start(span: ActiveSpan, event: Any) -> bool:
    """Record what *event* says of a call that begins; False when it says nothing of one."""
    name = event.class_name()
    kind = _KINDS.get(name)
    if kind is None:
        return False
    span.kind = kind.value
    if kind is SpanKind.LLM:
        record_question(span, event)
    elif kind is SpanKind.RERANKER:
        given = {"query": event.query, "documents": event.nodes, "top_n": event.top_n}
        span.set_inputs(readable(given))
        span.set(model=event.model_name)
    elif kind is SpanKind.EMBEDDING:
        span.set(model=_model(event.model_dict), provider=_provider(event.model_dict))
    return True


def record_question(span: ActiveSpan, event: Any) -> None:
    """Record what a model is asked: messages or a prompt, tools, parameters."""
    given = {key: value for key, value in event.additional_kwargs.items() if not _hides(key)}
    messages = getattr(event, "messages", None)
    asked = (
        {"prompt": event.prompt}
        if messages is None
        else {"messages": [message(each) for each in messages]}
    )
    with_it = {key: readable(given.pop(key)) for key in _ASKED_WITH if given.get(key)}
    span.set_inputs({**asked, **with_it})
    params = {key: value for key, value in event.model_dict.items() if not _hides(key)}
    span.set(
        model=_model(params),
        provider=_provider(event.model_dict),
        metadata={"invocation_params": {**params, **readable(given)}},
    )


def record_answer(span: ActiveSpan, response: Any) -> None:
    """Record a ChatResponse or a CompletionResponse, whole or the last of a stream."""
    said = getattr(response, "message", None)
    if said is not None:
        span.set_outputs({"message": message(said)})
    else:
        text = getattr(response, "text", None)
        span.set_outputs({"text": text} if isinstance(text, str) else {"output": response})
    raw = getattr(response, "raw", None)
    span.set(
        model=_field(raw, "model"),
        usage=_usage(raw, getattr(response, "additional_kwargs", None)),
    )


def has_text(response: Any) -> bool:
    """Say whether a piece of a streamed answer holds anything yet."""
    said = getattr(response, "message", None)
    return bool(
        getattr(response, "delta", None)
        or getattr(response, "text", None)
        or getattr(said, "content", None)
        or any(type(block).__name__ == "ToolCallBlock" for block in getattr(said, "blocks", ()))
    )


def record_result(span: ActiveSpan, result: Any) -> None:
    """Record what any other call returned: documents, vectors as their number, anything."""
    if span.kind == SpanKind.EMBEDDING:
        span.set_outputs(_vectors(result))
    elif span.kind in _FINDS and isinstance(result, list):
        span.set_outputs({"documents": readable(result)})
    elif span.kind == SpanKind.TOOL:
        span.set_outputs({"output": readable(getattr(result, "raw_output", result))})
        if getattr(result, "is_error", False):
            span.set(metadata={"is_error": True})
    else:
        plain = readable(result)
        span.set_outputs(plain if isinstance(plain, dict) else {"output": plain})


def _vectors(result: Any) -> dict[str, Any]:
    if not isinstance(result, list) or not result:
        return {"count": 0}
    if isinstance(result[0], list):
        return {"count": len(result), "dimensions": len(result[0])}
    return {"count": 1, "dimensions": len(result)}


def _usage(raw: Any, more: Any) -> Usage | None:
    """Return the tokens that the provider's answer, or else LlamaIndex's own fields, count."""
    counts = _field(raw, "usage") or _field(raw, "usage_metadata")
    if counts is not None and not isinstance(counts, Mapping):
        dump = getattr(counts, "model_dump", None)
        counts = dump() if callable(dump) else None
    is_anthropic = isinstance(counts, Mapping) and "cache_read_input_tokens" in counts
    usage = to_usage(counts, cached_apart=is_anthropic, tier=_field(raw, "service_tier"))
    return usage or to_usage(more if isinstance(more, Mapping) else None)


def _field(raw: Any, name: str) -> Any:
    return raw.get(name) if isinstance(raw, Mapping) else getattr(raw, name, None)


def _model(described: Mapping[str, Any]) -> str | None:
    model = described.get("model") or described.get("model_name")
    return model if isinstance(model, str) and model != "unknown" else None


def _provider(described: Mapping[str, Any]) -> str | None:
    """Return the provider by the class of the model: "OpenAIEmbedding" is "openai"."""
    name = str(described.get("class_name") or "").lower()
    for suffix in ("_llm", "llm", "embedding"):
        name = name.removesuffix(suffix)
    return name.strip("_") or None


def _hides(key: str) -> bool:
    return any(word in key.lower() for word in _SECRET)
