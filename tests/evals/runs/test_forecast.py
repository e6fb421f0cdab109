"""What a plan foretells, against what a run then asks."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalhub.evals.runs.forecast import Forecast, forecast
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.assemble import assemble
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


def at(server: Any) -> str:
    """Return what a suite says of a model of *server*."""
    return f"model: m, base_url: '{server.url}/v1'"


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
    folder: Path, judge_server: Any, judge: str
) -> None:
    """Judges of several steps are followed to their end, and nothing is asked or kept."""
    found = plan(folder, f"{HEAD}metrics:\n  - {{{judge}, cache: false, {at(judge_server)}}}\n")
    assert not judge_server.asked
    run(folder)
    (line,) = [line for line in found.lines if line.kind == "judge"]
    assert line.calls == judge_server.asked["m"] > 0


def test_every_member_of_a_panel_is_counted_at_its_own_price(
    folder: Path, judge_server: Any, monkeypatch: pytest.MonkeyPatch
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


def test_tools_of_a_prompt_are_read_by_the_model_as_well(folder: Path, judge_server: Any) -> None:
    """What is said of tools goes into every request."""
    tool = {"type": "function", "function": {"name": "find", "description": "find it " * 500}}
    (folder / "tools.json").write_text(json.dumps([tool]))
    target = f"  asked: {{{at(judge_server)}, template: '{{question}}', max_tokens: 10"
    without = plan(folder, f"{HEAD}{target}}}\n").lines[2]
    with_tools = plan(folder, f"{HEAD}{target}, tools: tools.json}}\n").lines[2]
    assert without.tokens is not None
    assert with_tools.tokens is not None
    assert with_tools.tokens - without.tokens > 3 * 1000


def test_canaries_are_asked_once_in_a_run(folder: Path, judge_server: Any) -> None:
    """They count beside the outputs, and not once for each target."""
    judge = f"{{judge: rubric, criteria: helpful, {at(judge_server)}, judge_canary: c.jsonl}}"
    canaries = [
        {"canaries": 1, "signature": "rubric"},
        {"id": "1", "grade": 1.0, "columns": {"outputs": "a", "inputs": {"question": "b"}}},
        {"id": "2", "grade": 1.0, "columns": {"outputs": "c", "inputs": {"question": "d"}}},
    ]
    (folder / "c.jsonl").write_text("\n".join(map(json.dumps, canaries)))
    found = plan(folder, f"{HEAD}metrics: [{judge}]\n")
    run(folder)
    assert found.lines[2].calls == judge_server.asked["m"] == 2 * 3 + 2


def test_a_model_without_a_price_is_named(folder: Path, judge_server: Any) -> None:
    """It is said before the run refuses a budget in dollars."""
    judge = f"{{judge: rubric, criteria: helpful, {at(judge_server)}}}"
    (note,) = plan(folder, f"{HEAD}metrics: [{judge}]\nbudget: {{usd: 1}}\n").notes
    assert note.startswith("no price is known for 'm'; add it with evalhub prices add; the budget")


def test_a_limit_is_planned_for(folder: Path, judge_server: Any) -> None:
    """Only the examples that are left are counted."""
    (folder / "suite.yaml").write_text(
        f"{HEAD}metrics:\n  - {{judge: rubric, criteria: helpful, {at(judge_server)}}}\n"
    )
    loaded = load_suite(folder / "suite.yaml")
    with assemble(loaded, Ledger(), asks=False) as whole:
        first = Dataset(whole.dataset.name, whole.dataset.examples[:1])
        found = forecast(loaded, replace(whole, dataset=first), FolderTracker(folder / "runs"))
    assert [line.calls for line in found.lines] == [1, 1, 2]
