"""Our spans as OTLP's, with the attributes of the GenAI conventions.

OTLP's span ids have 64 bits: ours are sent as their lower halves, parents alike. What the
conventions have no name for goes under OpenInference's (``input.value``, ``output.value``), which
most collectors for language models read.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

from evalhub.model import Batch, Span, SpanEvent, SpanScore, SpanStatus
from evalhub.tracing.dialects.outgoing import attributes_of, read_error
from evalhub.tracing.encode import decode, encode
from evalhub.tracing.propagation import short_id

__all__ = ["to_request"]

_CLIENT_KINDS = frozenset({"llm", "embedding"})
_INT64 = 2**63


def to_request(batch: Batch) -> ExportTraceServiceRequest:
    """Return *batch* as one request, a resource for each project."""
    scores = _by_span(batch.scores)
    projects: dict[str, list[OtlpSpan]] = {}
    for span in batch.spans:
        own = scores.pop((span.trace_id, span.span_id), ())
        projects.setdefault(span.project, []).append(_span(span, own))
    for late in scores.values():  # their spans went earlier
        projects.setdefault("default", []).extend(map(_score_span, late))
    return ExportTraceServiceRequest(
        resource_spans=[_resource(project, spans) for project, spans in projects.items()]
    )


def _by_span(scores: Iterable[SpanScore]) -> dict[tuple[str, str | None], list[SpanScore]]:
    found: dict[tuple[str, str | None], list[SpanScore]] = {}
    for score in scores:
        found.setdefault((score.trace_id, score.span_id), []).append(score)
    return found


def _resource(project: str, spans: list[OtlpSpan]) -> ResourceSpans:
    attributes = {
        "service.name": os.environ.get("OTEL_SERVICE_NAME") or project,
        "openinference.project.name": project,
        "telemetry.sdk.name": "evalhub",
        "telemetry.sdk.language": "python",
    }
    scope = ScopeSpans(spans=spans)
    scope.scope.name = "evalhub.tracing"
    return ResourceSpans(resource=Resource(attributes=_key_values(attributes)), scope_spans=[scope])


def _span(span: Span, scores: Iterable[SpanScore]) -> OtlpSpan:
    is_error = span.status == SpanStatus.ERROR
    events = [*map(_event, span.events), *_exception(span), *map(_score_event, scores)]
    first_line = (span.error or "").partition("\n")[0]
    return OtlpSpan(
        trace_id=_id_bytes(span.trace_id, 16),
        span_id=_id_bytes(short_id(span.span_id), 8),
        parent_span_id=_id_bytes(short_id(span.parent_id), 8) if span.parent_id else b"",
        trace_state=f"evalhub={span.span_id}" if len(span.span_id) == 32 else "",
        name=span.name,
        kind=OtlpSpan.SPAN_KIND_CLIENT
        if span.kind in _CLIENT_KINDS
        else OtlpSpan.SPAN_KIND_INTERNAL,
        start_time_unix_nano=span.start_ns,
        end_time_unix_nano=span.end_ns,
        attributes=_key_values(attributes_of(span)),
        events=events,
        status=Status(
            code=Status.STATUS_CODE_ERROR if is_error else Status.STATUS_CODE_UNSET,
            message=first_line if is_error else "",
        ),
    )


def _event(event: SpanEvent) -> OtlpSpan.Event:
    attributes = decode(event.attributes) if event.attributes else {}
    if not isinstance(attributes, Mapping):
        attributes = {"value": attributes}
    return OtlpSpan.Event(
        name=event.name, time_unix_nano=event.time_ns, attributes=_key_values(attributes)
    )


def _exception(span: Span) -> Iterator[OtlpSpan.Event]:
    """Yield the event that carries the error, unless the span has such an event."""
    if not span.error or any(event.name == "exception" for event in span.events):
        return
    said, _, trace = span.error.partition("\n\n")
    kind, message = read_error(said)
    attributes = {
        "exception.type": kind,
        "exception.message": message,
        "exception.stacktrace": trace or None,
    }
    yield OtlpSpan.Event(
        name="exception", time_unix_nano=span.end_ns, attributes=_key_values(attributes)
    )


def _score_event(score: SpanScore) -> OtlpSpan.Event:
    attributes = {
        "gen_ai.evaluation.name": score.name,
        "gen_ai.evaluation.score.value": score.value,
        "gen_ai.evaluation.score.label": score.label,
        "gen_ai.evaluation.explanation": score.explanation,
    }
    return OtlpSpan.Event(
        name="gen_ai.evaluation.result",
        time_unix_nano=score.created_ns,
        attributes=_key_values(attributes),
    )


def _score_span(score: SpanScore) -> OtlpSpan:
    """Return a span of no length for a score whose own span was sent before."""
    return OtlpSpan(
        trace_id=_id_bytes(score.trace_id, 16),
        span_id=_id_bytes(short_id(score.id), 8),
        parent_span_id=_id_bytes(short_id(score.span_id), 8) if score.span_id else b"",
        name=f"score {score.name}",
        kind=OtlpSpan.SPAN_KIND_INTERNAL,
        start_time_unix_nano=score.created_ns,
        end_time_unix_nano=score.created_ns,
        attributes=_key_values({"openinference.span.kind": "EVALUATOR"}),
        events=[_score_event(score)],
    )


def _id_bytes(digits: str, length: int) -> bytes:
    """Return an id of *length* bytes; one that is not such an id is hashed."""
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        found = b""
    return found if len(found) == length else hashlib.sha256(digits.encode()).digest()[:length]


def _key_values(attributes: Mapping[str, Any]) -> list[KeyValue]:
    return [
        KeyValue(key=key, value=_any_value(value))
        for key, value in attributes.items()
        if value is not None
    ]


def _any_value(value: Any) -> AnyValue:
    if isinstance(value, str):
        return AnyValue(string_value=value)
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return AnyValue(array_value=ArrayValue(values=map(_any_value, value)))
    return AnyValue(string_value=encode(value).decode())
