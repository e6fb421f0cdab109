"""The span processor in a real OpenTelemetry SDK: mixed traces, failures, threads."""

import gc
import json
import threading
from collections import Counter
from typing import Any

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import NonRecordingSpan, SpanContext, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from evalhub.model import Span
from evalhub.tracing import configure, flush, trace, traceable, tracing_context
from evalhub.tracing.context import AMBIENT, CURRENT
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.integrations import otel as integration
from evalhub.tracing.integrations.otel import EvalhubSpanProcessor
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.propagation import to_headers
from evalhub.tracing.testing import Recorder

W3C = TraceContextTextMapPropagator()


def tree(recorder: Recorder) -> dict[str, str | None]:
    """Return each span's name and its parent's name; all must be one trace's."""
    spans = recorder.spans
    assert len({span.trace_id for span in spans}) == 1
    names = {span.span_id: span.name for span in spans}
    return {span.name: names.get(span.parent_id or "") for span in spans}


def attributes(span: Span) -> dict[str, Any]:
    """Return the attributes of *span*."""
    found: dict[str, Any] = json.loads(span.attributes or b"{}")
    return found


def test_each_inside_the_other(recorder: Recorder, provider: TracerProvider) -> None:
    """Spans of both sorts nest in one tree, whichever is outside."""
    theirs = provider.get_tracer("theirs")
    with theirs.start_as_current_span("o1"), trace("e1"):
        with theirs.start_as_current_span("o2"):
            with trace("e2"):
                pass
            with theirs.start_as_current_span("o3"):
                pass
        with trace("e3"):
            pass
    assert tree(recorder) == {
        "o1": None,
        "e1": "o1",
        "o2": "e1",
        "e2": "o2",
        "o3": "o2",
        "e3": "e1",
    }


def test_a_trace_that_we_began(recorder: Recorder, provider: TracerProvider) -> None:
    """OpenTelemetry's spans inside ours get our trace id, and keep their own as a note."""
    with trace("outer", session_id="s", user_id="u", project="p") as outer:
        span = provider.get_tracer("theirs").start_span("inside")
        span.end()
    record = recorder.span("inside")
    context = span.get_span_context()
    assert record.trace_id == outer.trace_id
    assert record.span_id == f"{context.span_id:016x}"
    assert (record.session_id, record.user_id, record.project) == ("s", "u", outer.project)
    assert attributes(record)["otel.trace_id"] == f"{context.trace_id:032x}"


def test_the_id_generator_makes_them_agree(recorder: Recorder, same_ids: TracerProvider) -> None:
    """With it, OpenTelemetry uses our trace id itself, so other backends see the same."""
    with trace("outer") as outer:
        span = same_ids.get_tracer("theirs").start_span("inside")
        span.end()
    assert f"{span.get_span_context().trace_id:032x}" == outer.trace_id
    assert "otel.trace_id" not in attributes(recorder.span("inside"))
    alone = same_ids.get_tracer("theirs").start_span("alone")
    assert f"{alone.get_span_context().trace_id:032x}" != outer.trace_id


def test_traced_functions_below_their_spans(recorder: Recorder, provider: TracerProvider) -> None:
    """A decorated function called inside OpenTelemetry's span is its child, in threads as well."""

    @traceable
    def work() -> None:
        pass

    context = otel_context.Context()

    def in_thread() -> None:
        token = otel_context.attach(context)
        work()
        otel_context.detach(token)

    with provider.get_tracer("theirs").start_as_current_span("outer"):
        context = otel_context.get_current()
        thread = threading.Thread(target=in_thread)
        thread.start()
        thread.join()
    assert tree(recorder) == {"outer": None, "work": "outer"}


def test_a_parent_given_by_hand(recorder: Recorder, provider: TracerProvider) -> None:
    """``start_span(context=...)`` is honoured, also after the parent has ended."""
    theirs = provider.get_tracer("theirs")
    first = theirs.start_span("first")
    first.end()
    below = otel.set_span_in_context(NonRecordingSpan(first.get_span_context()))
    theirs.start_span("second", context=below).end()
    assert tree(recorder) == {"first": None, "second": "first"}


def test_a_parent_in_another_process(recorder: Recorder, provider: TracerProvider) -> None:
    """What OpenTelemetry's propagator extracts of our headers leads to the exact span."""
    with trace("sender") as sender:
        headers = to_headers()
    incoming = W3C.extract(headers)
    with provider.get_tracer("theirs").start_as_current_span("server", context=incoming):
        pass
    token = otel_context.attach(incoming)
    with trace("ours"):
        pass
    otel_context.detach(token)
    assert recorder.span("server").parent_id == sender.span_id
    assert recorder.span("ours").parent_id == sender.span_id


def test_headers_inside_their_span(recorder: Recorder, provider: TracerProvider) -> None:
    """Inside OpenTelemetry's span, our headers name that span."""
    with provider.get_tracer("theirs").start_as_current_span("outer") as span:
        context = span.get_span_context()
        assert to_headers()["traceparent"] == (
            f"00-{context.trace_id:032x}-{context.span_id:016x}-01"
        )


def test_errors(recorder: Recorder, provider: TracerProvider) -> None:
    """An exception that leaves the span is its error; one that was only noted is an event."""
    theirs = provider.get_tracer("theirs")
    with pytest.raises(ValueError, match="boom"), theirs.start_as_current_span("failed"):
        raise ValueError("boom")
    with theirs.start_as_current_span("handled") as span:
        span.record_exception(KeyError("k"))
    span = theirs.start_span("said")
    span.set_status(Status(StatusCode.ERROR, "no luck"))
    span.end()
    failed, handled, said = (recorder.span(name) for name in ("failed", "handled", "said"))
    assert (failed.error or "").startswith("ValueError('boom')\n\nTraceback")
    assert (handled.status, handled.error, handled.events[0].name) == ("ok", None, "exception")
    assert (said.status, said.error) == ("error", "no luck")


def test_what_is_only_known_at_the_end(recorder: Recorder, provider: TracerProvider) -> None:
    """Name, links, events and attributes set later are recorded; odd values lose nothing."""
    theirs = provider.get_tracer("theirs")
    other = SpanContext(7, 8, is_remote=True, trace_flags=TraceFlags(1))
    span = theirs.start_span("early", links=[otel.Link(other)])
    span.update_name("late")
    span.set_attributes({"gen_ai.usage.input_tokens": "many", "n": float("nan"), "x": "\ud800"})
    span.add_event("seen", {"k": 1})
    span.end()
    record = recorder.span("late")
    found = attributes(record)
    assert found["gen_ai.usage.input_tokens"] == "many"
    assert found["otel.links"] == [{"trace_id": f"{7:032x}", "span_id": f"{8:016x}"}]
    assert found["otel.scope"] == "theirs"
    assert (record.events[0].name, record.events[0].attributes) == ("seen", b'{"k":1}')
    assert recorder.stats().internal_errors == 0


def test_only_chosen_libraries(recorder: Recorder) -> None:
    """Spans of other scopes are passed over, and their children go to the span around."""
    provider = TracerProvider()
    provider.add_span_processor(EvalhubSpanProcessor(scopes=["openinference."]))
    web, model = provider.get_tracer("http"), provider.get_tracer("openinference.openai")
    with (
        trace("outer"),
        web.start_as_current_span("POST"),
        model.start_as_current_span("chat"),
        trace("inner"),
    ):
        pass
    provider.shutdown()
    assert tree(recorder) == {"outer": None, "chat": "outer", "inner": "chat"}


def test_muted_and_unsampled(recorder: Recorder, provider: TracerProvider) -> None:
    """Where we record nothing, their spans are not recorded; theirs unsampled do not mute ours."""
    token = CURRENT.set(tracer_in_force().muted)
    with provider.get_tracer("theirs").start_as_current_span("hidden"), trace("hidden too"):
        pass
    CURRENT.reset(token)
    unsampled = TracerProvider(sampler=ALWAYS_OFF)
    with unsampled.get_tracer("theirs").start_as_current_span("unsampled"), trace("ours"):
        pass
    assert [span.name for span in recorder.spans] == ["ours"]


def test_two_processors_record_once(recorder: Recorder, provider: TracerProvider) -> None:
    """A second processor on the same provider changes nothing."""
    provider.add_span_processor(EvalhubSpanProcessor())
    with provider.get_tracer("theirs").start_as_current_span("only"), trace("inner"):
        pass
    assert tree(recorder) == {"only": None, "inner": "only"}


def test_nothing_is_left_behind(recorder: Recorder) -> None:
    """Spans that are gone are forgotten, ended or not; shutdown takes the hook away."""
    provider = TracerProvider()
    provider.add_span_processor(EvalhubSpanProcessor())
    theirs = provider.get_tracer("theirs")
    for _ in range(100):
        with theirs.start_as_current_span("ended"):
            theirs.start_span("never ended")
    gc.collect()
    assert len(integration._PLACED._by_ids) == 0
    assert provider.force_flush(10_000)
    provider.shutdown()
    assert integration._look not in AMBIENT


def test_off_records_nothing(recorder: Recorder, provider: TracerProvider) -> None:
    """With tracing switched off, OpenTelemetry goes on by itself."""
    configure(enabled=False)
    with provider.get_tracer("theirs").start_as_current_span("span") as span:
        assert span.is_recording()
    assert recorder.spans == []


def test_sampling_takes_whole_traces(provider: TracerProvider) -> None:
    """A trace that OpenTelemetry began is sampled by its id as ours are, our spans in it too."""
    exporter = MemoryExporter()
    configure(exporter=exporter, sample_rate=0.5)
    theirs = provider.get_tracer("theirs")
    for _ in range(50):
        with theirs.start_as_current_span("outer"), trace("inner"):
            theirs.start_span("leaf").end()
    assert flush(30)
    names = Counter(span.name for span in exporter.spans)
    assert 0 < names["outer"] < 50
    assert names["outer"] == names["inner"] == names["leaf"]
    assert len({span.trace_id for span in exporter.spans}) == names["outer"]


def test_settings_of_a_block_go_on(recorder: Recorder, provider: TracerProvider) -> None:
    """``tracing_context`` works around and inside OpenTelemetry's spans."""
    theirs = provider.get_tracer("theirs")
    with tracing_context(metadata={"k": "v"}), theirs.start_as_current_span("outer"):
        with tracing_context(tags=["t"]), trace("inner"):
            pass
        with tracing_context(enabled=False), theirs.start_as_current_span("hidden"):
            pass
    assert tree(recorder) == {"outer": None, "inner": "outer"}
    assert attributes(recorder.span("outer"))["k"] == "v"
    assert recorder.span("inner").tags == ("t",)
