"""Rows as spans."""

from typing import Any

import orjson
from sqlalchemy import Row

from evalhub.model import Span, Usage
from evalhub.store.payload import unpack, unpack_events

__all__ = ["span_of"]

# In the order of Usage.
_USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "audio_input_tokens",
    "audio_output_tokens",
    "tier",
)


def span_of(row: Row[Any]) -> Span:
    """Return the span of a row of ``span`` joined with its ``span_payload``."""
    usage = [getattr(row, name) for name in _USAGE]
    has_usage = any(value is not None for value in usage)
    return Span(
        trace_id=row.trace_id,
        span_id=row.span_id,
        parent_id=row.parent_id,
        project=row.project,
        name=row.name,
        kind=row.kind,
        status=row.status,
        start_ns=row.start_ns,
        end_ns=row.end_ns,
        first_token_ns=row.first_token_ns,
        model=row.model,
        provider=row.provider,
        usage=Usage(*usage) if has_usage else None,
        session_id=row.session_id,
        user_id=row.user_id,
        tags=tuple(orjson.loads(row.tags)) if row.tags else (),
        inputs=_either(row.inputs, row.input_preview),
        outputs=_either(row.outputs, row.output_preview),
        attributes=unpack(row.attributes),
        error=row.error,
        events=unpack_events(row.events),
    )


def _either(payload: bytes | None, preview_of_it: str | None) -> bytes | None:
    if payload is None and preview_of_it is not None:
        return preview_of_it.encode()
    return unpack(payload)
