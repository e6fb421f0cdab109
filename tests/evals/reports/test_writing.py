"""Reports as files, on a job's page, and at the runs that a real MLflow keeps."""

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.writing import add_to_job_summary, attach_report, write_report
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.model import Experiment

MakeRun = Callable[..., Experiment]


def test_each_form_goes_where_it_is_asked_for(report: Report, tmp_path: Path) -> None:
    """Folders are made, nothing else is written, and no half file is left."""
    paths = ReportPaths(html=tmp_path / "out" / "a" / "b.html", junit=tmp_path / "out" / "j.xml")
    assert write_report(report, paths) == [paths.html, paths.junit]
    assert sorted(path.name for path in (tmp_path / "out").rglob("*") if path.is_file()) == [
        "b.html",
        "j.xml",
    ]
    both = paths.or_else(ReportPaths.in_folder(tmp_path / "all"))
    assert both.html == paths.html
    assert both.json == tmp_path / "all" / "report.json"


def test_what_is_no_plain_file_is_written_to(report: Report, tmp_path: Path) -> None:
    """A link to standard output, a device or a pipe is not replaced by a file."""
    kept = tmp_path / "kept.md"
    kept.write_text("old")
    link = tmp_path / "link.md"
    link.symlink_to(kept)
    write_report(report, ReportPaths(markdown=link))
    assert link.is_symlink()
    assert kept.read_text(encoding="utf-8").startswith("## ❌ support-answers: fail")

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = subprocess.Popen(["cat", pipe], stdout=subprocess.PIPE, text=True)
    write_report(report, ReportPaths(junit=pipe))
    told, _ = reader.communicate(timeout=60)
    assert pipe.is_fifo()
    assert "<testsuites" in told


def test_half_of_an_emoji_can_be_written(make_run: MakeRun, tmp_path: Path) -> None:
    """An answer that was cut off within a surrogate pair ends no night."""
    run = make_run("candidate", 6)
    half = "cut off \ud83d"
    cut = tuple(replace(item, output=half, inputs={half: half}) for item in run.results)
    report = make_report([replace(run, results=cut)])
    paths = ReportPaths.in_folder(tmp_path)
    assert len(write_report(report, paths)) == 4
    assert "cut off \ufffd" in (tmp_path / "report.json").read_text(encoding="utf-8")
    assert "cut off &lt;U+D83D&gt;" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_file_is_replaced_as_a_whole(report: Report, tmp_path: Path) -> None:
    """What was there before does not shine through."""
    path = tmp_path / "report.md"
    path.write_text("old " * 100_000)
    write_report(replace(report, gates=(), comparisons=()), ReportPaths(markdown=path))
    assert "old" not in path.read_text(encoding="utf-8")


def test_what_cannot_be_written_is_one_line(report: Report, tmp_path: Path) -> None:
    """The message names the file; nothing is left beside it."""
    folder = tmp_path / "reports"
    folder.mkdir()
    (folder / "file").write_text("")
    with pytest.raises(ConfigError, match=r"the report .*file/r\.html cannot be written"):
        write_report(report, ReportPaths(html=folder / "file" / "r.html"))
    (folder / "r.html").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        write_report(report, ReportPaths(html=folder / "r.html"))
    assert sorted(path.name for path in folder.iterdir()) == ["file", "r.html"]


def test_the_job_summary_is_added_to(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two suites of one job are on one page; outside of a job nothing is written."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert add_to_job_summary(report) is None
    path = tmp_path / "summary"
    path.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    assert add_to_job_summary(report) == path
    add_to_job_summary(report)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n## ")
    assert text.count("## ❌ support-answers: fail") == 2
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary"))
    with pytest.raises(ConfigError, match="GITHUB_STEP_SUMMARY is "):
        add_to_job_summary(report)


def test_the_job_summary_is_not_overfilled(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub drops all of a page over 1 MiB: what is added is cut, and then left out."""
    path = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    wide = replace(report, reason="⚖" * 30_000)
    path.write_text("x" * 1_000_000)
    add_to_job_summary(wide)
    assert 1_000_000 < path.stat().st_size <= 1 << 20
    assert "Cut here" in path.read_text(encoding="utf-8")
    path.write_text("x" * 1_048_000)
    assert add_to_job_summary(wide) == path
    assert path.stat().st_size == 1_048_000


class ListingTracker(MlflowTracker):
    """Lists what it is given; how MLflow takes files is tested where the tracker is."""

    def __init__(self) -> None:
        self.attached: dict[str, list[str]] = {}

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        """List files that are there."""
        self.attached[run_id] = [path.name for path in files if path.stat().st_size]


def test_an_earlier_run_keeps_its_own_report(report: Report) -> None:
    """Only the runs of tonight get tonight's report."""
    earlier, tonight = report.experiments
    both = replace(report, experiments=(replace(earlier, is_earlier=True), tonight))
    tracker = ListingTracker()
    attach_report(both, tracker)
    forms = ["report.html", "report.md", "junit.xml", "report.json"]
    assert tracker.attached == {tonight.run_id: forms}
