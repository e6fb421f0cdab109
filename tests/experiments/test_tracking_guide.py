"""The examples of docs/tracking.md are true."""

import re
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
from typer.testing import CliRunner

from evalhub.cli.app import build
from evalhub.evals.suites.spec_tracking import TrackerSpec
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.model import Experiment

GUIDE = Path(__file__).parents[2] / "docs" / "tracking.md"


def _blocks(language: str) -> list[str]:
    text = GUIDE.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def test_the_python_examples_run_in_order(
    sqlite_mlflow: str,
    experiment: Experiment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They find the run that is there, by MLflow's own search and by ours."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", sqlite_mlflow)
    monkeypatch.chdir(tmp_path)
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(sqlite_mlflow)
    try:
        MlflowTracker().log(replace(experiment, suite="summaries", target="baseline"))
        run_id = MlflowTracker().log(experiment)
        names: dict[str, object] = {}
        for block in _blocks("python"):
            exec(compile(block, str(GUIDE), "exec"), names)  # noqa: S102  # the guide's own text
    finally:
        mlflow.set_tracking_uri(before)
    shown = capsys.readouterr().out
    assert run_id in shown
    assert "0.5 output 0 Ärger 🙂" in shown
    assert shown.endswith("True\n")


def test_the_suite_example_is_read(tmp_path: Path) -> None:
    """And the table names every tracker that there is."""
    [block] = _blocks("yaml")
    path = tmp_path / "suite.yaml"
    path.write_text(
        "name: s\ndataset: {path: d.jsonl, id: id, inputs: [text]}\n"
        f'targets: {{t: {{function: "app:f"}}}}\n{block}'
    )
    assert len(load_suite(path).spec.tracking) == 3
    for name in TrackerSpec.model_fields:
        assert re.search(rf"^\| `{name}\b", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_commands_have_the_options_that_the_guide_uses() -> None:
    """Each option in a console example is one that the command's help names."""
    lines = [line for block in _blocks("console") for line in block.splitlines()]
    used: dict[str, set[str]] = {}
    for line in lines:
        words = line.partition("#")[0].split()
        assert words[:3] == ["$", "evalhub", "eval"], line
        used.setdefault(words[3], set()).update(word for word in words if word.startswith("--"))
    assert set(used) == {"list", "show", "sync"}
    for command, options in used.items():
        done = CliRunner().invoke(build(["eval"]), ["eval", command, "--help"], terminal_width=200)
        for option in options:
            assert option in done.stdout, (command, option)
