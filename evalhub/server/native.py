"""``POST /v1/spans``: our own SDK's protocol, checked where the bytes come in.

What a batch looks like is written in :mod:`evalhub.tracing.wire`.
"""

import base64
import binascii
import json
import zlib
from typing import Annotated, Any

import orjson
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
    ValidationError,
)

from evalhub.model import Attachment, Batch, Delivery, Span, SpanEvent, SpanScore, Usage

__all__ = ["MAX_BODY_BYTES", "BadBatchError", "decode"]

MAX_BODY_BYTES = 64 * 1024 * 1024
"""Largest batch that is taken, after decompression."""

HexId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}(?:[0-9a-f]{16})?$")]


class BadBatchError(ValueError):
    """A request body that is no batch of spans; the message is one line."""


def _bytes(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"is no base64: {error}") from None


class _Usage(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input_tokens: NonNegativeInt | None = None
    output_tokens: NonNegativeInt | None = None
    cache_read_tokens: NonNegativeInt | None = None
    cache_write_tokens: NonNegativeInt | None = None
    reasoning_tokens: NonNegativeInt | None = None
    audio_input_tokens: NonNegativeInt | None = None
    audio_output_tokens: NonNegativeInt | None = None
    tier: str | None = None


class _Event(BaseModel):
    name: str
    time_ns: NonNegativeInt
    attributes: dict[str, Any] | None = None


class _Attachment(BaseModel):
    name: str
    mime_type: str
    data: Annotated[bytes, BeforeValidator(_bytes)]


class _Span(BaseModel):
    trace_id: HexId
    span_id: HexId
    parent_id: HexId | None = None
    project: str = "default"
    name: str
    kind: str = "chain"
    status: str = "ok"
    start_ns: NonNegativeInt
    end_ns: NonNegativeInt
    first_token_ns: NonNegativeInt | None = None
    model: str | None = None
    provider: str | None = None
    usage: _Usage | None = None
    session_id: str | None = None
    user_id: str | None = None
    tags: tuple[str, ...] = ()
    inputs: Any = None
    outputs: Any = None
    attributes: dict[str, Any] | None = None
    error: str | None = None
    events: tuple[_Event, ...] = ()
    attachments: tuple[_Attachment, ...] = ()


class _Score(BaseModel):
    id: HexId
    trace_id: HexId
    span_id: HexId | None = None
    name: str
    value: FiniteFloat | None = None
    label: str | None = None
    explanation: str | None = None
    source: str = "code"
    created_ns: NonNegativeInt


class _Delivery(BaseModel):
    producer: HexId
    host: str
    pid: NonNegativeInt
    started_ns: NonNegativeInt
    updated_ns: NonNegativeInt
    is_ended: bool
    recorded: NonNegativeInt
    spooled: NonNegativeInt
    dropped: NonNegativeInt
    losses: tuple[tuple[HexId, NonNegativeInt], ...] = ()


class _Batch(BaseModel):
    spans: list[_Span]
    scores: list[_Score] = []
    delivery: _Delivery | None = None


def decode(body: bytes, encoding: str | None) -> Batch:
    """Return the batch in a request's *body*.

    Raises:
        BadBatchError: unknown encoding, too large, not JSON, or a field that does not fit;
            the message names the field and the value.
    """
    try:
        batch = _Batch.model_validate_json(_unpacked(body, encoding))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadBatchError(f"{where}: {first['msg']}, got {first['input']!r:.100}") from error
    return Batch(
        [_record(span) for span in batch.spans],
        [SpanScore(**score.model_dump()) for score in batch.scores],
        None if batch.delivery is None else Delivery(**batch.delivery.model_dump()),
    )


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    if encoding in (None, "", "identity"):
        return body
    if encoding != "gzip":
        raise BadBatchError(f"Content-Encoding {encoding!r} is not known; use gzip or none")
    try:
        unpacker = zlib.decompressobj(wbits=31)
        plain = unpacker.decompress(body, MAX_BODY_BYTES + 1)
    except zlib.error as error:
        raise BadBatchError(f"the body is not gzip: {error}") from error
    if len(plain) > MAX_BODY_BYTES:
        raise BadBatchError(f"the batch is larger than {MAX_BODY_BYTES} bytes; send fewer spans")
    if not unpacker.eof:
        raise BadBatchError(f"the gzip body of {len(body)} bytes ends too early")
    return plain


def _record(span: _Span) -> Span:
    plain = span.model_dump(exclude=_NESTED)
    return Span(
        **plain,
        usage=None if span.usage is None else Usage(**span.usage.model_dump()),
        inputs=_payload(span.inputs),
        outputs=_payload(span.outputs),
        attributes=_payload(span.attributes),
        events=tuple(
            SpanEvent(event.name, event.time_ns, _payload(event.attributes))
            for event in span.events
        ),
        attachments=tuple(Attachment(**item.model_dump()) for item in span.attachments),
    )


_NESTED = {"usage", "events", "attachments", "inputs", "outputs", "attributes"}


def _payload(value: Any) -> bytes | None:
    if value is None:
        return None
    try:
        return orjson.dumps(value)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(value, separators=(",", ":")).encode()
