"""A fake of OpenAI's API over HTTP, for what the local model cannot answer.

It speaks the documented protocol on 127.0.0.1: JSON answers, streams as server-sent events,
uploads as multipart forms, errors with their body and an ``x-request-id``. What it answers
is chosen by the path and, for errors, by the name of the model.
"""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import openai
import pytest

PIXEL = b"\x89PNG\r\n\x1a\nnot quite a picture"
SPEECH = b"ID3 not quite a song"
PICTURE = base64.b64encode(PIXEL).decode()
CHAT_USAGE: dict[str, Any] = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 1},
}
USAGE = {
    "input_tokens": 7,
    "input_tokens_details": {"cached_tokens": 3},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 9,
}
TOOL_CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x-1",
    "service_tier": "flex",
    "usage": CHAT_USAGE,
}
MESSAGE = {"role": "assistant", "content": '{"n": 1}', "tool_calls": [TOOL_CALL]}
DELTAS: list[tuple[dict[str, Any], str | None]] = [
    ({"role": "assistant", "content": "", "refusal": None}, None),
    ({"content": '{"n"'}, None),
    ({"content": ": 1}"}, None),
    ({"tool_calls": [{**TOOL_CALL, "index": 0, "function": {"name": "add"}}]}, None),
    ({"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}, None),
    ({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}, None),
    ({}, "tool_calls"),
]
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-x-1",
    "status": "completed",
    "usage": USAGE,
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {
            "type": "message",
            "id": "m",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": '{"n": 1}', "annotations": []}],
        }
    ],
}
RUN = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1,
    "thread_id": "thread_1",
    "assistant_id": "asst_1",
    "model": "gpt-x-1",
    "status": "completed",
    "instructions": "",
    "tools": [],
    "parallel_tool_calls": True,
    "usage": CHAT_USAGE,
}
THREAD_MESSAGE = {
    "id": "msg_1",
    "object": "thread.message",
    "created_at": 1,
    "thread_id": "thread_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "text", "text": {"value": "Hello", "annotations": []}}],
    "attachments": [],
}
_JSON: dict[str, dict[str, Any]] = {
    "/responses": RESPONSE,
    "/embeddings": {
        "object": "list",
        "model": "embed-x",
        "data": [{"object": "embedding", "index": i, "embedding": [0.25] * 8} for i in range(2)],
        "usage": {"prompt_tokens": 6, "total_tokens": 6},
    },
    "/moderations": {
        "id": "modr-1",
        "model": "moderation-x",
        "results": [{"flagged": False, "categories": {}, "category_scores": {}}],
    },
    "/audio/transcriptions": {
        "text": "Hello there.",
        "usage": {
            "type": "tokens",
            "input_tokens": 8,
            "output_tokens": 3,
            "total_tokens": 11,
            "input_token_details": {"audio_tokens": 8, "text_tokens": 0},
        },
    },
    "/audio/translations": {"text": "Hello there."},
    "/threads/runs": {**RUN, "status": "queued", "usage": None},
    "/threads/thread_1/runs": {**RUN, "status": "queued", "usage": None},
    "/threads/thread_1/runs/run_1": RUN,
    "/threads/thread_1/runs/run_1/submit_tool_outputs": RUN,
}
_IMAGE = {
    "created": 1,
    "output_format": "png",
    "data": [{"b64_json": PICTURE}],
    "usage": {
        "input_tokens": 5,
        "input_tokens_details": {"image_tokens": 0, "text_tokens": 5},
        "output_tokens": 20,
        "total_tokens": 25,
    },
}


class Fake:
    """What the fake was asked, and how many refusals it has left to give."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, Any]] = []
        self.refusals = 0
        self.kept: list[openai.OpenAI] = []

    def keep(self, client: openai.OpenAI) -> openai.OpenAI:
        """Return *client*, which is closed when the test ends."""
        self.kept.append(client)
        return client


@pytest.fixture
def fake() -> Iterator[Fake]:
    """Serve the fake API."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    state = Fake(f"http://127.0.0.1:{server.server_port}/v1")
    server.fake = state  # type: ignore[attr-defined]  # the handler finds it there
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    for client in state.kept:
        client.close()
    server.shutdown()
    server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        fake: Fake = self.server.fake  # type: ignore[attr-defined]  # see the fixture
        path = self.path.partition("?")[0].removeprefix("/v1")
        path = path.removeprefix("/openai/deployments/gpt-x")
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = "json" in (self.headers.get("Content-Type") or "")
        body: Any = json.loads(raw) if is_json and raw else raw
        fake.asked.append((path, body))
        model = body.get("model") if isinstance(body, dict) else None
        if model == "missing":
            self._refuse(404, "The model does not exist", "model_not_found")
        elif fake.refusals:
            fake.refusals -= 1
            self._refuse(429, "Rate limit reached", "rate_limit_exceeded")
        elif body.get("stream") if is_json else b'name="stream"' in raw:
            self._stream(_events(path, body))
        elif path == "/audio/speech":
            self._answer(200, SPEECH, "audio/mpeg")
        else:
            self._answer(200, json.dumps(_whole(path, model)).encode(), "application/json")

    def _refuse(self, status: int, message: str, code: str) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
        self._answer(status, json.dumps({"error": error}).encode(), "application/json")

    def _answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-request-id", "req_1")
        self.send_header("openai-poll-after-ms", "1")
        if status == 429:
            self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, events: list[dict[str, Any]]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("x-request-id", "req_1")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in events:
            kind = event.get("event")  # the events of Assistants
            head = f"event: {kind}\n" if kind else ""
            data = json.dumps(event["data"] if kind else event)
            self._chunk(f"{head}data: {data}\n\n".encode())
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def log_message(self, *args: object) -> None:
        """Stay silent."""


def _whole(path: str, model: str | None) -> dict[str, Any]:
    if path.startswith("/images/"):
        return _IMAGE
    if path == "/completions":
        choice = {"index": 0, "text": "Hello", "finish_reason": "stop", "logprobs": None}
        return {**CHAT, "object": "text_completion", "choices": [choice]}
    if path == "/chat/completions":
        reason = "length" if model == "short" else "tool_calls"
        return {**CHAT, "choices": [{"index": 0, "finish_reason": reason, "message": MESSAGE}]}
    return _JSON[path]


def _events(path: str, body: Any) -> list[dict[str, Any]]:
    if path == "/chat/completions":
        return _chat_events(body)
    if path == "/completions":
        choices = ({"index": 0, "text": text, "finish_reason": None} for text in ("Hel", "lo"))
        about = {**CHAT, "object": "text_completion"}
        return _with_usage([{**about, "choices": [choice]} for choice in choices], body)
    if path == "/responses":
        place = {"item_id": "m", "output_index": 0, "content_index": 0, "logprobs": []}
        begun = {**RESPONSE, "status": "in_progress", "output": [], "usage": None}
        item = {**RESPONSE["output"][0], "status": "in_progress", "content": []}
        part = {"type": "output_text", "text": "", "annotations": []}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": begun},
            {"type": "response.output_item.added", "item": item, "output_index": 0},
            {"type": "response.content_part.added", "part": part, **place},
            {"type": "response.output_text.delta", "delta": '{"n": 1}', **place},
            {"type": "response.completed", "response": RESPONSE},
        ]
        return [{**event, "sequence_number": number} for number, event in enumerate(events)]
    if path.startswith("/images/"):
        about = {"created_at": 1, "size": "auto", "quality": "auto", "background": "auto"}
        image = {**about, "b64_json": PICTURE, "output_format": "png"}
        return [
            {"type": "image_generation.partial_image", "partial_image_index": 0, **image},
            {"type": "image_generation.completed", "usage": _IMAGE["usage"], **image},
        ]
    if path == "/audio/transcriptions":
        done = _JSON[path]
        return [
            {"type": "transcript.text.delta", "delta": "Hello there."},
            {"type": "transcript.text.done", **done},
        ]
    return _run_events()


def _chat_events(body: dict[str, Any]) -> list[dict[str, Any]]:
    chunks = [
        {
            **CHAT,
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        }
        for delta, finish in DELTAS
    ]
    if body["model"] == "breaks":
        error = {"message": "The server had an error", "type": "server_error", "code": "oops"}
        return [*_with_usage(chunks[:3], {}), {"error": error}]
    return _with_usage(chunks, body)


def _with_usage(chunks: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    """Add what the API adds when usage is asked for: nulls, and a last chunk of its own."""
    plain = [{key: chunk[key] for key in chunk if key != "usage"} for chunk in chunks]
    if not (body.get("stream_options") or {}).get("include_usage"):
        return plain
    last = {**plain[-1], "choices": [], "usage": CHAT_USAGE}
    return [*({**chunk, "usage": None} for chunk in plain), last]


def _run_events() -> list[dict[str, Any]]:
    delta = {"content": [{"index": 0, "type": "text", "text": {"value": "Hello"}}]}
    step = {
        "id": "step_1",
        "object": "thread.run.step",
        "created_at": 1,
        "run_id": "run_1",
        "assistant_id": "asst_1",
        "thread_id": "thread_1",
        "type": "message_creation",
        "status": "completed",
        "step_details": {
            "type": "message_creation",
            "message_creation": {"message_id": "msg_1"},
        },
        "usage": CHAT_USAGE,
    }
    started = {**THREAD_MESSAGE, "status": "in_progress", "content": []}
    began = {**RUN, "status": "in_progress", "usage": None}
    events = (
        ("thread.run.in_progress", began),
        ("thread.message.created", started),
        ("thread.message.delta", {"id": "msg_1", "object": "thread.message.delta", "delta": delta}),
        ("thread.message.completed", THREAD_MESSAGE),
        ("thread.run.step.completed", step),
        ("thread.run.completed", RUN),
    )
    return [{"event": kind, "data": data} for kind, data in events]
