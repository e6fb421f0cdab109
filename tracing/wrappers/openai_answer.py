"""What is recorded of OpenAI's answers: their JSON, and what follows from it.

An answer is one of the openai package's pydantic models, the text or the bytes it
gives in place of one, or the plain JSON of a response that the caller reads raw.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.encode import decode
from evalhub.tracing.usage import to_usage
from evalhub.tracing.wrappers.openai_media import lift_outputs

__all__ = [
    "plain",
    "record_answer",
    "record_body",
    "record_embeddings",
    "record_outcome",
    "record_speech",
]


_CUT = b'{"truncated":'
"""How a payload over the limit begins (encode.py)."""
_FILES = (b'"b64_json":"', b'"audio":{', b'"image_generation_call"')
"""Where base64 is in an answer: it becomes an attachment."""


def plain(model: Any) -> Any:
    """Return the JSON value of one of the openai package's models."""
    return model.model_dump(mode="json", warnings=False)


def record_answer(span: ActiveSpan, answer: Any) -> None:
    """Record an answer: a model of any endpoint, or the text that a transcription may be."""
    if hasattr(type(answer), "model_dump"):
        request_id = getattr(answer, "_request_id", None)
        payload = _fast_json(answer, span._tracer.limit)
        if payload is None:
            record_outcome(span, plain(answer), request_id=request_id)
        else:
            span._outputs = payload
            _say_later(span, request_id)
    elif isinstance(answer, dict):
        record_outcome(span, answer)
    else:
        span.set_outputs({"text": answer} if isinstance(answer, str) else answer)


def _fast_json(answer: Any, limit: int) -> bytes | None:
    """Return *answer* as JSON, straight from pydantic; None when it is large or holds a file."""
    try:
        payload: bytes = type(answer).__pydantic_serializer__.to_json(answer, warnings=False)
    except Exception:  # noqa: BLE001 - half a surrogate pair, for one
        return None
    if len(payload) > limit or any(hint in payload for hint in _FILES):
        return None
    return payload


def record_outcome(
    span: ActiveSpan, outputs: dict[str, Any], *, request_id: str | None = None
) -> None:
    """Record *outputs*, the JSON of an answer: the tokens, the model, how it ended.

    Images and audio in it are taken out of *outputs*.
    """
    if not span.recording:
        return
    lift_outputs(span, outputs)
    span.set_outputs(outputs)
    if (span._outputs or b"").startswith(_CUT):
        _say(span, outputs, request_id)
    else:
        _say_later(span, request_id)


def _say_later(span: ActiveSpan, request_id: str | None) -> None:
    # On the worker's thread, from the JSON that is kept: it would be a third of what a call
    # may cost (benchmarks/wrappers.py).
    span._more().late = partial(_say_from_outputs, request_id)


def _say_from_outputs(request_id: str | None, span: ActiveSpan) -> None:
    outputs = decode(span._outputs or b"{}")
    if isinstance(outputs, dict):
        _say(span, outputs, request_id)


def _say(span: ActiveSpan, outputs: dict[str, Any], request_id: str | None) -> None:
    """Record what follows from *outputs*."""
    model, status, choices = outputs.get("model"), outputs.get("status"), outputs.get("choices")
    details = span._more()
    said = details.metadata
    if outputs.get("id") is not None:
        said["response_id"] = outputs["id"]
    if choices:
        reasons = [choice.get("finish_reason") for choice in choices]
        said["finish_reasons"] = [reason for reason in reasons if reason]
    if isinstance(status, str):
        said["status"] = status
    if request_id is not None:
        said["request_id"] = request_id
    if isinstance(model, str):
        details.model = model
    usage = to_usage(outputs.get("usage"), tier=outputs.get("service_tier"))
    details.usage = usage or details.usage


def record_embeddings(span: ActiveSpan, answer: Any) -> None:
    """Record how many vectors came and how long they are, not the vectors."""
    if not isinstance(answer, Mapping):
        answer = dict(answer)  # its fields: dumping it would copy every number
    usage = answer.get("usage")
    items = answer.get("data") or []
    outputs = {
        "object": answer.get("object"),
        "model": answer.get("model"),
        "count": len(items),
        "dimensions": _dimensions(items[0]) if items else None,
        "usage": plain(usage) if hasattr(type(usage), "model_dump") else usage,
    }
    record_outcome(span, {key: value for key, value in outputs.items() if value is not None})


def _dimensions(item: Any) -> int:
    vector = item["embedding"] if isinstance(item, Mapping) else item.embedding
    # As base64 it is 32-bit numbers: 4 bytes each, in 4 characters for every 3 bytes.
    return len(vector) * 3 // 16 if isinstance(vector, str) else len(vector)


def record_speech(span: ActiveSpan, answer: Any) -> None:
    """Record speech that was made: an attachment, when its bytes are here already."""
    response = getattr(answer, "response", None)
    if response is not None:
        record_body(span, response, record_answer)


def record_body(span: ActiveSpan, response: Any, record: Any) -> bool:
    """Record the body of an HTTP *response* by *record*, or False if nobody has read it.

    It is never read here: the caller's own reading would then fail.
    """
    try:
        body = response.content
    except Exception:  # noqa: BLE001 - ResponseNotRead, of httpx or httpx2
        return False
    kind = str(response.headers.get("content-type", "")).partition(";")[0]
    if kind.endswith("json"):
        record(span, decode(body))
    elif kind.startswith(("audio/", "image/")):
        mark = span.attach(kind.replace("/", "."), body, kind)
        span.set_outputs({"content_type": kind, "bytes": len(body), "content": mark})
    else:
        span.set_outputs({"text": response.text})
    request_id = response.headers.get("x-request-id")
    if request_id:
        span.set(metadata={"request_id": request_id})
    return True
