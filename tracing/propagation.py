"""Carry the open span to another process: headers out, and headers in.

Three sorts of headers are written, so that whoever is on the other side can go on with the trace:

- ``traceparent`` and ``tracestate`` (W3C Trace Context). A parent id has 64 bits there and ours
  has 128, so it carries the lower half and ``tracestate`` the whole: ``evalhub=<span id>``. It
  counts only while its lower half is the parent id, for an OpenTelemetry program between us and
  the receiver puts its own span there and hands ``tracestate`` on.
- ``langsmith-trace``, LangSmith's dotted order.
- ``baggage`` (W3C): LangSmith's project, tags and metadata; ``session.id`` and ``user.id``.

What comes in is a stranger's: headers that are malformed or too long are ignored, never an error.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from time import gmtime, strftime
from typing import Any
from urllib.parse import unquote

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.baggage import inherit, joined, read_baggage, write_baggage
from evalhub.tracing.context import CURRENT, innermost
from evalhub.tracing.process import ACTIVE, tracer_in_force

__all__ = [
    "as_current",
    "continue_trace",
    "dotted_order",
    "from_headers",
    "full_id",
    "inject",
    "short_id",
    "to_headers",
]

Headers = Mapping[Any, Any] | Iterable[tuple[Any, Any]]
"""Names and values as text or bytes: a mapping, or pairs as ASGI has them."""

# Compiled at first use: that takes a millisecond of `import evalhub.tracing`.
_TRACEPARENT = r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
_DOTTED = r"\d{8}T\d{12}Z([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})"
_FULL_ID = r"[0-9a-f]{32}"
_READ = frozenset({"traceparent", "tracestate", "baggage", "langsmith-trace"})
_MAX_HEADER_CHARS = 16_384
_MAX_PROJECT_CHARS = 200  # it is in an index


def short_id(span_id: str) -> str:
    """Return the 16 hexadecimal digits by which OpenTelemetry knows *span_id*.

    Of our own ids that is the lower half, 62 bits of which are random; an id of 16 digits is
    itself.
    """
    low = span_id[-16:]
    return low if low.strip("0") else f"{span_id[:16]:0<15.15}1"


def dotted_order(span: ActiveSpan) -> str:
    """Return *span* as LangSmith's dotted order: the root's time and id, then its own.

    What lies between is left out: LangSmith's client reads the first id (the trace) and the
    last (the parent) only. The root's time is the one in its id, to the millisecond.
    """
    own = _dotted_part(span.span_id, span._start_ns)
    if span.span_id == span.trace_id:
        return own
    return f"{_dotted_part(span.trace_id, _time_of(span.trace_id) or span._start_ns)}.{own}"


def to_headers(span: ActiveSpan | None = None) -> dict[str, str]:
    """Return the headers that make *span* (default: the current one) the parent elsewhere.

    Empty when nothing is open. A span that is not sampled says so in ``traceparent``, and the
    receiver records nothing below it either.
    """
    span = span or innermost()
    if span is None or not span.trace_id:
        return {}
    try:
        return _headers(span)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        span._tracer.absorb(error)
        return {}


def inject(headers: MutableMapping[str, str], span: ActiveSpan | None = None) -> None:
    """Add :func:`to_headers` to *headers*; what others put into baggage and tracestate stays."""
    added = to_headers(span)
    if not added:
        return
    try:
        present = {str(name).lower(): name for name in headers}
        for name, value in added.items():
            there = present.get(name, name)
            is_list = name in ("baggage", "tracestate")
            headers[there] = joined(value, headers.get(there, "")) if is_list else value
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer_in_force().absorb(error)


def from_headers(headers: Headers) -> ActiveSpan | None:
    """Return a stand-in for the span that *headers* name, or None when they name none.

    It is made the parent by ``CURRENT.set(...)``, ``tracing_context(parent=...)`` or
    :func:`continue_trace`, and is never recorded itself. Tags and metadata of LangSmith's
    baggage are set on it; session and user are inherited by the spans below it.
    """
    tracer = ACTIVE.tracer or tracer_in_force()
    if not tracer.enabled:
        return None
    try:
        return _remote(_readable(headers))
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
        return None


@contextmanager
def continue_trace(headers: Headers) -> Iterator[ActiveSpan | None]:
    """Make the span that *headers* name the parent of what is traced in the block.

    Without such headers the block is traced as if this were not there.
    """
    parent = from_headers(headers)
    if parent is None:
        yield None
        return
    with as_current(parent):
        yield parent


@contextmanager
def as_current(span: ActiveSpan | None) -> Iterator[None]:
    """Make *span* the current one in the block; None: nothing is open there."""
    token = CURRENT.set(span)
    try:
        yield
    finally:
        # In another context (an abandoned coroutine is closed by the collector) nothing is left
        # to reset.
        try:  # noqa: SIM105 - as in Tracer.leave
            CURRENT.reset(token)
        except ValueError:
            pass


def _headers(span: ActiveSpan) -> dict[str, str]:
    flags = "01" if span.recording else "00"
    headers = {"traceparent": f"00-{span.trace_id}-{short_id(span.span_id)}-{flags}"}
    if len(span.span_id) == 32:
        headers["tracestate"] = f"evalhub={span.span_id}"
        if span.recording:
            headers["langsmith-trace"] = dotted_order(span)
    sent = write_baggage(span)
    if sent:
        headers["baggage"] = sent
    return headers


def _readable(headers: Headers) -> dict[str, str]:
    # Not Mapping: the headers of http.server, for one, are none, and iterate over names.
    items = getattr(headers, "items", None)
    pairs = headers if items is None else items()
    found: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name = _text(raw_name).lower()
        if name in _READ:
            value = _text(raw_value).strip()
            found[name] = f"{found[name]},{value}" if name in found else value
    return {name: value for name, value in found.items() if len(value) <= _MAX_HEADER_CHARS}


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _remote(headers: Mapping[str, str]) -> ActiveSpan | None:
    """Return the parent that *headers* name: evalhub's, else LangSmith's, else OpenTelemetry's.

    Only evalhub's may say that the trace is not sampled: a proxy that keeps one trace in a
    hundred of its own says so in every other request, and means itself.
    """
    tracer = ACTIVE.tracer or tracer_in_force()
    trace_id, span_id, sampled = _w3c(headers)
    if len(span_id) < 32:
        named = _langsmith(headers.get("langsmith-trace", ""))
        trace_id, span_id, sampled = (*named, True) if named else (trace_id, span_id, sampled)
    if not span_id:
        return None
    baggage = read_baggage(headers.get("baggage", ""))
    project = unquote(baggage.get("langsmith-project", ""))[:_MAX_PROJECT_CHARS]
    parent = tracer.remote(trace_id, span_id, project or None)
    inherit(parent, baggage)
    parent.recording = sampled or len(span_id) < 32
    return parent


def _w3c(headers: Mapping[str, str]) -> tuple[str, str, bool]:
    """Return trace id, span id and whether it is sampled; empty ids when there is none."""
    match = re.fullmatch(_TRACEPARENT, headers.get("traceparent", ""))
    if match is None:
        return "", "", True
    version, trace_id, span_id, flags, more = match.groups()
    if (
        version == "ff"
        or (version == "00" and more)
        or not (trace_id.strip("0") and span_id.strip("0"))
    ):
        return "", "", True
    return trace_id, full_id(span_id, headers.get("tracestate", "")), bool(int(flags, 16) & 1)


def _langsmith(dotted: str) -> tuple[str, str] | None:
    """Return the trace id and the last span id of a dotted order; None when it is malformed."""
    parts = dotted.split(".")
    first, last = (re.fullmatch(_DOTTED, part) for part in (parts[0], parts[-1]))
    if first is None or last is None:
        return None
    return first[1].replace("-", "").lower(), last[1].replace("-", "").lower()


def full_id(span_id: str, tracestate: str) -> str:
    """Return our id of which *span_id* (16 digits) is the short one, if *tracestate* has it."""
    for member in tracestate.split(","):
        key, _, value = member.strip().partition("=")
        if key == "evalhub" and re.fullmatch(_FULL_ID, value) and short_id(value) == span_id:
            return value
    return span_id


def _dotted_part(span_id: str, start_ns: int) -> str:
    seconds, nanos = divmod(start_ns or _time_of(span_id) or 0, 1_000_000_000)
    stamp = strftime("%Y%m%dT%H%M%S", gmtime(seconds))
    span_id = span_id.zfill(32)
    parts = (span_id[:8], span_id[8:12], span_id[12:16], span_id[16:20], span_id[20:])
    return f"{stamp}{nanos // 1_000:06d}Z{'-'.join(parts)}"


def _time_of(span_id: str) -> int | None:
    """Return the time in a UUIDv7 in nanoseconds; None when it is another kind of id."""
    is_v7 = len(span_id) == 32 and span_id[12] == "7"
    return int(span_id[:12], 16) * 1_000_000 if is_v7 else None
