"""``score``: what the traced program, or its user, says of a span or of a whole trace."""

import math
from typing import Any, NamedTuple

from evalhub.errors import ConfigError
from evalhub.model import SpanScore
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import innermost
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.tracer import Tracer

__all__ = ["score"]

_HEX = frozenset("0123456789abcdef")
_PROBLEM = "a score cannot be recorded"


class _Target(NamedTuple):
    trace_id: str
    span_id: str | None


def score(
    name: str,
    value: float | None = None,
    *,
    label: str | None = None,
    explanation: str | None = None,
    trace_id: object = None,
    span_id: object = None,
    source: str = "code",
    score_id: object = None,
) -> str | None:
    """Record a score and return its id; None when nothing was recorded.

    Without ids it is about the current span. It is delivered like a span, and never raises: a
    score that cannot be recorded is logged once and counted in ``stats()``.

    Args:
        name: What is scored: ``helpful``, ``thumbs`` ...
        value: A finite number; True counts as 1 and False as 0.
        label: The score as a word, beside the number or in its place.
        explanation: Why.
        trace_id: A trace's id (dashes or not), or a span of it: the score is about the whole
            trace unless *span_id* is given.
        span_id: A span's id, or the span itself (``ActiveSpan`` or ``RunTree``), which
            needs no *trace_id*. An id alone is sought in the current trace.
        source: Who says it: ``code``, ``user``, ``human`` ...
        score_id: 32 hexadecimal digits (dashes or not). A score sent again with the same
            id replaces the first: a user who changes their mind.
    """
    tracer: Tracer | None = None
    try:
        tracer = ACTIVE.tracer or tracer_in_force()
        target = _target(tracer, trace_id, span_id)
        if target is None:
            return None
        now_ns = tracer.clock()
        record = SpanScore(
            id=tracer.new_id(now_ns) if score_id is None else _id("score_id", score_id),
            trace_id=target.trace_id,
            span_id=target.span_id,
            name=_text(name),
            value=_number(name, value, label),
            label=None if label is None else _text(label),
            explanation=None if explanation is None else _text(explanation),
            source=_text(source),
            created_ns=now_ns,
        )
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        _reject(tracer, error)
        return None
    tracer.submit(record)
    return record.id


def _target(tracer: Tracer, trace_id: object, span_id: object) -> _Target | None:
    """Return what the score is about; None where nothing is being recorded."""
    if not tracer.enabled:
        return None
    if trace_id is None and span_id is None:
        current = _current()
        return _Target(current.trace_id, current.span_id) if current.recording else None
    for span in (span_id, trace_id):
        # A span that is not recorded has no ids: what tracing left out is not scored.
        if isinstance(span, ActiveSpan) and not span.recording:
            return None
    if span_id is None:
        return _Target(_id("trace_id", getattr(trace_id, "trace_id", trace_id)), None)
    trace = getattr(span_id, "trace_id", None) if trace_id is None else trace_id
    if trace is None:
        current = _current()
        if not current.recording:
            return None
        trace = current
    return _Target(_id("trace_id", getattr(trace, "trace_id", trace)), _span_id(span_id))


def _current() -> ActiveSpan:
    current = innermost()
    if current is None or (current.recording and not current.span_id):
        raise ConfigError("no span is open here; give trace_id, or span_id with trace_id")
    return current


def _span_id(span: object) -> str:
    # A span of ours has span_id, a run tree (whose attributes are LangSmith's) has id.
    own = getattr(span, "span_id", None)
    return _id("span_id", getattr(span, "id", span) if own is None else own)


def _id(name: str, given: object) -> str:
    digits = str(given).replace("-", "").lower()
    if len(digits) not in (16, 32) or not _HEX.issuperset(digits):
        raise ConfigError(f"{name} is {str(given)!r:.100}; use 32 (or 16) hexadecimal digits")
    return digits


def _number(name: str, value: Any, label: str | None) -> float | None:
    if value is None:
        if label is None:
            raise ConfigError(f"the score {name!r:.100} has neither value nor label; give one")
        return None
    if isinstance(value, str | bytes):
        raise ConfigError(
            f"the score {name!r:.100} has the value {value!r:.100}; give words as label="
        )
    number = float(value)
    if not math.isfinite(number):
        raise ConfigError(f"the score {name!r:.100} has the value {number}; use a finite number")
    return number


def _text(value: object) -> str:
    """Return *value* as text that every database can hold: UTF-8 without NUL."""
    return str(value).encode("utf-8", "backslashreplace").decode().replace("\0", "")


def _reject(tracer: Tracer | None, error: Exception) -> None:
    if tracer is not None:
        tracer.internal_errors += 1
        tracer.report(_PROBLEM, error)
