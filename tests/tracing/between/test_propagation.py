"""Headers out and in, against langsmith's and OpenTelemetry's own readers and writers."""

import contextvars
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langsmith.run_trees import RunTree
from opentelemetry import context as otel_context
from opentelemetry import trace as otel
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from evalhub.model import Span
from evalhub.tracing import ActiveSpan, configure, stats, trace
from evalhub.tracing.ids import new_id
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.propagation import (
    continue_trace,
    dotted_order,
    from_headers,
    inject,
    short_id,
    to_headers,
)
from evalhub.tracing.testing import Recorder

W3C = TraceContextTextMapPropagator()
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def named(span: ActiveSpan | None) -> tuple[str, str] | None:
    """Return the trace id and span id of *span*."""
    return None if span is None else (span.trace_id, span.span_id)


def their_parent(headers: Mapping[Any, Any]) -> RunTree:
    """Return the parent that langsmith reads in *headers*."""
    run = RunTree.from_headers(headers)
    assert run is not None
    return run


def in_new_context(headers: Mapping[Any, Any]) -> None:
    """Record a span named "child" as another process would that was sent *headers*."""

    def work() -> None:
        with continue_trace(headers), trace("child"):
            pass

    contextvars.Context().run(work)


def test_the_exact_parent_is_found(recorder: Recorder) -> None:
    """A span recorded elsewhere is the child of the very span that sent the headers."""
    with trace("root"), trace("sender", project="p", session_id="s 1", user_id="ü,1") as sender:
        in_new_context(to_headers())
    child = recorder.span("child")
    assert (child.trace_id, child.parent_id) == (sender.trace_id, sender.span_id)
    assert (child.session_id, child.user_id) == ("s 1", "ü,1")
    assert child.project == sender.project


def test_nothing_open_sends_nothing(recorder: Recorder) -> None:
    """Without an open span there are no headers, and none are needed."""
    assert to_headers() == {}
    in_new_context({})
    assert recorder.span("child").parent_id is None


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda headers: headers, id="as sent"),
        pytest.param(lambda headers: {k.upper(): v for k, v in headers.items()}, id="upper case"),
        pytest.param(
            lambda headers: {k.encode(): v.encode() for k, v in headers.items()}, id="bytes"
        ),
        pytest.param(
            lambda headers: [(k.encode(), v.encode()) for k, v in headers.items()], id="pairs"
        ),
    ],
)
def test_names_in_any_case_text_or_bytes(recorder: Recorder, spell: Any) -> None:
    """Mappings and pairs are read, of text or bytes, whatever the case of the names."""
    with trace("sender") as sender:
        headers = to_headers()
    assert named(from_headers(spell(headers))) == (sender.trace_id, sender.span_id)
    assert recorder.stats().internal_errors == 0


def test_langsmith_reads_ours(recorder: Recorder) -> None:
    """RunTree.from_headers of langsmith finds trace, parent, project, tags and metadata."""
    with (
        trace("root", project="p q", tags=["a", "b"]) as root,
        trace("sender", metadata={"n": 2, "t": "ä,="}, tags=["a", "b"], session_id="s") as sender,
    ):
        run = their_parent(to_headers())
    assert (run.trace_id.hex, run.id.hex) == (root.trace_id, sender.span_id)
    assert run.session_name == sender.project
    metadata = run.extra["metadata"]
    assert {key: metadata[key] for key in ("n", "t", "session_id")} == {
        "n": 2,
        "t": "ä,=",
        "session_id": "s",
    }
    assert {"a", "b"} <= set(run.tags or ())


def test_we_read_langsmiths(recorder: Recorder) -> None:
    """The headers of langsmith's RunTree make its run the parent, in its project."""
    root = RunTree(name="root", project_name="theirs", extra={"metadata": {"k": "v"}})
    run = root.create_child("sender", tags=["x", "y"])
    in_new_context(run.to_headers())
    child = recorder.span("child")
    assert (child.trace_id, child.parent_id) == (root.id.hex, run.id.hex)
    assert child.project == "theirs"


def test_there_and_back_through_langsmith(recorder: Recorder) -> None:
    """A langsmith service between two of ours keeps one trace, and its run is the parent."""
    with trace("sender") as sender:
        between = their_parent(to_headers())
    run = between.create_child("theirs")
    parent = from_headers(run.to_headers())
    assert named(parent) == (sender.trace_id, run.id.hex)


def test_opentelemetry_goes_on_with_ours(recorder: Recorder) -> None:
    """OpenTelemetry's propagator reads our trace id and the short form of our span id."""
    with trace("root"), trace("sender") as sender:
        context = otel.get_current_span(W3C.extract(to_headers())).get_span_context()
    assert context.is_valid
    assert context.trace_flags.sampled
    assert f"{context.trace_id:032x}" == sender.trace_id
    assert f"{context.span_id:016x}" == short_id(sender.span_id) == sender.span_id[16:]


def test_a_span_of_opentelemetry_between_is_the_parent(recorder: Recorder) -> None:
    """An OpenTelemetry service hands tracestate on, where it no longer names the parent."""
    with trace("sender") as sender:
        incoming = W3C.extract(to_headers())
    tracer = TracerProvider().get_tracer("theirs")
    span = tracer.start_span("between", context=incoming)
    carrier: dict[str, str] = {}
    W3C.inject(carrier, context=otel.set_span_in_context(span, otel_context.Context()))
    assert sender.span_id in carrier["tracestate"]
    parent = from_headers(carrier)
    assert named(parent) == (sender.trace_id, f"{span.get_span_context().span_id:016x}")


def test_exact_ids_go_before_other_headers() -> None:
    """Ours is the first choice, then langsmith's; OpenTelemetry's span may be a proxy's."""
    own = new_id()
    dotted = "20260101T000000000000Z11111111-1111-7111-8111-111111111111"
    langsmith = {"langsmith-trace": dotted, "traceparent": PARENT}
    assert named(from_headers(langsmith)) == ("1" * 8 + "1111" + "7111" + "8111" + "1" * 12,) * 2
    ours = {
        "traceparent": f"00-{TRACE_ID}-{own[16:]}-01",
        "tracestate": f"vendor=1, evalhub={own}",
        "langsmith-trace": dotted,
    }
    assert named(from_headers(ours)) == (TRACE_ID, own)
    assert named(from_headers({"traceparent": PARENT})) == (TRACE_ID, "b7ad6b7169203331")


def test_a_trace_that_is_not_sampled_stays_so(recorder: Recorder) -> None:
    """The sampled flag is honoured beside evalhub's own id: nothing is recorded below."""
    ours = {"traceparent": PARENT[:-2] + "00", "tracestate": f"evalhub={'1' * 16}b7ad6b7169203331"}
    in_new_context(ours)
    assert recorder.spans == []
    headers = to_headers(from_headers(ours))
    assert headers["traceparent"].endswith("-00")
    assert "langsmith-trace" not in headers


def test_what_others_do_not_sample_is_theirs(recorder: Recorder) -> None:
    """A proxy that keeps one of its traces in a hundred does not silence ours."""
    in_new_context({"traceparent": PARENT[:-2] + "00"})
    [span] = recorder.spans
    assert (span.trace_id, span.parent_id) == (TRACE_ID, "b7ad6b7169203331")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"traceparent": ""},
        {"traceparent": "00"},
        {"traceparent": PARENT + "-more"},
        {"traceparent": "ff" + PARENT[2:]},
        {"traceparent": PARENT.upper()},
        {"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"},
        {"traceparent": f"00-{TRACE_ID}-{'0' * 16}-01"},
        {"traceparent": f"{PARENT},{PARENT}"},
        {"langsmith-trace": "."},
        {"langsmith-trace": "20260101T000000000000Znot-a-uuid"},
        {"langsmith-trace": "x" * 100_000},
        {"baggage": "langsmith-project=p"},
        {"tracestate": f"evalhub={'1' * 32}"},
        {1: 2, None: None},
        {b"\xff": b"\xff"},
    ],
)
def test_malformed_headers_are_ignored(recorder: Recorder, headers: Mapping[Any, Any]) -> None:
    """Such headers name no parent, and are no failure of ours."""
    assert from_headers(headers) is None
    assert recorder.stats().internal_errors == 0


@pytest.mark.parametrize(
    "baggage", ["langsmith-metadata=%7B", "langsmith-metadata=[1]", "=,=,;", "a", "x" * 20_000]
)
def test_malformed_baggage_costs_only_itself(recorder: Recorder, baggage: str) -> None:
    """The parent is found all the same."""
    parent = from_headers({"traceparent": PARENT, "baggage": baggage})
    assert named(parent) == (TRACE_ID, "b7ad6b7169203331")
    assert recorder.stats().internal_errors == 0


@given(st.dictionaries(st.sampled_from(["traceparent", "tracestate", "baggage", "x"]), st.text()))
def test_no_headers_raise(headers: dict[str, str]) -> None:
    """Whatever is sent, reading it raises nothing."""
    from_headers(headers)


def test_a_later_version_of_the_standard_is_read() -> None:
    """A traceparent of a version to come may have more fields, which are skipped."""
    assert named(from_headers({"traceparent": f"01{PARENT[2:]}-more"})) == (
        TRACE_ID,
        "b7ad6b7169203331",
    )


def test_inject_keeps_what_is_there(recorder: Recorder) -> None:
    """Baggage and tracestate of others stay, under the name they had."""
    headers = {"Baggage": "theirs=1", "tracestate": "vendor=2", "accept": "*/*"}
    with trace("sender", session_id="s"):
        inject(headers)
    assert headers["Baggage"].endswith(",theirs=1")
    assert headers["tracestate"].endswith(",vendor=2")
    assert "baggage" not in headers
    assert named(from_headers(headers)) is not None


def test_inject_into_headers_that_came_from_us(recorder: Recorder) -> None:
    """Headers that are handed on name the new span alone, once."""
    with trace("outer", tags=["a"]):
        headers = to_headers()
        with trace("inner") as inner:
            inject(headers)
    assert headers["tracestate"] == f"evalhub={inner.span_id}"
    assert headers["baggage"].count("langsmith-project=") == 1
    assert named(from_headers(headers)) == (inner.trace_id, inner.span_id)


def test_headers_that_cannot_be_changed(recorder: Recorder) -> None:
    """Injecting into what refuses it raises nothing, and is counted."""
    with trace("sender"):
        inject(MappingProxyType({}))  # type: ignore[arg-type]  # wrong on purpose
    assert recorder.stats().internal_errors == 1


def test_long_metadata_stays_here(recorder: Recorder) -> None:
    """Metadata too long for a header is not sent; the parent still is."""
    with trace("sender", metadata={"text": "x" * 10_000}, tags=["t" * 5_000]) as sender:
        headers = to_headers()
    assert sum(map(len, headers.values())) < 8_000
    assert named(from_headers(headers)) == (sender.trace_id, sender.span_id)


def test_dotted_order_holds_the_times(recorder: Recorder) -> None:
    """The root's part sorts before the child's, and a root has one part."""
    with trace("root") as root, trace("sender") as sender:
        first, second = dotted_order(sender).split(".")
    assert dotted_order(root) == "20200101T000000000000Z00000000-0000-0000-0000-000000000001"
    assert first[23:] == second[23:].replace("2", "1")
    assert second.startswith("20200101T000000001000Z")


def test_short_ids_are_never_zero() -> None:
    """The short id of any id is valid in OpenTelemetry, and stable."""
    assert short_id("b7ad6b7169203331") == "b7ad6b7169203331"
    assert short_id("1" * 16 + "0" * 16) == "1" * 15 + "1"
    assert int(short_id("0" * 32), 16) > 0


def test_off_means_off(recorder: Recorder) -> None:
    """With tracing switched off, nothing is sent and nothing is read."""
    configure(enabled=False)
    with trace("sender"):
        assert to_headers() == {}
    assert from_headers({"traceparent": PARENT}) is None
    assert stats().recorded == 0
    assert not tracer_in_force().enabled


def test_spans_of_two_processes_share_the_key_shape(recorder: Recorder) -> None:
    """What is recorded below a remote parent is an ordinary span."""
    in_new_context({"traceparent": PARENT})
    child = recorder.span("child")
    assert isinstance(child, Span)
    assert (len(child.trace_id), child.parent_id) == (32, "b7ad6b7169203331")
