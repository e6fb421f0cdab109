"""The real OpenInference instrumentor of the real openai client, over real HTTP.

``FakeOpenAI`` is a fake of OpenAI's endpoint: it answers every chat with the same tool call or the
same stream, in the shapes of the API's reference.
"""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar

import openai
import pytest
from openinference.instrumentation import using_session, using_tags, using_user
from openinference.instrumentation.openai import OpenAIInstrumentor
from opentelemetry.sdk.trace import TracerProvider

from evalhub.model import Usage
from evalhub.tracing import trace
from evalhub.tracing.testing import Recorder

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 5,
    "total_tokens": 25,
    "prompt_tokens_details": {"cached_tokens": 12, "audio_tokens": 1},
    "completion_tokens_details": {"reasoning_tokens": 3, "audio_tokens": 0},
}
CALL = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Bern"}'},
}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
MESSAGES: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
]


class FakeOpenAI(BaseHTTPRequestHandler):
    """A fake of ``POST /v1/chat/completions`` and ``/v1/embeddings``."""

    protocol_version = "HTTP/1.1"
    head: ClassVar[dict[str, Any]] = {"id": "chatcmpl-1", "created": 1, "model": "gpt-x-2026"}

    def do_POST(self) -> None:
        """Answer."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body["model"] == "broken":
            self._send(400, {"error": {"message": "no such model", "type": "invalid"}})
        elif self.path.endswith("/embeddings"):
            data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
            usage = {"prompt_tokens": 2, "total_tokens": 2}
            self._send(200, {"object": "list", "data": data, "model": "e", "usage": usage})
        elif body.get("stream"):
            self._stream()
        else:
            message = {"role": "assistant", "content": None, "tool_calls": [CALL]}
            choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
            self._send(
                200,
                {**self.head, "object": "chat.completion", "choices": [choice], "usage": USAGE},
            )

    def _stream(self) -> None:
        head = {**self.head, "object": "chat.completion.chunk"}
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        deltas += [{"content": text} for text in ("Sun", "ny")]
        chunks = [{**head, "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
        chunks.append({**head, "choices": [], "usage": USAGE})
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        self._write(200, "text/event-stream", "".join([*lines, "data: [DONE]\n\n"]).encode())

    def _send(self, status: int, body: dict[str, Any]) -> None:
        self._write(status, "application/json", json.dumps(body).encode())

    def _write(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write nothing."""


@pytest.fixture
def client(
    provider: TracerProvider, serve_http: Callable[[type[BaseHTTPRequestHandler]], str]
) -> Iterator[openai.OpenAI]:
    """Return a real client that OpenInference instruments."""
    instrumentor = OpenAIInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    url = serve_http(FakeOpenAI)
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0) as client:
        yield client
    instrumentor.uninstrument()


def test_a_call_with_tools(recorder: Recorder, client: openai.OpenAI) -> None:
    """Messages, tools and calls are whole again; usage has its parts; nothing is left flattened."""
    with trace("outer") as outer:
        client.chat.completions.create(
            model="gpt-x",
            messages=MESSAGES,  # type: ignore[arg-type]  # plain dicts
            tools=[TOOL],  # type: ignore[list-item]  # plain dicts
            temperature=0.5,
        )
    span = recorder.span("ChatCompletion")
    assert (span.trace_id, span.parent_id) == (outer.trace_id, outer.span_id)
    assert (span.kind, span.model, span.provider) == ("llm", "gpt-x-2026", "openai")
    assert span.usage == Usage(20, 5, 12, None, 3, 1, 0)
    inputs, outputs = json.loads(span.inputs or b""), json.loads(span.outputs or b"")
    assert inputs["messages"] == MESSAGES
    assert inputs["tools"] == [TOOL]
    assert inputs["temperature"] == 0.5
    (choice,) = outputs["choices"]
    assert choice["message"]["tool_calls"] == [CALL]
    found = json.loads(span.attributes or b"")
    assert found["invocation_params"]["temperature"] == 0.5
    assert not [name for name in found if name.startswith(("llm.", "input.", "output."))]


def test_a_stream(recorder: Recorder, client: openai.OpenAI) -> None:
    """The pieces are one message, and the first token's time is known."""
    stream = client.chat.completions.create(
        model="gpt-x",
        messages=[{"role": "user", "content": "Weather?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    assert len(list(stream)) == 4
    span = recorder.span("ChatCompletion")
    (choice,) = json.loads(span.outputs or b"")["choices"]
    assert choice["message"] == {"role": "assistant", "content": "Sunny"}
    assert span.first_token_ns is not None
    assert span.start_ns < span.first_token_ns <= span.end_ns
    assert span.usage is not None


def test_an_error_of_the_provider(recorder: Recorder, client: openai.OpenAI) -> None:
    """It is on the span; the caller sees openai's own."""
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model="broken", messages=[{"role": "user", "content": "Weather?"}]
        )
    span = recorder.span("ChatCompletion")
    assert span.status == "error"
    assert "no such model" in (span.error or "")


def test_embeddings(recorder: Recorder, client: openai.OpenAI) -> None:
    """An embedding is one, with model, usage and text."""
    client.embeddings.create(model="e", input="hello")
    span = recorder.span("CreateEmbeddings")
    assert (span.kind, span.model) == ("embedding", "e")
    assert span.usage is not None
    assert span.usage.input_tokens == 2
    assert b"hello" in (span.inputs or b"")


def test_session_user_and_tags(recorder: Recorder, client: openai.OpenAI) -> None:
    """OpenInference's context managers fill our fields."""
    with using_session("s1"), using_user("u1"), using_tags(["a", "b"]):
        client.embeddings.create(model="e", input="hello")
    span = recorder.span("CreateEmbeddings")
    assert (span.session_id, span.user_id, span.tags) == ("s1", "u1", ("a", "b"))
