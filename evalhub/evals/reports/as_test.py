"""Run a suite for a test."""

import io
from pathlib import Path

from rich.console import Console

from evalhub.evals.reports.of_suite import keep_report, suite_report
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report
from evalhub.evals.runs.suite_run import SuiteResult, run_suite
from evalhub.evals.suites.make_tracker import make_tracker
from evalhub.evals.suites.suite import load_suite

__all__ = ["as_text", "run_for_test"]

_WIDTH = 100


def run_for_test(path: Path, *, limit: int | None, folder: Path | None) -> Report:
    """Run the suite at *path*, keep its runs and reports, and return the report.

    The reports go into *folder*, under the suite's name, and where the suite file says. That a
    run went on after a kill is among their notes.

    Raises:
        EvalhubError: as for `evalhub eval run`.
    """
    suite = load_suite(path)
    notes: list[str] = []
    tracker = make_tracker(suite)
    into = None if folder is None else folder / path.stem
    paths = ReportPaths() if into is None else ReportPaths.in_folder(into)
    reports = []

    def deliver(result: SuiteResult) -> None:
        reports.append(suite_report(result, suite, notes=notes))
        keep_report(reports[-1], suite, tracker, paths)

    run_suite(suite, tracker, limit=limit, on_note=notes.append, deliver=deliver)
    return reports[-1]


def as_text(report: Report) -> str:
    """Return what the terminal shows of *report*, without colours."""
    out = io.StringIO()
    print_report(
        report, console=Console(file=out, width=_WIDTH, highlight=False, color_system=None)
    )
    return out.getvalue()
