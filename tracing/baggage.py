"""The header ``baggage`` (W3C): what travels with a trace besides its ids.

LangSmith's names for project, tags and metadata; OpenTelemetry's for session and user.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.encode import decode, encode

__all__ = ["inherit", "joined", "read_baggage", "write_baggage"]

_MAX_METADATA_CHARS = 4_096
"""Longer metadata stays here: servers refuse requests with more than 8 kB of headers."""
_MAX_TEXT_CHARS = 200


def write_baggage(span: ActiveSpan) -> str:
    """Return the baggage that *span* sends."""
    details = span._details
    metadata = {
        **(details.metadata if details else {}),
        **({"session_id": span.session_id} if span.session_id else {}),
        **({"user_id": span.user_id} if span.user_id else {}),
    }
    redactor = span._tracer.redactor  # what is masked in the store must not leave by a header
    metadata = redactor.metadata(metadata)
    written = quote(encode(metadata)) if metadata else ""
    items = {
        "langsmith-metadata": written if len(written) <= _MAX_METADATA_CHARS else "",
        "langsmith-tags": _quoted(",".join(map(redactor.text, details.tags)) if details else None),
        "langsmith-project": _quoted(span.project),
        "session.id": _quoted(redactor.text(span.session_id or "")),
        "user.id": _quoted(redactor.text(span.user_id or "")),
    }
    return ",".join(f"{key}={value}" for key, value in items.items() if value)


def read_baggage(header: str) -> dict[str, str]:
    """Return keys and values of *header*, the values still quoted; properties are left out."""
    items: dict[str, str] = {}
    for member in header.split(","):
        key, found, value = member.partition("=")
        if found:
            items.setdefault(key.strip(), value.partition(";")[0].strip())
    return items


def joined(ours: str, theirs: str) -> str:
    """Return the members of both lists; of those with the same key, ours."""
    keys = {member.partition("=")[0] for member in ours.split(",")}
    rest = [it for it in theirs.split(",") if it and it.partition("=")[0].strip() not in keys]
    return ",".join([ours, *rest])


def inherit(parent: ActiveSpan, baggage: Mapping[str, str]) -> None:
    """Set on *parent* what its children shall have of *baggage*."""
    known = _metadata(unquote(baggage.get("langsmith-metadata", "")))
    tags = unquote(baggage.get("langsmith-tags", ""))
    if known or tags:
        parent.set(metadata=known, tags=tags.split(",") if tags else ())
        parent._more().passed_tags = tuple(parent.tags)
    session = unquote(baggage.get("session.id", "")) or known.get("session_id")
    user = unquote(baggage.get("user.id", "")) or known.get("user_id")
    if session:
        parent.session_id = str(session)[:_MAX_TEXT_CHARS]
    if user:
        parent.user_id = str(user)[:_MAX_TEXT_CHARS]


def _quoted(value: object) -> str:
    text = str(value) if value else ""
    return quote(text, errors="replace") if len(text) <= _MAX_METADATA_CHARS else ""


def _metadata(text: str) -> dict[str, Any]:
    try:
        metadata = decode(text.encode() or b"{}")
    except ValueError:
        return {}
    return metadata if isinstance(metadata, dict) else {}
