"""``evalhub judge canary``: whether a judge still grades as it did."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Run = Callable[..., Result]


def test_canaries_tell_that_a_judge_moved(folder: Path, model: Any, run: Run) -> None:
    """Recorded, checked: 0 while the grades stay, 5 once they do not, 4 when it is down."""
    kept = folder / "canaries.jsonl"
    judge = ["--criteria", "relevant", *model.where]
    told = run("canary", "record", folder / "labels.jsonl", "--out", kept, *judge).stdout
    assert "90 canaries, 90 with a grade" in told
    assert "has not moved: 0 of 90" in run("canary", "check", kept, *judge).stdout
    rule = model.answer
    model.answer = lambda prompt: rule(prompt).replace('"score": 3', '"score": 4')
    moved = run("canary", "check", kept, *judge, "--json", code=5)
    found = json.loads(moved.stdout)
    assert found["moved"] is True
    assert found["changed_share"] == pytest.approx(1 / 3)
    assert found["changes"][0] == {
        "id": "e1", "before": 3.0, "now": 4.0, "reason": "it is fair answer 1",
    }  # fmt: skip
    shown = run("canary", "check", kept, *judge, code=5).stdout
    assert "the judge moved: 30 of 90 grades changed" in shown
    assert "and 20 more" in shown
    assert max(map(len, shown.splitlines())) <= 100
    run("canary", "check", kept, *judge, "--tolerance", "1", "--p-value", "0")
    model.answer = lambda prompt: 400
    assert "cannot tell" in run("canary", "check", kept, *judge, code=4).stdout


def test_canaries_of_another_judge_moved(folder: Path, model: Any, run: Run) -> None:
    """The same grades from another prompt are another judge's."""
    kept = folder / "canaries.jsonl"
    run("canary", "record", folder / "labels.jsonl", "--out", kept, *model.options)
    other = ["--judge", "rubric", "--criteria", "concise", *model.where]
    done = run("canary", "check", kept, *other, "--set", "label=relevant", code=5)
    assert "criteria was relevant and is concise" in done.stdout
