"""Spans that no database would take, made so that it does."""

from dataclasses import replace
from typing import Any

from evalhub.model import Attachment, Span, SpanEvent, Usage

__all__ = ["LARGEST_INTEGER", "clean", "clean_text"]

LARGEST_INTEGER = 2**63 - 1
"""What a column holds at most; anything above it is stored as this."""


def clean(span: Span) -> Span:
    """Return *span* with what no database takes replaced.

    That is halves of surrogate pairs and NUL in texts, and integers of more than 64 bits.
    """
    usage = span.usage
    changes: dict[str, Any] = {
        **{name: clean_text(getattr(span, name)) for name in _TEXTS},
        **{name: _integer(getattr(span, name)) for name in _TIMES},
        "usage": usage and _clean_usage(usage),
        "tags": tuple(clean_text(tag) for tag in span.tags),
        "events": tuple(map(_clean_event, span.events)),
        "attachments": tuple(map(_clean_attachment, span.attachments)),
    }
    return replace(span, **changes)


def _clean_usage(usage: Usage) -> Usage:
    counts = {name: _integer(getattr(usage, name)) for name in _COUNTS}
    return Usage(**counts, tier=clean_text(usage.tier))


def _clean_event(event: SpanEvent) -> SpanEvent:
    return SpanEvent(clean_text(event.name) or "", _integer(event.time_ns) or 0, event.attributes)


def _clean_attachment(attachment: Attachment) -> Attachment:
    name, mime_type = clean_text(attachment.name), clean_text(attachment.mime_type)
    return Attachment(name or "", mime_type or "", attachment.data)


_TEXTS = (
    "trace_id",
    "span_id",
    "parent_id",
    "project",
    "name",
    "kind",
    "status",
    "model",
    "provider",
    "session_id",
    "user_id",
    "error",
)
_COUNTS = tuple(name for name in Usage.__dataclass_fields__ if name != "tier")
_TIMES = ("start_ns", "end_ns", "first_token_ns")


def clean_text(value: str | None) -> str | None:
    """Return *value* with halves of surrogate pairs replaced and without NUL."""
    if value is None:
        return None
    return str(value).encode("utf-8", "replace").decode().replace("\0", "")


def _integer(value: int | None) -> int | None:
    return None if value is None else max(min(int(value), LARGEST_INTEGER), -LARGEST_INTEGER)
