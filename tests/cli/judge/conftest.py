"""Labels in files, a judge over HTTP, and the command as a user types it.

The model is a fake: a server on this machine that speaks OpenAI's protocol and grades by a
rule, because a real one does not move when a test wants it to. Client and wire are real.
"""

import csv
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from evalhub.cli.judge import app

QUESTION = "What is the capital of France?"
RULE = {"good": 5, "fair": 3, "poor": 1}
"""The grade that the fake gives an output by its first word."""


@dataclass
class FakeModel:
    """A fake model behind OpenAI's protocol: answers each prompt with a grade, or a status."""

    url: str
    answer: Callable[[str], int | str]
    keys: set[str | None] = field(default_factory=set)
    """What was sent as authorization."""

    @property
    def options(self) -> list[str]:
        """What makes a judge of it on the command line."""
        return ["--judge", "rubric", "--criteria", "relevant", *self.where]

    @property
    def where(self) -> list[str]:
        """The model and its address."""
        return ["--model", "fake", "--base-url", self.url]


@pytest.fixture
def model() -> Iterator[FakeModel]:
    """Serve the fake model."""
    fake = FakeModel("", _by_rule)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(fake))
    fake.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


def _by_rule(prompt: str) -> str:
    output = prompt.split("<answer>\n")[1].split("\n</answer>", maxsplit=1)[0]
    return json.dumps({"explanation": f"it is {output}", "score": RULE[output.split()[0]]})


def _handler(fake: FakeModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            fake.keys.add(self.headers["authorization"])
            said = fake.answer(body["messages"][-1]["content"])
            failed = isinstance(said, int)
            data = json.dumps({"error": {"message": "down"}} if failed else _completion(said))
            self.send_response(said if isinstance(said, int) else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data.encode())))
            self.end_headers()
            self.wfile.write(data.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
            """Stay silent."""

    return Handler


def _completion(text: str | int) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "fake",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with labelled outputs, outputs without labels, and graded ones."""
    folder = tmp_path / "work"
    folder.mkdir()
    words = ["good", "fair", "poor"]
    rows = [
        {
            "id": f"e{i}",
            "input": QUESTION,
            "output": f"{words[i % 3]} answer {i}",
            "human": "pass" if (i % 3 != 2) != (i % 11 == 0) else "fail",
            "anna": "pass" if (i % 3 != 2) != (i % 7 == 0) else "fail",
            "judge": "pass" if i % 3 == 0 else "fail",
            "talk": f"t{i // 2}",
        }
        for i in range(90)
    ]
    _write_lines(folder / "labels.jsonl", rows)
    new = [{**row, "id": f"n{row['id']}"} for row in rows for _ in (0,)]
    _write_lines(folder / "new.jsonl", new)
    with (folder / "grades.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "human", "judge"])
        writer.writerows(
            [i, i % 5 + 1, "" if i == 0 else min(5, i % 5 + 1 + i % 2)] for i in range(60)
        )
    return folder


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def run() -> Callable[..., Result]:
    """Return a function that runs ``evalhub judge`` in this process, and checks its exit code."""

    def judge(*arguments: object, code: int = 0) -> Result:
        done = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert done.exit_code == code, (done.output, done.exception)
        return done

    return judge
