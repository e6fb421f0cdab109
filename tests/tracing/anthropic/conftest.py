"""A fake of Anthropic's API over HTTP, for what no local model can answer.

It speaks the documented protocol on 127.0.0.1: messages, token counts and batches as JSON,
streams as server-sent events one by one (``message_start``, ``content_block_start``, ``ping``,
``content_block_delta``, ``content_block_stop``, ``message_delta``, ``message_stop``,
``error``), errors with their type and a ``request-id`` header. What it answers is chosen by
the name of the model.
"""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import pytest

from evalhub.tracing.wrappers.anthropic import wrap_anthropic

USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 3,
    "cache_read_input_tokens": 4,
    "output_tokens": 5,
    "service_tier": "standard",
    "output_tokens_details": {"thinking_tokens": 2},
}
THINKING = {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}
TEXT = {"type": "text", "text": "Hello there."}
TOOL_USE = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": [2]}}
BATCH = {
    "id": "msgbatch_1",
    "type": "message_batch",
    "processing_status": "ended",
    "request_counts": {"processing": 0, "succeeded": 1, "errored": 1, "canceled": 1, "expired": 1},
    "created_at": "2026-01-01T00:00:00Z",
    "expires_at": "2026-01-02T00:00:00Z",
    "ended_at": "2026-01-01T00:10:00Z",
    "archived_at": None,
    "cancel_initiated_at": None,
    "results_url": "/v1/messages/batches/msgbatch_1/results",
}
_REFUSALS = {"missing": (404, "not_found_error"), "refused": (429, "rate_limit_error")}
CONTENTS: dict[str, list[dict[str, Any]]] = {
    "plain": [TEXT],
    "tools": [THINKING, TEXT, TOOL_USE],
    "json": [{"type": "text", "text": '{"colour": "red"}'}],
    "cited": [
        {
            **TEXT,
            "citations": [
                {
                    "type": "char_location",
                    "cited_text": "Hello",
                    "document_index": 0,
                    "document_title": None,
                    "start_char_index": 0,
                    "end_char_index": 5,
                    "file_id": None,
                }
            ],
        }
    ],
}


def message(model: str, **changes: Any) -> dict[str, Any]:
    """Return the message that the model called *model* answers."""
    content = CONTENTS.get(model, [TEXT])
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": f"{model}-20260101",
        "content": content,
        "stop_reason": "tool_use" if TOOL_USE in content else "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
        **changes,
    }


def events(model: str) -> Iterator[dict[str, Any]]:
    """Yield the events of *model*'s message, each text in two pieces."""
    whole = message(model)
    start = {**whole, "content": [], "stop_reason": None, "usage": {**USAGE, "output_tokens": 1}}
    yield {"type": "message_start", "message": start}
    for index, block in enumerate(whole["content"]):
        yield from _block_events(index, block)
        if model == "overloaded" and index == 0:
            error = {"type": "overloaded_error", "message": "Overloaded"}
            yield {"type": "error", "error": error}
            return
        if model == "cut":
            return
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    counts = {"output_tokens": 5, "output_tokens_details": {"thinking_tokens": 2}}
    yield {"type": "message_delta", "delta": delta, "usage": counts}
    yield {"type": "message_stop"}


def _block_events(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    empty = {key: value for key, value in block.items() if key != "citations"}
    empty |= {"text": ""} if "text" in block else {}
    empty |= {"thinking": "", "signature": ""} if "thinking" in block else {}
    empty |= {"input": {}} if "input" in block else {}
    yield {"type": "content_block_start", "index": index, "content_block": empty}
    yield {"type": "ping"}
    for delta in _deltas(block):
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for citation in block.get("citations", ()):
        yield {"type": "citations_delta", "citation": citation}
    texts = {"text": "text_delta", "thinking": "thinking_delta"}
    for key, kind in texts.items():
        if key in block:
            text = block[key]
            yield {"type": kind, key: text[:4]}
            yield {"type": kind, key: text[4:]}
    if "signature" in block:
        yield {"type": "signature_delta", "signature": block["signature"]}
    if "input" in block:
        text = json.dumps(block["input"])
        for piece in ("", text[:5], text[5:]):
            yield {"type": "input_json_delta", "partial_json": piece}


class FakeAnthropic:
    """A fake of Anthropic's API; remembers what it was asked."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        """Messages to answer with instead, in turn."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeAnthropic

    def do_POST(self) -> None:
        """Answer a message, a token count or a new batch."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.fake.asked.append(body)
        path = self.path.split("?")[0]
        if path.endswith("/count_tokens"):
            return self._json({"input_tokens": 17})
        if path.endswith("/batches"):
            return self._json(BATCH)
        # Vertex names the model in the path: .../models/plain:rawPredict
        model = body.get("model") or path.rpartition("/")[2].partition(":")[0]
        if model in _REFUSALS:
            status, kind = _REFUSALS[model]
            error = {"type": kind, "message": f"model: {model}"}
            return self._json({"type": "error", "error": error, "request_id": "req_1"}, status)
        if body.get("stream"):
            return self._stream(model)
        if self.fake.answers:
            return self._json(self.fake.answers.pop(0))
        return self._json(message(model))

    def do_GET(self) -> None:
        """Answer with the batch, or with its results as JSON lines."""
        if not self.path.split("?")[0].endswith("/results"):
            return self._json(BATCH)
        usage = {**USAGE, "service_tier": "batch"}
        error = {"type": "invalid_request_error", "message": "max_tokens: too large"}
        results: dict[str, dict[str, Any]] = {
            "first": {"type": "succeeded", "message": message("plain", usage=usage)},
            "second": {"type": "errored", "error": {"type": "error", "error": error}},
            "third": {"type": "canceled"},
            "fourth": {"type": "expired"},
        }
        lines = [json.dumps({"custom_id": key, "result": value}) for key, value in results.items()]
        self._send("\n".join([*lines, ""]).encode(), "application/x-jsonl", 200)

    def _json(self, body: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(body).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str, status: int) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", "req_1")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, model: str) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", "req_1")
        self.end_headers()
        for event in events(model):
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has
        """Keep quiet."""


@pytest.fixture
def api() -> Iterator[FakeAnthropic]:
    """Serve a fresh fake of Anthropic's API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    fake = FakeAnthropic(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = type("Handler", (_Handler,), {"fake": fake})
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def client(api: FakeAnthropic) -> Iterator[anthropic.Anthropic]:
    """Return a real client of the fake, wrapped."""
    with anthropic.Anthropic(api_key="k", base_url=api.url, max_retries=0) as client:
        yield wrap_anthropic(client)


@pytest.fixture
def async_client(api: FakeAnthropic) -> anthropic.AsyncAnthropic:
    """Return a real asynchronous client of the fake, wrapped; the test closes it."""
    return wrap_anthropic(anthropic.AsyncAnthropic(api_key="k", base_url=api.url, max_retries=0))


@pytest.fixture
def bare(api: FakeAnthropic) -> Iterator[anthropic.Anthropic]:
    """Return a real client of the fake that nothing wraps."""
    with anthropic.Anthropic(api_key="k", base_url=api.url, max_retries=0) as client:
        yield client
