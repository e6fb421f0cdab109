"""What a program may name as a parent, and the span that it means."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.propagation import from_headers
from evalhub.tracing.tracer import Tracer

__all__ = ["hex_id", "no_parent", "parent_span"]


def parent_span(parent: Any) -> ActiveSpan | None:
    """Return the span that *parent* means; None when it means none.

    Args:
        parent: An ActiveSpan or a RunTree (LangSmith's own too), request headers, a
            dotted order, or ``"ignore"`` for a trace of its own.
    """
    if parent is None or isinstance(parent, ActiveSpan):
        return parent
    if parent is False or parent == "ignore":
        return no_parent(ACTIVE.tracer or tracer_in_force())
    span = getattr(parent, "span", None)  # of our RunTree
    if isinstance(span, ActiveSpan):
        return span
    if isinstance(parent, str):
        return _remote({"langsmith-trace": parent})
    return _remote(parent) if isinstance(parent, Mapping) else _foreign(parent)


def no_parent(tracer: Tracer) -> ActiveSpan:
    """Return a stand-in below which spans are roots, whatever is open around them."""
    span = ActiveSpan(tracer, None, "", 0, "", "", None, None)
    span.project = ""
    return span


def hex_id(given: Any) -> str:
    """Return an id given as UUID or text as 32 hexadecimal digits.

    Raises:
        ValueError: it is none.
    """
    return given.hex if isinstance(given, UUID) else UUID(str(given)).hex


def _remote(headers: Mapping[Any, Any]) -> ActiveSpan | None:
    span = from_headers(headers)
    baggage = headers.get("baggage") or headers.get(b"baggage") or ""
    if span is not None and "langsmith-project" not in str(baggage):
        span.project = ""  # the sender named none: what the code here names counts
    return span


def _foreign(run: Any) -> ActiveSpan | None:
    """Return a stand-in for LangSmith's own RunTree; None when *run* is something else."""
    if not (hasattr(run, "trace_id") and hasattr(run, "id")):
        return None
    tracer = ACTIVE.tracer or tracer_in_force()
    project = getattr(run, "session_name", None)
    span = tracer.remote(hex_id(run.trace_id), hex_id(run.id), project)
    metadata = (getattr(run, "extra", None) or {}).get("metadata")
    if metadata:
        span.add_metadata(metadata)
    return span
