"""The OTLP exporter against a receiver that decodes with opentelemetry-proto."""

import contextlib
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan

from evalhub.errors import ConfigError, StoreError, StoreUnavailableError
from evalhub.model import Attachment, Batch, Span, SpanEvent, SpanScore, Usage
from evalhub.tracing import configure, flush, trace
from evalhub.tracing.dialects.outgoing import read_error
from evalhub.tracing.exporters.lookup import make_exporter
from evalhub.tracing.exporters.otlp import OtlpExporter
from evalhub.tracing.exporters.otlp_spans import to_request
from evalhub.tracing.ids import new_id
from evalhub.tracing.otel_mapping import OtelEvent, OtelSpan, to_scores, to_span

START = 1_700_000_000_000_000_000
TRACE, SPAN, PARENT = new_id(START), new_id(START + 10), new_id(START + 20)
FULL = Span(
    trace_id=TRACE,
    span_id=SPAN,
    parent_id=PARENT,
    project="shop",
    name="ChatOpenAI",
    kind="llm",
    status="error",
    start_ns=START,
    end_ns=START + 10**9,
    first_token_ns=START + 250_000_000,
    model="gpt-x",
    provider="openai",
    usage=Usage(20, 5, 12, 1, 3, 2, 4),
    session_id="s",
    user_id="u",
    tags=("a", "b"),
    inputs=json.dumps(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
                {"role": "tool", "tool_call_id": "c", "content": "sunny"},
            ],
            "tools": [{"type": "function", "function": {"name": "look"}}],
        }
    ).encode(),
    outputs=json.dumps(
        {
            "id": "x",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {
                        "role": "assistant",
                        "content": "Sunny.",
                        "tool_calls": [
                            {
                                "id": "c",
                                "type": "function",
                                "function": {"name": "look", "arguments": "{}"},
                            }
                        ],
                    },
                }
            ],
        }
    ).encode(),
    attributes=b'{"invocation_params":{"temperature":0.5,"stop":"."},"customer":7,"deep":{"a":[1]}}',
    error="ValueError('boom')\n\nTraceback ...",
    events=(SpanEvent("seen", START + 5, b'{"k":1}'),),
    attachments=(Attachment("a.png", "image/png", b"123"),),
)


class Receiver(BaseHTTPRequestHandler):
    """A receiver of OTLP over HTTP; it keeps what it was sent."""

    protocol_version = "HTTP/1.1"
    requests: ClassVar[list[ExportTraceServiceRequest]]
    headers_seen: ClassVar[list[dict[str, str]]]
    answers: ClassVar[list[tuple[int, bytes]]]

    def do_POST(self) -> None:
        """Decode, and answer 200 or what the test asked for."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.headers_seen.append({**dict(self.headers), "path": self.path})
        status, answer = self.answers.pop(0) if self.answers else (200, b"")
        if status == 200:
            self.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write nothing."""


@pytest.fixture
def receiver(
    serve_http: Callable[[type[BaseHTTPRequestHandler]], str],
) -> tuple[type[Receiver], str]:
    """Serve a receiver; return its class, which keeps what came, and its address."""
    Receiver.requests, Receiver.headers_seen, Receiver.answers = [], [], []
    return Receiver, serve_http(Receiver).removeprefix("http://")


def send(url: str, spans: list[Span]) -> None:
    """Export *spans* as one batch to *url*."""
    with contextlib.closing(OtlpExporter(url)) as exporter:
        exporter.export(Batch(spans))


def plain(value: AnyValue) -> Any:
    """Return what an attribute's value holds."""
    which = value.WhichOneof("value")
    if which == "array_value":
        return [plain(item) for item in value.array_value.values]
    return getattr(value, which) if which else None


def attributes(item: Any) -> dict[str, Any]:
    """Return the attributes of a span, an event or a resource."""
    return {pair.key: plain(pair.value) for pair in item.attributes}


def sent(receiver: type[Receiver]) -> list[tuple[dict[str, Any], OtlpSpan]]:
    """Return each span that arrived, with its resource's attributes."""
    return [
        (attributes(resource.resource), span)
        for request in receiver.requests
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def read(resource: dict[str, Any], span: OtlpSpan) -> OtelSpan:
    """Return *span* as a collector reads it."""
    return OtelSpan(
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex() or None,
        span.name,
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        attributes=attributes(span),
        events=[OtelEvent(it.name, it.time_unix_nano, attributes(it)) for it in span.events],
        is_error=span.status.code == 2,
        status_message=span.status.message,
        resource=resource,
    )


def test_a_span_arrives_with_the_conventions_names(receiver: tuple[type[Receiver], str]) -> None:
    """Ids, times, status, usage, messages and parameters are where OpenTelemetry looks."""
    kind, address = receiver
    exporter = OtlpExporter(f"otlp://{address}")
    exporter.export(Batch([FULL]))
    exporter.close()
    ((resource, span),) = sent(kind)
    assert resource["openinference.project.name"] == "shop"
    assert span.trace_id.hex() == TRACE
    assert (span.span_id.hex(), span.parent_span_id.hex()) == (SPAN[16:], PARENT[16:])
    assert span.trace_state == f"evalhub={SPAN}"
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (START, START + 10**9)
    assert (span.kind, span.status.code) == (OtlpSpan.SPAN_KIND_CLIENT, 2)
    found = attributes(span)
    expected = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-x",
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": ["."],
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 12,
        "gen_ai.usage.reasoning.output_tokens": 3,
        "gen_ai.response.time_to_first_chunk": 0.25,
        "gen_ai.conversation.id": "s",
        "user.id": "u",
        "customer": 7,
        "deep": '{"a":[1]}',
        "error.type": "ValueError",
    }
    assert {key: found[key] for key in expected} == expected
    system, user, tool = json.loads(found["gen_ai.input.messages"])
    assert system == {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}
    assert user["parts"] == [{"type": "text", "content": "Weather?"}]
    assert tool["parts"] == [{"type": "tool_call_response", "id": "c", "response": "sunny"}]
    (answer,) = json.loads(found["gen_ai.output.messages"])
    assert answer["finish_reason"] == "stop"
    assert answer["parts"][1] == {
        "type": "tool_call",
        "id": "c",
        "name": "look",
        "arguments": "{}",
    }
    assert "a.png (image/png, 3 bytes" in found["evalhub.attachments"][0]
    assert [event.name for event in span.events] == ["seen", "exception"]


def test_there_and_back(receiver: tuple[type[Receiver], str]) -> None:
    """A collector of ours reads what was sent as the same span, under OpenTelemetry's ids."""
    kind, address = receiver
    send(f"otlp://{address}", [FULL])
    ((resource, span),) = sent(kind)
    back = to_span(read(resource, span), "other")
    assert (back.trace_id, back.span_id, back.parent_id) == (TRACE, SPAN[16:], PARENT[16:])
    same = [
        *("project", "name", "kind", "status", "start_ns", "end_ns", "first_token_ns"),
        *("model", "provider", "usage", "session_id", "user_id", "tags"),
    ]
    assert {name: getattr(back, name) for name in same} == {
        name: getattr(FULL, name) for name in same
    }
    assert back.error == FULL.error
    messages = json.loads(back.inputs or b"")["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "tool"]
    (choice,) = json.loads(back.outputs or b"")["choices"]
    assert choice == {
        key: value
        for key, value in json.loads(FULL.outputs or b"")["choices"][0].items()
        if key != "index"
    }


@pytest.mark.parametrize("kind", ["chain", "tool", "retriever", "agent", "embedding", "new"])
def test_other_kinds_keep_their_payloads(receiver: tuple[type[Receiver], str], kind: str) -> None:
    """Inputs and outputs that are no messages go under other names, and come back."""
    span = Span(
        TRACE, SPAN, None, "p", "n", kind, "ok", START, START, inputs=b'{"q":1}', outputs=b'{"r":2}'
    )
    send(f"otlp://{receiver[1]}", [span])
    back = to_span(read(*sent(receiver[0])[0]), "p")
    assert (back.kind, back.status, back.parent_id) == (kind, "ok", None)
    assert b'{"q":1}' in (back.inputs or b"")
    assert b'{"r":2}' in (back.outputs or b"")


def test_scores_are_evaluations(receiver: tuple[type[Receiver], str]) -> None:
    """A score is an event of its span, or of a span of its own when that was sent before."""
    kind, address = receiver
    score = SpanScore(new_id(), TRACE, SPAN, "relevance", 0.5, "good", None, "code", START)
    exporter = OtlpExporter(f"otlp://{address}")
    exporter.export(Batch([FULL], [score]))
    exporter.export(Batch([], [score]))
    exporter.export(Batch())
    exporter.close()
    (resource, first), (_, late) = sent(kind)
    (back,) = to_scores(read(resource, first))
    assert (back.name, back.value, back.label) == ("relevance", 0.5, "good")
    assert (late.name, late.parent_span_id.hex()) == ("score relevance", SPAN[16:])
    assert len(kind.requests) == 2


def test_headers_and_path(
    receiver: tuple[type[Receiver], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenTelemetry's variable adds headers; a long body is compressed; the path is completed."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%20b, x-other=2")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "shop-api")
    kind, address = receiver
    for path in ("", "/", "/otel", "/otel/v1/traces"):
        send(f"otlp+http://{address}{path}", [FULL] * 10)
    assert [seen["path"] for seen in kind.headers_seen] == [
        "/v1/traces",
        "/v1/traces",
        "/otel/v1/traces",
        "/otel/v1/traces",
    ]
    first = kind.headers_seen[0]
    assert (first["x-key"], first["x-other"]) == ("a b", "2")
    assert first["Content-Encoding"] == "gzip"
    assert first["Content-Type"] == "application/x-protobuf"
    assert sent(kind)[0][0]["service.name"] == "shop-api"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (429, StoreUnavailableError),
        (500, StoreUnavailableError),
        (503, StoreUnavailableError),
        (400, StoreError),
        (401, StoreError),
    ],
)
def test_refusals(
    receiver: tuple[type[Receiver], str], status: int, error: type[StoreError]
) -> None:
    """What may pass is told from what will not; the answer is in the message."""
    receiver[0].answers.append((status, b"says why"))
    exporter = OtlpExporter(f"otlp://user:hush@{receiver[1]}")
    with pytest.raises(StoreError, match=f"answered {status}: says why") as caught:
        exporter.export(Batch([FULL]))
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after_s", None) == (7 if status == 429 else None)
    assert "hush" not in str(caught.value)
    exporter.export(Batch([FULL]))
    exporter.close()
    assert len(receiver[0].requests) == 1


def test_nobody_listens() -> None:
    """No answer is a failure that may pass."""
    with pytest.raises(StoreUnavailableError, match="did not answer"):
        send("otlp://127.0.0.1:9", [FULL])


def test_a_partial_success_is_final(
    receiver: tuple[type[Receiver], str], caplog: pytest.LogCaptureFixture
) -> None:
    """Rejected spans are logged once and not sent again, as OTLP demands."""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = 2
    answer.partial_success.error_message = "too old"
    receiver[0].answers += [(200, answer.SerializeToString())] * 2
    exporter = OtlpExporter(f"otlp://{receiver[1]}")
    exporter.export(Batch([FULL]))
    exporter.export(Batch([FULL]))
    exporter.close()
    assert [record.getMessage() for record in caplog.records] == [
        f"the collector at http://{receiver[1]} rejected 2 spans for good: too old (logged once)"
    ]


def test_a_program_that_is_configured_for_it(receiver: tuple[type[Receiver], str]) -> None:
    """The scheme of the URL chooses the exporter, and a trace arrives whole."""
    configure(url=f"otlp://{receiver[1]}", project="shop")
    with trace("outer"), trace("inner", "tool"):
        pass
    assert flush(30)
    spans = {span.name: span for _, span in sent(receiver[0])}
    assert spans["inner"].parent_span_id == spans["outer"].span_id
    assert spans["inner"].trace_id == spans["outer"].trace_id
    configure(enabled=False)


def test_a_wrong_scheme_is_named() -> None:
    """Another transport is refused with those that work."""
    with pytest.raises(ConfigError, match=r"'otlp\+grpc'; use one of otlp, otlp\+http"):
        make_exporter("otlp+grpc://127.0.0.1:4317")


@pytest.mark.parametrize(
    ("said", "kind", "message"),
    [
        ("ValueError('boom')", "ValueError", "boom"),
        ("openai.NotFoundError(\"no 'x'\")\n\nTraceback", "openai.NotFoundError", "no 'x'"),
        ("OSError(2, 'No such file')", "OSError", "2, 'No such file'"),
        ("KeyError(('a', 1))", "KeyError", "('a', 1)"),
        ("ValueError()", "ValueError", ""),
        (repr(ValueError("it's \\ 'so'\n\"now\"")), "ValueError", "it's \\ 'so'\n\"now\""),
        ("HTTP status 503", "Error", "HTTP status 503"),
        ("ValueError(" + "(" * 500 + ")", "ValueError", "(" * 500),
    ],
)
def test_errors_are_read(said: str, kind: str, message: str) -> None:
    """Type and message are taken from the repr; what is none is the message."""
    assert read_error(said) == (kind, message)


@pytest.mark.parametrize("wrong", [5, True, 1.5, "x", {"a": 1}, [5]])
def test_tool_calls_of_another_type_do_not_cost_the_span(wrong: Any) -> None:
    """What stands in place of a list of tool calls is left out, not refused with its batch."""
    message = {"role": "assistant", "content": "yes", "tool_calls": wrong}
    sent = replace(
        FULL,
        inputs=json.dumps({"messages": [message]}).encode(),
        outputs=json.dumps({"choices": [{"message": message}]}).encode(),
    )
    (resource,) = to_request(Batch([sent])).resource_spans
    found = {it.key: it.value.string_value for it in resource.scope_spans[0].spans[0].attributes}
    for side in ("input", "output"):
        (back,) = json.loads(found[f"gen_ai.{side}.messages"])
        assert back["parts"] == [{"type": "text", "content": "yes"}]
