"""``evalhub eval``, as a user types it: files in a folder, a process, an exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from evalhub.store import open_store
from evalhub.store.queries import list_traces

EVALHUB = str(Path(sys.executable).with_name("evalhub"))

APP = """\
import time

def copy(text):
    return text

def half(text):
    words = text.split()
    return " ".join(words[: len(words) // 2])

def fragile(text):
    if int(text.split()[0]) < 4:
        raise RuntimeError("too hard")
    return text

def slow(text):
    print("called", flush=True)
    time.sleep(60)
"""

SUITE = """\
name: copies
dataset: {path: data.jsonl, inputs: [text], reference: longer}
targets:
  baseline: {function: app:copy}
  candidate: {function: app:FUNCTION}
metrics: [rouge1, exact_match]
gates:
  - {metric: rouge1, of: candidate, not_worse_than: baseline, margin: 0.05}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an application, data and a suite for each function."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    for function in ("copy", "half", "fragile", "slow"):
        (folder / f"{function}.yaml").write_text(SUITE.replace("FUNCTION", function))
    rows = []
    for number in range(20):
        text = f"{number} is the number that word {number} of the twenty texts tells"
        longer = text + " and more" * (1 + number % 3)
        rows.append(json.dumps({"id": number, "text": text, "longer": longer}))
    (folder / "data.jsonl").write_text("\n".join(rows))
    return folder


def evalhub(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``evalhub eval`` in *folder*."""
    return subprocess.run(
        [EVALHUB, "eval", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    """Return the JSON on standard output, which must hold nothing else."""
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_suite_from_file_to_verdict(folder: Path, evalhub_home: Path) -> None:
    """Pass, fail, inconclusive and incomplete have codes 0, 1, 3 and 4; runs are kept."""
    passed = evalhub(folder, "run", "copy.yaml")
    assert passed.returncode == 0, passed.stderr
    assert "verdict: pass" in passed.stdout
    assert "+0.000 [+0.000, +0.000]" in passed.stdout
    assert max(map(len, passed.stdout.splitlines()[:-1])) <= 100

    failed = evalhub(folder, "run", "half.yaml", "--json")
    assert failed.returncode == 1, failed.stderr
    result = answer(failed)
    assert result["verdict"] == "fail"
    difference = result["comparisons"][0]["metrics"]["rouge1"]["difference"]
    assert difference["n"] == 20
    assert difference["upper"] < -0.05
    runs = [item["run_id"] for item in result["experiments"]]

    assert evalhub(folder, "run", "half.yaml", "--limit", "3").returncode == 3
    incomplete = evalhub(folder, "run", "fragile.yaml")
    assert incomplete.returncode == 4
    assert "4 of 20 examples have no score" in incomplete.stdout

    listed = answer(evalhub(folder, "list", "--json"))
    assert len(listed) == 8
    assert {item["run_id"] for item in listed} >= set(runs)
    assert listed[0]["target"] == "candidate"
    assert listed[0]["metrics"]["rouge1"]["errored"] == 4
    assert runs[0] in evalhub(folder, "list", "--suite", "copies").stdout

    compared = evalhub(folder, "compare", *runs, "--gate", "rouge1=0.05", "--json")
    assert compared.returncode == 1, compared.stderr
    assert answer(compared)["comparisons"] == result["comparisons"]
    assert evalhub(folder, "compare", *runs).returncode == 0
    unknown = evalhub(folder, "compare", *runs, "--gate", "rouge9=0.05")
    assert unknown.returncode == 2
    assert "no" not in unknown.stdout

    with open_store(f"sqlite:///{evalhub_home / 'evalhub.db'}") as store, store.read() as rows:
        assert {trace.project for trace in list_traces(rows, limit=500)} == {"evaluations"}

    client = MlflowClient(f"sqlite:///{evalhub_home / 'mlflow.db'}")
    files = [item.path for item in client.list_artifacts(runs[1])]
    reports = ["junit.xml", "report.html", "report.json", "report.md"]
    record = ["results.json", "results.parquet"]
    assert files == ["experiment.json", "half.yaml", *reports, *record]
    assert client.get_run(runs[1]).data.params["function"] == "app:half"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "none.yaml"], "there is no suite file none.yaml"),
        (["run", "app.py"], "app.py:"),
        (["run", "copy.yaml", "--limit", "0"], "the limit is 0"),
        (["compare", "f" * 32, "e" * 32], "there is no MLflow"),
        (["compare", "a", "b", "--gate", "rouge1"], "no kept run has the id 'a'; see evalhub eval"),
    ],
)
def test_what_cannot_be_done_is_one_line(folder: Path, arguments: list[str], message: str) -> None:
    """Exit code 2, one line on standard error, nothing on standard output."""
    done = evalhub(folder, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    assert message in lines[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("app:half", "app:halve", "suite.yaml:5:3: app has no 'halve'"),
        ("app:half", "apple:half", "suite.yaml:5:3: cannot import 'apple'"),
        ("data.jsonl", "none.jsonl", "there is no data set none.jsonl"),
        ("exact_match", "exact_mach", "suite.yaml:6:19: no metric is called 'exact_mach'; did you"),
        ("metric: rouge1", "metric: rouge2", "suite.yaml:8:6: no metric is called 'rouge2' here"),
        ("reference: longer", "", "suite.yaml:6:11: rouge1 needs references"),
        (
            "{function: app:copy}",
            "{model: gpt, template: '{x}'}",
            "suite.yaml:4:3: the model 'gpt'",
        ),
    ],
)
def test_a_suite_that_cannot_run_is_one_line(
    folder: Path, evalhub_home: Path, old: str, new: str, message: str
) -> None:
    """Whatever the file gets wrong is found before a call and before MLflow is made."""
    text = (folder / "half.yaml").read_text()
    assert old in text
    (folder / "suite.yaml").write_text(text.replace(old, new))
    done = evalhub(folder, "run", "suite.yaml")
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (evalhub_home / "mlflow.db").exists()


def test_a_tracker_that_does_not_answer_costs_no_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code is that of the verdict, one line says where the runs are, and they compare."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    done = evalhub(folder, "run", "half.yaml", "--json")
    assert done.returncode == 1, done.stderr
    [line] = [line for line in done.stderr.splitlines() if "no MLflow server answers" in line]
    assert line.endswith("send them later with: evalhub eval sync")
    runs = [item["run_id"] for item in answer(done)["experiments"]]
    assert all(run.startswith("unsent-") for run in runs)
    compared = evalhub(folder, "compare", *runs, "--gate", "rouge1=0.05", "--json")
    assert compared.returncode == 1, compared.stderr
    assert answer(compared)["comparisons"] == answer(done)["comparisons"]
    listed = evalhub(folder, "list")
    assert (listed.returncode, len(listed.stderr.strip().splitlines())) == (2, 1)


def test_nothing_kept_yet_is_said(folder: Path) -> None:
    """An empty list is an empty array for machines and a hint for people."""
    assert answer(evalhub(folder, "list", "--json")) == []
    done = evalhub(folder, "list")
    assert (done.returncode, done.stdout) == (0, "")
    assert "evalhub eval run" in done.stderr


def test_ctrl_c_ends_at_once(folder: Path) -> None:
    """Calls on the way are left behind; there is no traceback and no run."""
    suite = folder / "slow.yaml"
    suite.write_text(suite.read_text().replace("app:copy", "app:slow"))
    process = subprocess.Popen(
        [EVALHUB, "eval", "run", "slow.yaml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    with process:
        try:
            assert process.stderr is not None
            # What the application prints goes there: standard output is the report's.
            assert "called" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            out, told = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode not in (0, 1)
    assert "Traceback" not in told
    assert out == ""


@pytest.mark.model
@pytest.mark.slow
def test_the_embedded_model_against_itself(folder: Path) -> None:
    """Two prompts for the real local model: outputs, traces and tokens are real."""
    (folder / "prompt.txt").write_text("Answer with one short sentence. What is {text}?")
    (folder / "model.yaml").write_text(
        "name: words\n"
        "dataset: {path: words.csv, inputs: [text], reference: answer}\n"
        "targets:\n"
        "  baseline: {model: local, prompt: prompt.txt, max_tokens: 24, temperature: 0}\n"
        "  candidate: {model: local, template: 'Define {text}.', max_tokens: 24}\n"
        "metrics: [rouge1, {judge: rubric, criteria: concise, explain: false}]\n"
        "gates: [{metric: rouge1, not_worse_than: baseline, margin: 0.1}]\n"
        "concurrency: 2\n"
    )
    (folder / "words.csv").write_text(
        "id,text,answer\n1,rain,Water that falls from clouds.\n2,a chair,A seat for one person.\n"
    )
    done = evalhub(folder, "run", "model.yaml", "--json")
    assert done.returncode == 3, done.stderr  # two examples decide nothing
    for experiment in answer(done)["experiments"]:
        assert experiment["errors"] == 0
        metrics = experiment["metrics"]
        assert 1 <= metrics["output_tokens"]["mean"] <= 24
        assert metrics["input_tokens"]["n"] == 2
        assert metrics["cost_usd"]["mean"] is None
        judged = metrics["concise"]
        assert (judged["n"], judged["bounds"]) == (2, [1.0, 5.0])
