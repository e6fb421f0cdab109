"""A fake model that judges and targets of suites ask."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from evalhub.evals.suites.sketch import sketch


class JudgeServer(ThreadingHTTPServer):
    """A fake model of OpenAI's and Anthropic's API: it answers what the schema asks for.

    It counts requests by the model's name.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Judge)
        self.asked: Counter[str] = Counter()
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.server_port}"


class _Judge(BaseHTTPRequestHandler):
    server: JudgeServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.counting:
            self.server.asked[asked["model"]] += 1
        shape = _anthropic if self.path.endswith("/messages") else _openai
        body = json.dumps(shape(asked["model"], sketch(_schema(asked)))).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def _schema(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the answer that is *asked* for, in either API's words."""
    openai = asked.get("response_format", {}).get("json_schema", {})
    anthropic = asked.get("output_config", {}).get("format", {})
    found: dict[str, Any] | None = {**openai, **anthropic}.get("schema")
    return found


def _openai(model: str, said: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": said}
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
    }


def _anthropic(model: str, said: str) -> dict[str, Any]:
    return {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [{"type": "text", "text": said}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 5},
    }


@pytest.fixture
def judge_server() -> Iterator[JudgeServer]:
    """Give a fake model that counts what it is asked, on the loopback interface."""
    with JudgeServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
