"""A fake of a model behind OpenAI's protocol, whose answers a test scripts.

What a judge answers decides the score, and no model that runs here answers the same each time
or fails on demand. The client, the wire and the reading of the answers are real.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat

Say = Callable[..., OpenAIChat]
"""Takes answers and gives a client that gets them, one a request, in order.

An answer is a text, a mapping (sent as JSON text), a number (the HTTP status of a failure)
or a function of the prompt that returns one of these, which answers all further requests.
*finish_reason* is that of the last answer; *refusal* makes it a refusal.
"""


@dataclass
class _Script:
    answers: list[Any] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    finish_reason: str = "stop"
    refusal: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reply(self, request: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        with self.lock:
            self.requests.append(request)
            if not self.answers:
                return 400, {"error": {"message": "the script is at its end"}}
            if callable(self.answers[0]):
                answer, is_last = self.answers[0](request["messages"][-1]["content"]), True
            else:
                answer, is_last = self.answers.pop(0), not self.answers
        if isinstance(answer, int):
            return answer, {"error": {"message": "scripted failure"}}
        text = json.dumps(answer) if isinstance(answer, Mapping) else answer
        return 200, self._completion(text, is_last=is_last)

    def _completion(self, text: str, *, is_last: bool) -> dict[str, Any]:
        refused = self.refusal and is_last
        message = {"role": "assistant", "content": None if refused else text}
        message |= {"refusal": text} if refused else {}
        reason = self.finish_reason if is_last else "stop"
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "fake-2026",
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
        }


@pytest.fixture
def script() -> _Script:
    """Return what the fake model is to say, and what it was asked."""
    return _Script()


@pytest.fixture
def requests(script: _Script) -> list[dict[str, Any]]:
    """Return the bodies of the requests so far."""
    return script.requests


@pytest.fixture
def say(script: _Script) -> Iterator[Say]:
    """Serve the fake model; see :data:`Say`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    endpoint = Endpoint(f"http://127.0.0.1:{server.server_port}/v1", "fake")
    with OpenAIChat(endpoint, max_retries=0) as client:

        def start(*answers: Any, finish_reason: str = "stop", refusal: bool = False) -> OpenAIChat:
            script.answers[:] = answers
            script.finish_reason, script.refusal = finish_reason, refusal
            return client

        yield start
    server.shutdown()
    thread.join()
    server.server_close()


def _handler(script: _Script) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status, answer = script.reply(json.loads(body))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
            """Stay silent."""

    return Handler
