"""``evalhub eval plan``, as a user types it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.evals.runs.suite_run import run_suite
from evalhub.evals.suites.make_tracker import make_tracker
from evalhub.evals.suites.suite import load_suite

SUITE = """\
name: planned
dataset: {path: data.jsonl, inputs: [text], reference: text, cluster: who}
targets: {old: {column: text}, new: {column: text}}
metrics: [rouge1]
gates: [{metric: rouge1, of: new, not_worse_than: old, margin: 0.1}]
tracking: {folder: {path: runs}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a suite that keeps its runs there."""
    folder = tmp_path / "work"
    folder.mkdir()
    rows = [{"id": n, "text": f"text {n}", "who": n % 2, "latency_ms": 20} for n in range(4)]
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / "suite.yaml").write_text(SUITE)
    return folder


def plan(folder: Path, *options: str) -> str:
    """Return what is printed of the plan, asked for from elsewhere."""
    done = subprocess.run(
        [Path(sys.executable).with_name("evalhub"), "eval", "plan", "work/suite.yaml", *options],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_plan_rests_on_runs_where_the_suite_keeps_them(folder: Path) -> None:
    """Not on those of MLflow, where a folder keeps them."""
    suite = load_suite(folder / "suite.yaml")
    run_suite(suite, make_tracker(suite))
    found = json.loads(plan(folder, "--json"))
    assert [line["origin"].partition(",")[0] for line in found["lines"]] == ["the last run"] * 2
    assert found["seconds"] == pytest.approx(2 * 4 * 0.02 / 4)


def test_what_cannot_be_seen_is_no_number(folder: Path) -> None:
    """A score between 0 and 1 has no difference of 3; what to do is said beside it."""
    (gate,) = json.loads(plan(folder, "--json"))["gates"]
    assert (gate["smallest"], gate["units"]) == (None, 2)
    assert gate["origin"].startswith("more than from 0 to 1: too few units; assumed")
    assert "?" in plan(folder)
