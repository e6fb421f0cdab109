"""A fake of a model behind OpenAI's protocol, whose answers a test decides.

A model that runs here neither gives chosen logprobs nor refuses, fails or is cut off on demand. The
client, the wire and the reading of the answers are real.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat

Reply = str | int | Mapping[str, Any]
"""A text; or the HTTP status of a failure; or ``content`` with, as the case may be,
``finish_reason``, ``refusal`` and ``logprobs`` (a list of (token, {rival: logprob}))."""
Serve = Callable[..., OpenAIChat]
"""Takes a reply, or a function of the request's body that gives one, and gives a client."""


class _Fake:
    def __init__(self) -> None:
        self.reply: Callable[[dict[str, Any]], Reply] = lambda body: 500
        self.requests: list[dict[str, Any]] = []

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.requests.append(body)
        reply = self.reply(body)
        if isinstance(reply, int):
            return reply, {"error": {"message": "a failure on demand", "param": None}}
        return 200, _completion({"content": reply} if isinstance(reply, str) else reply)


def _completion(reply: Mapping[str, Any]) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.get("content")}
    choice = {
        "index": 0,
        "message": message | {"refusal": reply.get("refusal")},
        "finish_reason": reply.get("finish_reason", "stop"),
        "logprobs": _logprobs(reply["logprobs"]) if "logprobs" in reply else None,
    }
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake-2026",
        "choices": [choice],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }


def _logprobs(tokens: list[tuple[str, dict[str, float]]]) -> dict[str, Any]:
    content = [
        {
            "token": token,
            "logprob": top.get(token, -9.0),
            "bytes": None,
            "top_logprobs": [
                {"token": rival, "logprob": logprob, "bytes": None}
                for rival, logprob in top.items()
            ],
        }
        for token, top in tokens
    ]
    return {"content": content, "refusal": None}


def _handler(fake: _Fake) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, answer = fake.answer(body)
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
            """Stay silent."""

    return Handler


@pytest.fixture
def fake_model() -> _Fake:
    """Return what the fake model says, and what it was asked."""
    return _Fake()


@pytest.fixture
def requests(fake_model: _Fake) -> list[dict[str, Any]]:
    """Return the bodies of the requests so far."""
    return fake_model.requests


@pytest.fixture
def serve(fake_model: _Fake) -> Iterator[Serve]:
    """Serve the fake model over HTTP; see :data:`Serve`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake_model))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    clients: list[OpenAIChat] = []

    def start(reply: Reply | Callable[[dict[str, Any]], Reply], model: str = "fake") -> OpenAIChat:
        fake_model.reply = reply if callable(reply) else lambda body: reply
        url = f"http://127.0.0.1:{server.server_port}/v1"
        clients.append(OpenAIChat(Endpoint(url, model), max_retries=0))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    server.shutdown()
    thread.join()
    server.server_close()
