"""The report of a suite that was run, and where it goes."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from evalhub.errors import TrackerError
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.writing import add_to_job_summary, attach_report, write_report
from evalhub.evals.runs.suite_run import SuiteResult
from evalhub.evals.suites.suite import Suite
from evalhub.experiments import Tracker
from evalhub.experiments.outbox import unsent_note

__all__ = ["Kept", "keep_report", "suite_report", "text_of"]


class Kept(NamedTuple):
    """What became of a report."""

    files: tuple[Path, ...]
    refused: str | None
    """Why the tracker did not take it, or None."""


def suite_report(result: SuiteResult, suite: Suite, *, notes: Sequence[str] = ()) -> Report:
    """Return the report of what *suite* came to, with *notes* for its reader."""
    unsent = unsent_note(run.run_id for run in result.experiments)
    return make_report(
        result.experiments,
        result.comparisons,
        result.decision,
        lacking=result.lacking,
        suite_file=text_of(suite),
        notes=[*notes, *([] if unsent is None else [unsent])],
    )


def keep_report(report: Report, suite: Suite, tracker: Tracker, paths: ReportPaths) -> Kept:
    """Write *report* to *paths* and where *suite* says; add it to the job's page and its runs.

    Files are written first, so that what the tracker does not take is not lost.

    Raises:
        ConfigError: a file cannot be written.
    """
    files = write_report(report, paths.or_else(suite.spec.reports.paths(suite.folder)))
    add_to_job_summary(report)
    try:
        attach_report(report, tracker)
    except TrackerError as error:
        return Kept(tuple(files), str(error))
    return Kept(tuple(files), None)


def text_of(suite: Suite) -> str | None:
    """Return the text of the suite's file; None for one that was built in Python."""
    return suite.path.read_text(encoding="utf-8") if suite.path.is_file() else None
