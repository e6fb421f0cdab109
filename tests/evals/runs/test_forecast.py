"""What a plan foretells, against what a run then asks."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from evalhub.evals.runs.forecast import Forecast, forecast
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.sketch import sketch
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.folder import FolderTracker
from evalhub.model import Dataset

HEAD = """\
name: planned
dataset: {path: data.jsonl, inputs: [question], reference: right}
targets:
  base: {column: old}
  candidate: {column: new}
"""


class ModelServer(ThreadingHTTPServer):
    """A fake model that answers what the schema asks for, and counts by its name."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Model)
        self.asked: Counter[str] = Counter()
        self.counting = threading.Lock()

    @property
    def at(self) -> str:
        """What a suite says of a model here."""
        return f"model: m, base_url: 'http://127.0.0.1:{self.server_port}/v1'"


class _Model(BaseHTTPRequestHandler):
    server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        with self.server.counting:
            self.server.asked[asked["model"]] += 1
        wanted = asked.get("response_format", {}).get("json_schema", {}).get("schema")
        message = {"role": "assistant", "content": sketch(wanted)}
        said = {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": asked["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10},
        }
        body = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """Give a fake model on the loopback interface."""
    with ModelServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three questions, and outputs made before."""
    rows = [
        {
            "id": n,
            "question": f"What is {n}?",
            "right": f"It is {n}.",
            "old": f"Number {n}.",
            "new": f"{n}, I think.",
            "contexts": [f"About {n}."],
        }
        for n in range(3)
    ]
    (tmp_path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


def plan(folder: Path, suite: str) -> Forecast:
    """Return what is foretold of *suite*, in YAML."""
    (folder / "suite.yaml").write_text(suite)
    loaded = load_suite(folder / "suite.yaml")
    with assemble(loaded, Ledger(), asks=False) as assembly:
        return forecast(loaded, assembly, FolderTracker(folder / "runs"))


def run(folder: Path) -> None:
    """Run the suite that was planned."""
    run_suite(load_suite(folder / "suite.yaml"), FolderTracker(folder / "runs"))


@pytest.mark.parametrize(
    "judge",
    [
        "judge: rubric, criteria: helpful",
        "judge: summary, source: question",
        "judge: pairwise, criteria: helpful",
        "judge: faithfulness",
        "judge: context_recall",
        "judge: noise_sensitivity",
        "judge: geval, criteria: helpful, samples: 3, steps: null",
        "judge: rubric, criteria: helpful, label: mine",
    ],
)
def test_as_many_requests_are_foretold_as_are_made(
    folder: Path, model: ModelServer, judge: str
) -> None:
    """Judges of several steps are followed to their end, and nothing is asked or kept."""
    found = plan(folder, f"{HEAD}metrics:\n  - {{{judge}, cache: false, {model.at}}}\n")
    assert not model.asked
    run(folder)
    (line,) = [line for line in found.lines if line.kind == "judge"]
    assert line.calls == model.asked["m"] > 0


def test_every_member_of_a_panel_is_counted_at_its_own_price(
    folder: Path, model: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dear member is not taken for the cheap one that stands before it."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    members = (
        "judges: [{judge: rubric, criteria: helpful, MODEL}, {judge: rubric, criteria: harmful}]"
    )
    panel = f"metrics:\n  - {{judge: panel, model: gpt-4o-mini, {members}}}\n"
    cheap, dear = (
        plan(folder, HEAD + panel.replace("MODEL", f"model: {name}"))
        for name in ("gpt-4o-mini", "gpt-4o")
    )
    assert [line.calls for line in dear.lines if line.kind == "judge"] == [12]
    assert cheap.usd is not None
    assert dear.usd is not None
    assert dear.usd > 1.5 * cheap.usd


def test_tools_of_a_prompt_are_read_by_the_model_as_well(folder: Path, model: ModelServer) -> None:
    """What is said of tools goes into every request."""
    tool = {"type": "function", "function": {"name": "find", "description": "find it " * 500}}
    (folder / "tools.json").write_text(json.dumps([tool]))
    target = f"  asked: {{{model.at}, template: '{{question}}', max_tokens: 10"
    without = plan(folder, f"{HEAD}{target}}}\n").lines[2]
    with_tools = plan(folder, f"{HEAD}{target}, tools: tools.json}}\n").lines[2]
    assert without.tokens is not None
    assert with_tools.tokens is not None
    assert with_tools.tokens - without.tokens > 3 * 1000


def test_canaries_are_asked_once_in_a_run(folder: Path, model: ModelServer) -> None:
    """They count beside the outputs, and not once for each target."""
    judge = (
        f"metrics:\n  - {{judge: rubric, criteria: helpful, {model.at}, judge_canary: c.jsonl}}\n"
    )
    canaries = [
        {"canaries": 1, "signature": "rubric"},
        {"id": "1", "grade": 1.0, "columns": {"outputs": "a", "inputs": {"question": "b"}}},
        {"id": "2", "grade": 1.0, "columns": {"outputs": "c", "inputs": {"question": "d"}}},
    ]
    (folder / "c.jsonl").write_text("\n".join(map(json.dumps, canaries)))
    found = plan(folder, HEAD + judge)
    run(folder)
    assert found.lines[2].calls == model.asked["m"] == 2 * 3 + 2


def test_a_model_without_a_price_is_named(folder: Path, model: ModelServer) -> None:
    """It is said before the run refuses a budget in dollars."""
    judge = f"metrics:\n  - {{judge: rubric, criteria: helpful, {model.at}}}\nbudget: {{usd: 1}}\n"
    (note,) = plan(folder, HEAD + judge).notes
    assert note.startswith("no price is known for 'm'; add it with evalhub prices add; the budget")


def test_a_limit_is_planned_for(folder: Path, model: ModelServer) -> None:
    """Only the examples that are left are counted."""
    (folder / "suite.yaml").write_text(
        f"{HEAD}metrics:\n  - {{judge: rubric, criteria: helpful, {model.at}}}\n"
    )
    loaded = load_suite(folder / "suite.yaml")
    with assemble(loaded, Ledger(), asks=False) as whole:
        first = Dataset(whole.dataset.name, whole.dataset.examples[:1])
        found = forecast(loaded, replace(whole, dataset=first), FolderTracker(folder / "runs"))
    assert [line.calls for line in found.lines] == [1, 1, 2]
