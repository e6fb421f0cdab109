"""What is recorded of OpenAI requests and answers, whole or streamed.

The objects are the openai package's pydantic models. It is never imported here:
a client that reaches this code has loaded it.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.usage import to_usage

__all__ = [
    "ChatChunks",
    "ResponseEvents",
    "provider_of",
    "record_answer",
    "record_request",
]

_TRANSPORT = frozenset({"extra_headers", "extra_query", "timeout"})
"""Arguments that are about the connection; headers may hold keys."""
_CONTENT = frozenset({"messages", "input", "instructions", "tools", "functions", "response_format"})
_WHOLE = frozenset({"role", "id", "type", "name", "index", "function_call_id"})
"""Keys of a delta whose strings come whole; all other strings come in pieces."""
_PROVIDERS = {
    "openai.com": "openai",
    "azure.com": "azure",
    "anthropic.com": "anthropic",
    "googleapis.com": "google",
    "mistral.ai": "mistral",
    "openrouter.ai": "openrouter",
}


def provider_of(client: Any) -> str:
    """Return who answers *client*: a well-known provider, or the host's name."""
    host = urlsplit(str(client.base_url)).hostname or "unknown"
    return _PROVIDERS.get(".".join(host.split(".")[-2:]), host)


def record_request(span: ActiveSpan, arguments: Mapping[str, Any], provider: str) -> None:
    """Record what is about to be asked."""
    given = {
        key: value
        for key, value in arguments.items()
        if key not in _TRANSPORT and type(value).__name__ not in {"NotGiven", "Omit"}
    }
    span.set_inputs(given)
    params = {key: value for key, value in given.items() if key not in _CONTENT}
    model = given.get("model")
    span.set(
        model=model if isinstance(model, str) else None,
        provider=provider,
        metadata={"invocation_params": params},
    )


def record_answer(span: ActiveSpan, answer: Any) -> None:
    """Record an answer: a ChatCompletion, a Response, or a raw HTTP response."""
    if not hasattr(type(answer), "model_dump"):
        span.set_outputs(answer)  # with_raw_response: reading it here would consume it
        return
    record_outcome(span, answer.model_dump(mode="json", warnings=False))


def record_outcome(span: ActiveSpan, outputs: dict[str, Any]) -> None:
    """Record *outputs*, the JSON of an answer, and what follows from it."""
    span.set_outputs(outputs)
    reasons = [choice.get("finish_reason") for choice in outputs.get("choices") or ()]
    status = outputs.get("status")
    details = {
        "response_id": outputs.get("id"),
        "finish_reasons": [reason for reason in reasons if reason] or None,
        "status": status if isinstance(status, str) else None,
    }
    span.set(
        model=outputs.get("model"),
        usage=to_usage(outputs.get("usage")),
        metadata={key: value for key, value in details.items() if value is not None},
    )


class ChatChunks:
    """Gathers the chunks of a streamed chat completion."""

    def __init__(self, *, hide_usage: bool) -> None:
        self._hide_usage = hide_usage
        self._chunks: list[dict[str, Any]] = []
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather *chunk*; False for the usage chunk that only we asked for."""
        plain = chunk.model_dump(mode="json", exclude_none=True, warnings=False)
        self._chunks.append(plain)
        self.started = self.started or _has_token(plain)
        return not (self._hide_usage and not plain.get("choices") and plain.get("usage"))

    def record(self, span: ActiveSpan) -> None:
        """Record one chat completion with the pieces joined."""
        record_outcome(span, self._joined())

    def _joined(self) -> dict[str, Any]:
        whole: dict[str, Any] = {}
        choices: dict[int, dict[str, Any]] = {}
        for chunk in self._chunks:
            for choice in chunk.pop("choices", ()):
                index = choice.pop("index", 0)
                into = choices.setdefault(index, {"index": index, "message": {}})
                _join(into["message"], choice.pop("delta", {}))
                into.update(choice)
            whole.update(chunk)
        self._chunks.clear()
        return {**whole, "object": "chat.completion", "choices": list(choices.values())}


class ResponseEvents:
    """Gathers the events of a streamed response."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._response: dict[str, Any] = {}
        self.started = False

    def add(self, chunk: Any) -> bool:
        """Gather an event; the caller sees them all."""
        if chunk.type.endswith(".delta"):
            self.started = True
            if chunk.type == "response.output_text.delta":
                self._texts.append(chunk.delta)
        response = getattr(chunk, "response", None)
        if response is not None:
            self._response = response.model_dump(mode="json", warnings=False)
        return True

    def record(self, span: ActiveSpan) -> None:
        """Record the last state of the response, with the text so far if it has none."""
        response = self._response
        if not response.get("output"):
            response = {**response, "output_text": "".join(self._texts)}
        record_outcome(span, response)


def _has_token(chunk: dict[str, Any]) -> bool:
    return any(
        value
        for choice in chunk.get("choices", ())
        for key, value in choice.get("delta", {}).items()
        if key != "role"
    )


def _join(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    """Add *piece* of a message to *whole*: text is appended, tool calls go by their index."""
    for key, value in piece.items():
        before = whole.get(key)
        if isinstance(value, list):
            _join_list(whole.setdefault(key, []), value)
        elif isinstance(value, dict):
            _join(whole.setdefault(key, {}), value)
        elif isinstance(before, str) and isinstance(value, str) and key not in _WHOLE:
            whole[key] = before + value
        else:
            whole[key] = value


def _join_list(whole: list[Any], pieces: list[Any]) -> None:
    for piece in pieces:
        index = piece.get("index") if isinstance(piece, dict) else None
        same = [item for item in whole if index is not None and item.get("index") == index]
        if same:
            _join(same[0], piece)
        else:
            whole.append(piece)
