"""Reports of real runs: from ``evalhub eval run``, and made again from MLflow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml
from mlflow import MlflowClient

from evalhub.evals.reports.document import read_report

EVALHUB = str(Path(sys.executable).with_name("evalhub"))

APP = """\
def copy(text):
    return text

def half(text):
    words = text.split()
    return " ".join(words[: len(words) // 2])
"""
SUITE = """\
name: copies
dataset: {path: data.jsonl, inputs: [text], reference: text}
targets:
  baseline: {function: app:copy}
  candidate: {function: app:half}
metrics: [rouge1]
gates:
  - {metric: rouge1, of: candidate, not_worse_than: baseline, margin: 0.05}
reports: {html: out/page.html, json: out/report.json}
"""
FORMS = ["junit.xml", "report.html", "report.json", "report.md"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with an application, data and a suite."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "app.py").write_text(APP)
    (folder / "suite.yaml").write_text(SUITE)
    texts = (f"{number} is the number that text {number} tells of" for number in range(20))
    rows = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
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


@pytest.mark.slow
def test_reports_of_a_run_and_of_kept_runs(
    folder: Path, evalhub_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All forms are written and kept at each run; they can be made again with the same verdict."""
    summary = folder / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    done = evalhub(folder, "run", "suite.yaml", "--reports", "all", "--junit", "own.xml")
    assert done.returncode == 1, done.stderr
    assert "look further: evalhub eval report" in done.stdout
    written = [line for line in done.stderr.splitlines() if line.startswith("written: ")]
    assert written == [
        "written: all/report.html",
        "written: all/report.md",
        "written: own.xml",
        "written: all/report.json",
    ]
    assert not (folder / "out").exists()  # what is typed goes before what the file says
    assert summary.read_text().startswith("## ❌ copies: fail")
    report = read_report((folder / "all" / "report.json").read_text())
    assert report.suite_file == SUITE

    runs = [run.run_id or "" for run in report.experiments]
    client = MlflowClient(f"sqlite:///{evalhub_home / 'mlflow.db'}")
    for run in runs:
        assert set(FORMS) <= {item.path for item in client.list_artifacts(run)}

    again = evalhub(folder, "report", *runs, "--suite", "suite.yaml", "--json", "again.json")
    assert again.returncode == 1, again.stderr
    made = read_report((folder / "again.json").read_text())
    assert (made.verdict, made.gates) == (report.verdict, report.gates)
    assert made.comparisons == report.comparisons

    printed = evalhub(folder, "report", runs[1])
    assert printed.returncode == 0, printed.stderr
    assert "copies: 20 examples of data" in printed.stdout
    gated = evalhub(folder, "report", *runs, "--gate", "rouge1=0.9", "--reports", "kept")
    assert gated.returncode == 0, gated.stderr
    assert sorted(path.name for path in (folder / "kept").iterdir()) == FORMS
    (suite,) = JUnitXml.fromfile(str(folder / "kept" / "junit.xml"))
    assert (suite.tests, suite.failures) == (1, 0)

    plain = evalhub(folder, "run", "suite.yaml", "--json")
    assert read_report(plain.stdout).verdict == "fail"
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["page.html", "report.json"]


SILENT = """\
name: silent
dataset: {path: data.jsonl, inputs: [text], reference: text}
targets:
  candidate: {function: app:copy}
metrics: [rouge1, "python:app:broken"]
gates: [{metric: rouge1, at_least: 0.5}]
"""


@pytest.mark.slow
def test_what_is_lacking_is_lacking_in_a_report_made_again(folder: Path) -> None:
    """A metric that scored nothing is not forgotten because the gates of the run hold."""
    (folder / "app.py").write_text(f"{APP}\ndef broken(output):\n    raise OSError('judge down')\n")
    (folder / "silent.yaml").write_text(SILENT)
    done = evalhub(folder, "run", "silent.yaml", "--json")
    assert done.returncode == 4, done.stderr
    report = read_report(done.stdout)
    run = report.experiments[0].run_id or ""
    again = evalhub(folder, "report", run, "--suite", "silent.yaml", "--reports", "all")
    assert again.returncode == 4, again.stderr
    made = read_report((folder / "all" / "report.json").read_text())
    assert (made.verdict, made.reason) == ("incomplete", report.reason)
    assert "judge down" in made.reason
    (suite,) = JUnitXml.fromfile(str(folder / "all" / "junit.xml"))
    assert (suite.tests, suite.errors) == (2, 1)

    (folder / "suite.yaml").write_text(SILENT.replace("silent", "another"))
    other = evalhub(folder, "report", run, "--suite", "suite.yaml")
    assert other.returncode == 4
    assert "note: the gates are those of suite 'another', a run is of 'silent'" in other.stdout
    shown = evalhub(folder, "report", run)
    assert shown.returncode == 0
    assert "verdict: incomplete, 'broken' scored nothing" in " ".join(shown.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["report", "a", "a"], "run a is named twice"),
        (["report", "a", "--suite", "suite.yaml", "--gate", "rouge1=0"], "use one of them"),
        (["report", "f" * 32], "there is no MLflow"),
        (["run", "suite.yaml", "--html", "data.jsonl/x.html", "--limit", "0"], "the limit is 0"),
    ],
)
def test_what_cannot_be_reported_is_one_line(
    folder: Path, arguments: list[str], message: str
) -> None:
    """Exit code 2 and one line, without a run."""
    done = evalhub(folder, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_unknown_form_is_named_by_its_line(folder: Path) -> None:
    """A key of ``reports`` that is misspelt is found before a call."""
    suite = folder / "suite.yaml"
    suite.write_text(SUITE.replace("html:", "htlm:"))
    done = evalhub(folder, "run", "suite.yaml")
    assert done.returncode == 2
    assert "suite.yaml:9" in done.stderr
    assert "did you mean 'html'" in done.stderr
