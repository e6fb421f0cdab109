"""What waits for delivery, converted to the records that exporters take.

It runs on the worker's thread: an open span costs its program as little as can be.
"""

from collections.abc import Iterable
from typing import Any

from evalhub.model import Batch, Span, SpanScore, SpanStatus
from evalhub.tracing.active import ActiveSpan, Details
from evalhub.tracing.encode import decode, encode, short_repr
from evalhub.tracing.redact import Redactor

__all__ = ["Item", "Redact", "freeze", "to_batch"]

Item = ActiveSpan | Span | SpanScore
"""What may wait in the queue."""

Redact = Redactor


def to_batch(items: Iterable[Item], redact: Redact | None = None) -> Batch:
    """Return *items*, redacted, as one batch in their order."""
    spans: list[Span] = []
    scores: list[SpanScore] = []
    for item in items:
        if isinstance(item, ActiveSpan):
            spans.append(freeze(item))
        elif isinstance(item, Span):
            spans.append(item)
        else:
            scores.append(item)
    if redact is None:
        return Batch(spans, scores)
    return Batch(list(map(redact.apply, spans)), list(map(redact.apply_score, scores)))


def freeze(span: ActiveSpan) -> Span:
    """Return the record of a span that has ended."""
    details = span._details or _NOTHING
    if details.late is not None:
        details.late(span)
    return Span(  # by position: the worker makes one of these for each span
        span.trace_id,
        span.span_id,
        span.parent_id,
        _text(span.project),
        _text(span.name),
        _text(span.kind),
        _OK if span._error is None else _ERROR,
        span._start_ns,
        max(span._start_ns, span._end_ns),  # the system's clock may be set back
        details.first_token_ns,
        details.model and _text(details.model),
        details.provider and _text(details.provider),
        details.usage,
        span.session_id and _text(span.session_id),
        span.user_id and _text(span.user_id),
        tuple(map(_text, details.tags)) if details.tags else (),
        span._inputs,
        span._outputs,
        _attributes(span._attributes, details.metadata, span._tracer.limit),
        span._error,
        tuple(details.events) if details.events else (),
        tuple(details.attachments) if details.attachments else (),
    )


def _attributes(static: bytes | None, added: dict[str, Any], limit: int) -> bytes | None:
    if not added:
        return static
    return encode({**decode(static), **added} if static else added, limit)


def _text(value: object) -> str:
    """Return *value* as text that every database can hold: UTF-8 without NUL."""
    text = value if isinstance(value, str) else short_repr(value)
    if text.isascii():
        return text if "\0" not in text else text.replace("\0", "")
    return text.encode("utf-8", "backslashreplace").decode().replace("\0", "")


_NOTHING = Details()
_OK = SpanStatus.OK.value
_ERROR = SpanStatus.ERROR.value
