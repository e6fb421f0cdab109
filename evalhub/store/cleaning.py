"""Spans that no database would take, made so that it does."""

from dataclasses import replace
from typing import Any

from evalhub.model import Span, SpanEvent, Usage

__all__ = ["LARGEST_INTEGER", "clean"]

LARGEST_INTEGER = 2**63 - 1
"""What a column holds at most; anything above it is stored as this."""


def clean(span: Span) -> Span:
    """Return *span* with what no database takes replaced.

    That is halves of surrogate pairs in texts, and integers of more than 64 bits.
    """
    usage = span.usage
    changes: dict[str, Any] = {
        **{name: _text(getattr(span, name)) for name in _TEXTS},
        **{name: _integer(getattr(span, name)) for name in _TIMES},
        "usage": usage and _clean_usage(usage),
        "tags": tuple(_text(tag) for tag in span.tags),
        "events": tuple(map(_clean_event, span.events)),
    }
    return replace(span, **changes)


def _clean_usage(usage: Usage) -> Usage:
    counts = {name: _integer(getattr(usage, name)) for name in _COUNTS}
    return Usage(**counts, tier=_text(usage.tier))


def _clean_event(event: SpanEvent) -> SpanEvent:
    return SpanEvent(_text(event.name) or "", _integer(event.time_ns) or 0, event.attributes)


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


def _text(value: str | None) -> str | None:
    return None if value is None else str(value).encode("utf-8", "replace").decode()


def _integer(value: int | None) -> int | None:
    return None if value is None else max(min(int(value), LARGEST_INTEGER), -LARGEST_INTEGER)
