"""A batch as bytes: the native protocol's request body, and a record of the spool.

One JSON object with ``spans``, ``scores`` and ``delivery``, whose keys are the fields of
:mod:`evalhub.model`; what is None is left out. Payloads go in as the JSON they already
are; attachments as base64.
"""

import base64
from dataclasses import fields, is_dataclass, replace
from typing import Any

import orjson

from evalhub.model import Attachment, Batch, Delivery, Span, SpanEvent, SpanScore, Usage

__all__ = ["decode_batch", "encode_batch"]

_OPTIONAL = (
    "parent_id",
    "first_token_ns",
    "model",
    "provider",
    "session_id",
    "user_id",
    "error",
)
_PAYLOADS = ("inputs", "outputs", "attributes")
_USAGE = tuple(Usage.__dataclass_fields__)
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def encode_batch(batch: Batch) -> bytes:
    """Return *batch* as JSON.

    Text that is not UTF-8 is escaped and integers are bounded to 64 bits, as in the store.
    """
    try:
        return _encode(batch)
    except TypeError:
        return _encode(_bounded(batch))


def _encode(batch: Batch) -> bytes:
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
        "project": span.project,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
    }
    for name in _OPTIONAL:
        value = getattr(span, name)
        if value is not None:
            plain[name] = value
    for name in _PAYLOADS:
        payload = getattr(span, name)
        if payload is not None:
            plain[name] = orjson.Fragment(payload)
    if span.usage is not None:
        plain["usage"] = {name: getattr(span.usage, name) for name in _USAGE}
    if span.tags:
        plain["tags"] = span.tags
    if span.events:
        plain["events"] = [_event(event) for event in span.events]
    if span.attachments:
        plain["attachments"] = [_attachment(attachment) for attachment in span.attachments]
    return plain


def _bounded(value: Any) -> Any:
    """Return *value*, records and sequences throughout, as JSON can hold it."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, int):
        return max(_SMALLEST, min(value, _LARGEST))
    if isinstance(value, list | tuple):
        return [_bounded(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in fields(value)]
        return replace(value, **{name: _bounded(getattr(value, name)) for name in names})
    return value


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
    plain["tags"] = tuple(plain.get("tags", ()))
    plain.setdefault("parent_id", None)
    for name in _PAYLOADS:
        if name in plain:
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
    return None if value is None else b"%b" % orjson.dumps(value)  # a copy: see encode.py
