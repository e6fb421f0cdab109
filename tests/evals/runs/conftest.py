"""Servers that count what they are asked."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


class CountingServer(ThreadingHTTPServer):
    """Answers ``/ask?id=...`` after a while, and counts each id that it answered."""

    daemon_threads = True
    request_queue_size = 128
    delay_s = 0.01

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: Counter[str] = Counter()
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        """Address without a path."""
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


class _Handler(BaseHTTPRequestHandler):
    server: CountingServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.server.counting:
            self.server.asked[self.path.partition("=")[2]] += 1
        time.sleep(self.server.delay_s)
        body = json.dumps({"text": f"answer to {self.path}"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def counting_server() -> Iterator[CountingServer]:
    """Give a server that counts, on the loopback interface."""
    with CountingServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Answers:
    """How the fake model answers, and what it was asked."""

    delay_s: float = 0.0
    status: int = 200
    body: str | None = None
    """What it answers in place of a completion."""
    headers: dict[str, str] = field(default_factory=dict)
    failures: int | None = None
    """Requests that get *status*, before the rest are answered; None is all of them."""
    judge_status: int = 200
    refused: str | None = None
    """A setting of the judge's requests that is refused with 400."""
    output_tokens: int = 5
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Requests that were answered, by model and last message."""
    seeds: list[int | None] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def tokens(self) -> int:
        """Tokens that were billed."""
        with self.lock:
            return sum(
                count * (len(text.split()) + self.output_tokens)
                for (_, text), count in self.asked.items()
            )

    @property
    def calls(self) -> int:
        """Requests that were answered."""
        with self.lock:
            return sum(self.asked.values())


class FakeModel(ThreadingHTTPServer):
    """A fake of OpenAI's chat completions, for what no real model shows on demand.

    The model ``judge`` grades with 4; any other repeats the last word it is asked.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Completions)
        self.answers = Answers()

    @property
    def url(self) -> str:
        """Address with the version."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed."""


class _Completions(BaseHTTPRequestHandler):
    server: FakeModel
    protocol_version = "HTTP/1.1"
    # Headers and body in two packets would wait for each other for 40 ms.
    wbufsize = -1

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        answers, text = self.server.answers, str(request["messages"][-1]["content"])
        with answers.lock:
            answers.under_way += 1
            answers.most_under_way = max(answers.most_under_way, answers.under_way)
        time.sleep(answers.delay_s)
        status, body = self._answer(request, text)
        with answers.lock:
            answers.under_way -= 1
            if status == 200:
                answers.asked[request["model"], text] += 1
                answers.seeds.append(request.get("seed"))
        self.send_response(status)
        for name, value in answers.headers.items():
            self.send_header(name, value)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _answer(self, request: dict[str, Any], text: str) -> tuple[int, bytes]:
        answers, is_judge = self.server.answers, request["model"] == "judge"
        status = answers.judge_status if is_judge else self._status()
        if status != 200:
            return status, json.dumps({"error": {"message": f"no: {status}"}}).encode()
        if is_judge and answers.refused in request:
            told = {"message": f"Unsupported: {answers.refused}", "param": answers.refused}
            return 400, json.dumps({"error": told}).encode()
        if answers.body is not None and not is_judge:
            return status, answers.body.encode()
        grade = json.dumps({"reason": "fine", "score": 4})
        return status, self._completion(request["model"], text, grade if is_judge else text)

    def _status(self) -> int:
        answers = self.server.answers
        with answers.lock:
            if answers.failures is None:
                return answers.status
            answers.failures -= 1
            return answers.status if answers.failures >= 0 else 200

    def _completion(self, model: str, asked: str, content: str) -> bytes:
        tokens = (len(asked.split()), self.server.answers.output_tokens)
        message = {"role": "assistant", "content": content.rsplit("say ", maxsplit=1)[-1]}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = dict(zip(("prompt_tokens", "completion_tokens"), tokens, strict=True))
        answer = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [choice],
            "usage": {**usage, "total_tokens": sum(tokens)},
        }
        return json.dumps(answer).encode()

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def fake_model() -> Iterator[FakeModel]:
    """Give a fake model that counts, on the loopback interface."""
    with FakeModel() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def words_suite(tmp_path: Path, fake_model: FakeModel) -> Path:
    """Write a suite of two targets and a judge at the fake model, over thirty words."""
    at = f'model: m, base_url: "{fake_model.url}", max_tokens: 20'
    rows = [{"id": f"w{n}", "word": f"word{n}", "reference": f"word{n}"} for n in range(30)]
    (tmp_path / "words.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / "words.yaml"
    path.write_text(
        f"""name: words
dataset: {{path: words.jsonl, inputs: [word], reference: reference}}
targets:
  plain: {{{at}, template: "say {{word}}"}}
  polite: {{{at}, template: "please say {{word}}"}}
metrics:
  - exact_match
  - {{judge: rubric, criteria: right, model: judge, base_url: "{fake_model.url}", cache: true}}
"""
    )
    return path
