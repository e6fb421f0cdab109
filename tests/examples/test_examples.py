"""The examples run as they are, offline; the nightly one with the local model."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from evalhub.evals.suites.schema import suite_schema
from evalhub.evals.suites.suite import load_suite

EXAMPLES = Path(__file__).parents[2] / "examples"
EVALHUB = str(Path(sys.executable).with_name("evalhub"))
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/suite.yaml"))


def evalhub(example: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``evalhub eval`` in the folder of *example*."""
    return subprocess.run(
        [EVALHUB, "eval", *arguments],
        cwd=EXAMPLES / example,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )


@pytest.mark.parametrize("name", NAMES)
def test_every_example_is_valid_by_the_schema(name: str) -> None:
    """An editor that knows the schema marks nothing in it."""
    path = EXAMPLES / name / "suite.yaml"
    load_suite(path)
    jsonschema.Draft202012Validator(suite_schema()).validate(yaml.safe_load(path.read_text()))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("summaries", {"rougeLsum": 0.80, "compression": 0.36}),
        ("rag", {"recall_at_2": 1.0, "mrr": 1.0, "answered": 0.92}),
        ("classification", {"exact_match": 1.0, "classification": 1.0}),
        ("tools", {"trajectory": 1.0, "tool_arguments": 1.0, "tool_schema": 1.0}),
    ],
)
def test_an_example_runs_offline_and_passes(name: str, means: dict[str, float]) -> None:
    """The figures are those that its functions deserve, and every gate holds."""
    done = evalhub(name, "run", "suite.yaml", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["verdict"] == "pass"
    found = _means(result["experiments"][-1])
    assert {key: round(found[key], 2) for key in means} == means


def _means(experiment: dict[str, Any]) -> dict[str, float]:
    metrics = experiment["metrics"]
    return {name: item["mean"] for name, item in metrics.items()}


def test_a_check_of_an_example_says_what_would_run() -> None:
    """The columns, functions and metrics are resolved; nothing is called or kept."""
    done = evalhub("tools", "check", "suite.yaml", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["examples"], found["calls"]) == (12, 12)
    assert found["targets"] == ["assistant"]
    assert found["metrics"] == ["tool_selection", "tool_arguments", "trajectory", "tool_schema"]


def test_the_nightly_example_is_checked_without_a_model(evalhub_home: Path) -> None:
    """A model that was not pulled is named in one line."""
    done = evalhub("nightly", "check", "suite.yaml")
    assert done.returncode == 2
    assert "evalhub models pull smollm2" in done.stderr
    assert not (evalhub_home / "mlflow.db").exists()


@pytest.mark.slow
@pytest.mark.model
def test_the_nightly_example_runs_as_cron_starts_it(evalhub_home: Path) -> None:
    """With no environment but PATH and HOME: from the start to the reports."""
    done = subprocess.run(
        [str(EXAMPLES / "nightly" / "nightly.sh"), EVALHUB, str(evalhub_home)],
        env={"PATH": os.environ["PATH"], "HOME": str(evalhub_home)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verdict: pass" in done.stdout
    cases = ElementTree.parse(evalhub_home / "nightly.xml").getroot().iter("testcase")
    assert len(list(cases)) == 3
    assert (evalhub_home / "nightly.html").stat().st_size > 10_000
    assert "structured" in (evalhub_home / "nightly.md").read_text()
