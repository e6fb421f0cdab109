"""Reports as files, on a job's page, and at the runs that a real MLflow keeps."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.writing import add_to_job_summary, attach_report, write_report
from evalhub.experiments.mlflow import MlflowTracker


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
