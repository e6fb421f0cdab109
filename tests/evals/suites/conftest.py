"""A folder with a data set and functions to call, for suites."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

FUNCTIONS = """\
def copy(text):
    return text

def first(text):
    return text.split()[0]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with ``data.jsonl``, and functions in the module ``suite_app``."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "suite_app.py").write_text(FUNCTIONS)
    rows = [
        {"id": n, "text": f"text {n} of the data", "right": f"text {n} of the data"}
        for n in range(8)
    ]
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "suite_app", raising=False)
    return folder


class JudgeServer(ThreadingHTTPServer):
    """A fake model: it grades by the name it is asked under, over OpenAI's or Anthropic's API."""

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
        said = "Output (a) is better." if "answer_a" in str(asked) else '{"score": 4}'
        if '"steps"' in json.dumps(asked.get("response_format", {})):
            said = json.dumps({"steps": ["Read it.", "Grade it."]})
        shape = _anthropic if self.path.endswith("/messages") else _openai
        body = json.dumps(shape(asked["model"], said)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


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
