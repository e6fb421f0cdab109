"""Bring the spans of OpenTelemetry instrumentors into the same store: a span processor.

::

    provider = TracerProvider(id_generator=EvalhubIdGenerator())
    provider.add_span_processor(EvalhubSpanProcessor())
    OpenAIInstrumentor().instrument(tracer_provider=provider)

An OpenTelemetry span inside one of ours becomes its child, and the other way round. Where the two
nest, the outer one's trace id is stored for both; :class:`EvalhubIdGenerator` makes OpenTelemetry
use it from the start, so that other backends and other services see the same id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from weakref import WeakKeyDictionary, WeakValueDictionary

from evalhub._optional import require
from evalhub.model import Span as Record
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import AMBIENT, CURRENT
from evalhub.tracing.otel_mapping import EVALUATION_EVENT, OtelEvent, OtelSpan, to_scores, to_span
from evalhub.tracing.process import ACTIVE, flush, tracer_in_force
from evalhub.tracing.propagation import full_id
from evalhub.tracing.tracer import EXIT_S, Tracer

try:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
    from opentelemetry.trace import SpanContext, StatusCode, get_current_span
except ModuleNotFoundError:
    require("opentelemetry.sdk.trace", extra="otel")
    raise

__all__ = ["EvalhubIdGenerator", "EvalhubSpanProcessor", "read_span"]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class _Placement:
    """Where an OpenTelemetry span that is open belongs among ours."""

    span: ActiveSpan | None
    """What is recorded of it, and the parent of ours inside it; None: it is passed over."""
    above: ActiveSpan | None
    around_id: str | None
    """Our own span that was open when it began."""

    @property
    def parent(self) -> ActiveSpan | None:
        """The parent of what is opened inside."""
        return self.span or self.above


class _Placements:
    """The placements of all OpenTelemetry spans that somebody still holds."""

    def __init__(self) -> None:
        # The first keeps a placement as long as its span lives, the second finds it by ids.
        self._of_span: WeakKeyDictionary[object, _Placement] = WeakKeyDictionary()
        self._by_ids: WeakValueDictionary[tuple[int, int], _Placement] = WeakValueDictionary()
        self.processors = 0

    def keep(self, span: object, context: SpanContext, placement: _Placement) -> None:
        self._of_span[span] = placement
        self._by_ids[context.trace_id, context.span_id] = placement

    def find(self, context: SpanContext | None) -> _Placement | None:
        return self._by_ids.get((context.trace_id, context.span_id)) if context else None


_PLACED = _Placements()


class EvalhubSpanProcessor(SpanProcessor):
    """Records every span of a ``TracerProvider`` in the store that evalhub is configured for."""

    def __init__(self, *, scopes: Sequence[str] | None = None) -> None:
        """Start recording.

        Args:
            scopes: Names with which an instrumentation library's own must begin to be
                recorded; default: all are. Spans inside one that is passed over become
                children of the one around it.
        """
        self._scopes = None if scopes is None else tuple(scopes)
        self._is_open = True
        _PLACED.processors += 1
        if _look not in AMBIENT:
            AMBIENT.append(_look)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Note what is open around *span*."""
        tracer = ACTIVE.tracer or tracer_in_force()
        if not tracer.enabled:
            return
        try:
            self._place(tracer, span)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)

    def on_end(self, span: ReadableSpan) -> None:
        """Queue *span*; its attributes are read on the worker's thread."""
        placement = _PLACED.find(span.get_span_context())
        active = placement.span if placement else None
        if active is None or not active.recording:
            return
        tracer = active._tracer
        try:
            _close(tracer, active, span)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)

    def shutdown(self) -> None:
        """Deliver what is recorded, for at most five seconds."""
        if self._is_open:
            self._is_open = False
            _PLACED.processors -= 1
            if not _PLACED.processors and _look in AMBIENT:
                AMBIENT.remove(_look)
            flush(EXIT_S)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Wait until all spans that have ended are stored; False when time ran out."""
        return bool(flush(timeout_millis / 1_000))

    def _place(self, tracer: Tracer, span: Span) -> None:
        context, around = span.get_span_context(), _around()
        if context is None or _PLACED.find(context):
            return  # another processor has it
        above = _above(span.parent, around)
        scope = span.instrumentation_scope
        is_wanted = self._scopes is None or (scope and scope.name.startswith(self._scopes))
        active = _open(tracer, span, context, above) if is_wanted else None
        around_id = None if around is None else around.span_id
        _PLACED.keep(span, context, _Placement(active, above, around_id))


class EvalhubIdGenerator(RandomIdGenerator):
    """Gives an OpenTelemetry trace that begins inside one of our spans the same trace id."""

    def generate_trace_id(self) -> int:
        """Return the trace id of our innermost open span, or a random one."""
        around = _around()
        if around is None or not around.trace_id:
            return super().generate_trace_id()
        return int(around.trace_id, 16)


def read_span(span: ReadableSpan) -> OtelSpan:
    """Return *span* as plain values."""
    context = span.get_span_context()
    scope = span.instrumentation_scope
    start_ns = span.start_time or 0
    return OtelSpan(
        trace_id=f"{context.trace_id:032x}" if context else "",
        span_id=f"{context.span_id:016x}" if context else "",
        parent_id=_full_id(span.parent) if span.parent else None,
        name=span.name,
        start_ns=start_ns,
        end_ns=span.end_time or start_ns,
        attributes=span.attributes or {},
        events=[OtelEvent(it.name, it.timestamp, it.attributes or {}) for it in span.events],
        links=[
            (f"{link.context.trace_id:032x}", f"{link.context.span_id:016x}") for link in span.links
        ],
        is_error=span.status.status_code is StatusCode.ERROR,
        status_message=span.status.description or "",
        scope=scope.name if scope else "",
        resource=span.resource.attributes,
    )


def _look(around: ActiveSpan | None) -> ActiveSpan | None:
    """Return the innermost span here, ours or OpenTelemetry's, given our own innermost."""
    try:
        context = get_current_span().get_span_context()
        return _above(context if context.is_valid else None, around)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer_in_force().absorb(error)
        return around


def _around() -> ActiveSpan | None:
    """Return our own innermost span, whatever OpenTelemetry has open."""
    span = CURRENT.get()
    for look in AMBIENT:
        if look is not _look:
            span = look(span)
    return span


def _above(context: SpanContext | None, around: ActiveSpan | None) -> ActiveSpan | None:
    """Return the inner one of OpenTelemetry's span *context* and our span *around*.

    Ours is the inner one unless it was open already when the other began.
    """
    placement = _PLACED.find(context)
    if around is not None:
        is_outer = placement is not None and placement.around_id == around.span_id
        return placement.parent if placement and is_outer else around
    if placement is not None:
        return placement.parent
    if context is None or not context.is_valid:
        return None
    tracer = ACTIVE.tracer or tracer_in_force()
    return tracer.remote(f"{context.trace_id:032x}", _full_id(context))


def _full_id(context: SpanContext) -> str:
    return full_id(f"{context.span_id:016x}", context.trace_state.to_header())


def _open(
    tracer: Tracer, span: Span, context: SpanContext, above: ActiveSpan | None
) -> ActiveSpan | None:
    # A parent without a span id leaves its child a root.
    parent = above or tracer.remote(f"{context.trace_id:032x}", "")
    return tracer.begin(
        span.name,
        "chain",
        None,
        parent=parent,
        span_id=f"{context.span_id:016x}",
        start_ns=span.start_time,
    )


def _close(tracer: Tracer, active: ActiveSpan, span: ReadableSpan) -> None:
    details = active._more()
    details.late = partial(_complete, span)
    values = (span.attributes or {}).values()
    details.attached_bytes += sum(len(value) for value in values if isinstance(value, str))
    if span.status.status_code is StatusCode.ERROR:  # sampling asks for it when the span ends
        active._error = span.status.description or "error"
    tracer.end(active, span.end_time or tracer.clock())
    if any(event.name == EVALUATION_EVENT for event in span.events):
        for score in to_scores(_with_ids(read_span(span), active)):
            tracer.submit(score)


def _with_ids(otel: OtelSpan, active: ActiveSpan) -> OtelSpan:
    """Return *otel* at its place among our spans."""
    return replace(otel, trace_id=active.trace_id, span_id=active.span_id)


def _complete(span: ReadableSpan, active: ActiveSpan) -> None:
    """Set on *active* all that *span* says, but for its place in the trace."""
    tracer = active._tracer
    try:
        otel = read_span(span)
        _fill(active, to_span(otel, active.project, tracer.limit), otel.trace_id)
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
    active._more().late = None


def _fill(active: ActiveSpan, record: Record, otel_trace_id: str) -> None:
    active.name, active.kind, active.project = record.name, record.kind, record.project
    active._inputs, active._outputs = record.inputs, record.outputs
    active._attributes, active._error = record.attributes, record.error
    active.set(
        model=record.model,
        provider=record.provider,
        usage=record.usage,
        tags=record.tags,
        session_id=record.session_id,
        user_id=record.user_id,
        first_token_ns=record.first_token_ns,
    )
    if active.trace_id != otel_trace_id:
        active.set(metadata={"otel.trace_id": otel_trace_id})
    if record.events:
        active._more().events.extend(record.events)
