"""OpenTelemetry's spans as ours, whatever convention their attributes follow.

A pure function over plain values, so that the span processor (in the traced program) and a
collector (which decodes OTLP) map alike. Nothing loses a span: what is unknown, or has another
type than its convention says, is kept in the attributes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from evalhub.model import Span, SpanEvent, SpanScore, SpanStatus, Usage
from evalhub.tracing.dialects import genai, openinference, openllmetry
from evalhub.tracing.dialects.attributes import Attributes, Findings, clean_text
from evalhub.tracing.encode import DEFAULT_LIMIT, encode

__all__ = ["EVALUATION_EVENT", "OtelEvent", "OtelSpan", "to_scores", "to_span"]

_FIRST_TOKEN_EVENTS = frozenset(
    {"First Token Stream Event", "new_token", "llm.content.completion.chunk"}
)
"""What OpenInference, LangSmith and OpenLLMetry call the arrival of the first token."""
_CONTENT_EVENTS = frozenset(
    {
        "gen_ai.client.inference.operation.details",
        "gen_ai.content.prompt",
        "gen_ai.content.completion",
    }
)
"""Events that carry what other instrumentors put into the span's attributes."""
_EVALUATION = "gen_ai.evaluation."
EVALUATION_EVENT = f"{_EVALUATION}result"
"""The event that carries one evaluation of its span."""


@dataclass(frozen=True, slots=True)
class OtelEvent:
    """Something that happened at one moment of an OpenTelemetry span."""

    name: str
    time_ns: int
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OtelSpan:
    """A finished OpenTelemetry span as plain values; ids are hexadecimal digits."""

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    start_ns: int
    end_ns: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[OtelEvent] = ()
    links: Sequence[tuple[str, str]] = ()
    """(trace id, span id) of each."""
    is_error: bool = False
    status_message: str = ""
    scope: str = ""
    """Name of the instrumentation library."""
    resource: Mapping[str, Any] = field(default_factory=dict)


def to_span(otel: OtelSpan, project: str, limit: int = DEFAULT_LIMIT) -> Span:
    """Return *otel* as a Span of *project*, unless its resource names another.

    Payloads over *limit* bytes are cut, with a mark that says how much.
    """
    found, attributes, events = _read(otel)
    return Span(
        trace_id=otel.trace_id,
        span_id=otel.span_id,
        parent_id=otel.parent_id,
        project=clean_text(found.project or project),
        name=clean_text(otel.name),
        kind=found.kind or "chain",
        status=SpanStatus.ERROR.value if otel.is_error else SpanStatus.OK.value,
        start_ns=otel.start_ns,
        end_ns=max(otel.start_ns, otel.end_ns),
        first_token_ns=_first_token_ns(otel, found),
        model=found.model,
        provider=found.provider,
        usage=_usage(found.counts),
        session_id=found.session_id,
        user_id=found.user_id,
        tags=tuple(found.tags or ()),
        inputs=_payload(found.inputs, "input", limit),
        outputs=_payload(found.outputs, "output", limit),
        attributes=_attributes(otel, found, attributes, limit),
        error=_error(otel),
        events=tuple(_event(event, limit) for event in events),
    )


def to_scores(otel: OtelSpan) -> list[SpanScore]:
    """Return the evaluations that *otel* carries as events ``gen_ai.evaluation.result``.

    The id follows from the content, so that the same event gives the same score again.
    """
    events = [event for event in otel.events if event.name == EVALUATION_EVENT]
    return [_score(otel, event) for event in events]


def _read(otel: OtelSpan) -> tuple[Findings, Attributes, list[OtelEvent]]:
    """Return what the dialects found, the attributes and the events that nobody took."""
    found = Findings()
    messages = [event for event in otel.events if event.name in genai.MESSAGE_EVENTS]
    content = [event for event in otel.events if event.name in _CONTENT_EVENTS]
    attributes = Attributes(otel.attributes)
    for event in content:
        for key, value in event.attributes.items():
            attributes.left.setdefault(key, value)
    found.offer("session_id", attributes.text, "session.id")
    found.offer("user_id", attributes.text, "user.id", "enduser.id")
    found.offer("tags", attributes.texts, "tag.tags")
    openinference.read(attributes, found)
    openllmetry.read(attributes, found)
    genai.read(attributes, found)
    found.project = Attributes(otel.resource).text("openinference.project.name")
    taken = content
    if genai.read_message_events([(it.name, it.attributes) for it in messages], found):
        taken = [*content, *messages]
    return found, attributes, [event for event in otel.events if event not in taken]


def _usage(counts: dict[str, int]) -> Usage | None:
    if not counts:
        return None
    given = counts.get("input_tokens")
    cached = counts.get("cache_read_tokens", 0) + counts.get("cache_write_tokens", 0)
    if given is not None and cached > given:
        given += cached  # counted apart from the input, as in Anthropic's API
    return Usage(
        given,
        counts.get("output_tokens"),
        counts.get("cache_read_tokens"),
        counts.get("cache_write_tokens"),
        counts.get("reasoning_tokens"),
        counts.get("audio_input_tokens"),
        counts.get("audio_output_tokens"),
    )


def _first_token_ns(otel: OtelSpan, found: Findings) -> int | None:
    if found.first_token_s is not None and 0 <= found.first_token_s < 1e9:
        return otel.start_ns + int(found.first_token_s * 1e9)
    times = [event.time_ns for event in otel.events if event.name in _FIRST_TOKEN_EVENTS]
    return min(times, default=None)


def _error(otel: OtelSpan) -> str | None:
    if not otel.is_error:
        return None
    for event in reversed(otel.events):
        if event.name == "exception":
            return _exception(event.attributes)
    said = otel.status_message or otel.attributes.get("error.type")
    return clean_text(said or "the span ended with an error and says no more")


def _exception(attributes: Mapping[str, Any]) -> str:
    kind = attributes.get("exception.type") or "Exception"
    text = f"{kind}({attributes.get('exception.message', '')!r})"
    trace = attributes.get("exception.stacktrace")
    return clean_text(f"{text}\n\n{trace}" if trace else text)


def _attributes(
    otel: OtelSpan, found: Findings, attributes: Attributes, limit: int
) -> bytes | None:
    added = {
        "otel.scope": otel.scope or None,
        "otel.links": [{"trace_id": it[0], "span_id": it[1]} for it in otel.links] or None,
        "otel.dialects": found.dialects or None,
        "service.name": _service(otel.resource.get("service.name")),
    }
    known = {key: value for key, value in added.items() if value is not None}
    everything = {**attributes.left, **known, **found.metadata}
    return encode(everything, limit) if everything else None


def _service(name: Any) -> Any:
    """Return a service's name, unless it is what the SDK says when nobody named it."""
    return None if str(name).startswith("unknown_service") else name


def _payload(value: Any, side: str, limit: int) -> bytes | None:
    if value is None:
        return None
    return encode(value if isinstance(value, Mapping) else {side: value}, limit)


def _event(event: OtelEvent, limit: int) -> SpanEvent:
    payload = encode(dict(event.attributes), limit) if event.attributes else None
    return SpanEvent(clean_text(event.name), event.time_ns, payload)


def _score(otel: OtelSpan, event: OtelEvent) -> SpanScore:
    values = Attributes(event.attributes)
    name = values.text(f"{_EVALUATION}name") or "evaluation"
    key = f"{otel.trace_id} {otel.span_id} {event.time_ns} {name}"
    return SpanScore(
        id=hashlib.sha256(key.encode()).hexdigest()[:32],
        trace_id=otel.trace_id,
        span_id=otel.span_id,
        name=name,
        value=values.number(f"{_EVALUATION}score.value"),
        label=values.text(f"{_EVALUATION}score.label"),
        explanation=values.text(f"{_EVALUATION}explanation"),
        source="code",
        created_ns=event.time_ns,
    )
