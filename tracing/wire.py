"""A batch as bytes: the native protocol's request body, and a record of the spool.

One JSON object with ``spans``, ``scores`` and ``delivery``, whose keys are the fields of
:mod:`evalhub.model`. Payloads go in as the JSON they already are; attachments as base64.
"""

import base64
from typing import Any

import orjson

from evalhub.model import Attachment, Batch, Delivery, Span, SpanEvent, SpanScore, Usage

__all__ = ["decode_batch", "encode_batch"]

_USAGE = tuple(Usage.__dataclass_fields__)


def encode_batch(batch: Batch) -> bytes:
    """Return *batch* as JSON."""
    content: dict[str, Any] = {"spans": [_span(span) for span in batch.spans]}
    if batch.scores:
        content["scores"] = batch.scores
    if batch.delivery is not None:
        content["delivery"] = batch.delivery
    return orjson.dumps(content)


def decode_batch(body: bytes) -> Batch:
    """Return the batch that :func:`encode_batch` made *body* of; nothing is checked."""
    content = orjson.loads(body)
    delivery = content.get("delivery")
    return Batch(
        [_read_span(span) for span in content["spans"]],
        [SpanScore(**score) for score in content.get("scores", ())],
        None if delivery is None else _read_delivery(delivery),
    )


def _span(span: Span) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "trace_id": span.trace_id,
        "span_id": span.span_id,
        "parent_id": span.parent_id,
        "project": span.project,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "first_token_ns": span.first_token_ns,
        "model": span.model,
        "provider": span.provider,
        "session_id": span.session_id,
        "user_id": span.user_id,
        "tags": span.tags,
        "inputs": _json(span.inputs),
        "outputs": _json(span.outputs),
        "attributes": _json(span.attributes),
        "error": span.error,
    }
    if span.usage is not None:
        plain["usage"] = {name: getattr(span.usage, name) for name in _USAGE}
    if span.events:
        plain["events"] = [_event(event) for event in span.events]
    if span.attachments:
        plain["attachments"] = [_attachment(attachment) for attachment in span.attachments]
    return plain


def _event(event: SpanEvent) -> dict[str, Any]:
    return {
        "name": event.name,
        "time_ns": event.time_ns,
        "attributes": _json(event.attributes),
    }


def _attachment(attachment: Attachment) -> dict[str, str]:
    return {
        "name": attachment.name,
        "mime_type": attachment.mime_type,
        "data": base64.b64encode(attachment.data).decode(),
    }


def _json(payload: bytes | None) -> orjson.Fragment | None:
    return None if payload is None else orjson.Fragment(payload)


def _read_span(plain: dict[str, Any]) -> Span:
    usage = plain.pop("usage", None)
    events = plain.pop("events", ())
    attachments = plain.pop("attachments", ())
    plain["tags"] = tuple(plain["tags"])
    for name in ("inputs", "outputs", "attributes"):
        plain[name] = _bytes(plain[name])
    return Span(
        **plain,
        usage=None if usage is None else Usage(**usage),
        events=tuple(
            SpanEvent(event["name"], event["time_ns"], _bytes(event["attributes"]))
            for event in events
        ),
        attachments=tuple(
            Attachment(item["name"], item["mime_type"], base64.b64decode(item["data"]))
            for item in attachments
        ),
    )


def _read_delivery(plain: dict[str, Any]) -> Delivery:
    losses = tuple((trace_id, count) for trace_id, count in plain.pop("losses"))
    return Delivery(**plain, losses=losses)


def _bytes(value: Any) -> bytes | None:
    return None if value is None else orjson.dumps(value)
