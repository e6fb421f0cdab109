"""Traces as JSON, for machines."""

from dataclasses import asdict
from typing import Any

import orjson

from evalhub.cli import formats
from evalhub.model import SpanEvent, TraceSummary
from evalhub.store import Completeness, StoredScore, StoredSpan

__all__ = ["missing_json", "score_json", "span_json", "summary_json"]


def summary_json(summary: TraceSummary) -> dict[str, Any]:
    """Return what a list says of a trace."""
    return {
        "id": summary.trace_id,
        "name": summary.name,
        "project": summary.project,
        "start_time": formats.time(summary.start_ns),
        "duration_ms": summary.duration_ms,
        "status": summary.status,
        "spans": summary.spans,
        "errors": summary.errors,
        "input_tokens": summary.input_tokens,
        "output_tokens": summary.output_tokens,
        "cost_usd": summary.cost_usd,
        "session_id": summary.session_id,
        "user_id": summary.user_id,
    }


def missing_json(missing: Completeness, now_ns: int) -> dict[str, Any]:
    """Return what is known to be missing of a trace."""
    return {
        "complete": missing.is_complete,
        "missing": {
            "lost": missing.lost,
            "absent_parents": missing.absent_parents,
            "root": not missing.has_root,
            "reasons": list(missing.reasons(now_ns)),
        },
    }


def score_json(stored: StoredScore) -> dict[str, Any]:
    """Return a score, what it is about (no span: the whole trace) and who gave it."""
    return {
        "name": stored.score.name,
        "value": stored.score.value,
        "label": stored.score.label,
        "explanation": stored.score.explanation,
        "state": stored.score.state.value,
        "source": stored.source,
        "span_id": stored.span_id,
        "time": formats.time(stored.created_ns),
    }


def span_json(stored: StoredSpan) -> dict[str, Any]:
    """Return all of a span; of its attachments what they are, not their bytes."""
    span, usage = stored.span, stored.span.usage
    return {
        "id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "start_time": formats.time(span.start_ns),
        "duration_ms": span.duration_ms,
        "first_token_ms": None
        if span.first_token_ns is None
        else (span.first_token_ns - span.start_ns) / 1e6,
        "model": span.model,
        "provider": span.provider,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cache_read_tokens": usage and usage.cache_read_tokens,
        "cache_write_tokens": usage and usage.cache_write_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "audio_input_tokens": usage and usage.audio_input_tokens,
        "audio_output_tokens": usage and usage.audio_output_tokens,
        "tier": usage and usage.tier,
        "cost_usd": stored.cost_usd,
        "tags": list(span.tags),
        "inputs": _content(span.inputs),
        "outputs": _content(span.outputs),
        "attributes": _content(span.attributes),
        "error": span.error,
        "events": [_event_json(event) for event in span.events],
        "attachments": [asdict(item) for item in stored.attachments],
    }


def _event_json(event: SpanEvent) -> dict[str, Any]:
    attributes = _content(event.attributes)
    return {"name": event.name, "time": formats.time(event.time_ns), "attributes": attributes}


def _content(payload: bytes | None) -> Any:
    if payload is None:
        return None
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:  # cut at a size limit: shown as the text it is
        return payload.decode("utf-8", "replace")
