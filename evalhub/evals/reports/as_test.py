"""Run a suite for a test."""

import contextlib
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from evalhub._readable import readable_text
from evalhub.config import load_settings
from evalhub.errors import ConfigError
from evalhub.evals.reports.of_suite import keep_report, suite_report
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report
from evalhub.evals.runs.suite_run import SuiteResult, run_suite
from evalhub.evals.suites.make_tracker import make_tracker
from evalhub.evals.suites.suite import load_suite
from evalhub.tracing.lockfile import LockFile

__all__ = ["as_line", "as_text", "run_for_test"]

_WIDTH = 100


def run_for_test(path: Path, *, limit: int | None, folder: Path | None) -> Report:
    """Run the suite at *path*, keep its runs and reports, and return the report.

    The reports go into *folder*, and where the suite file says. That a run went on after a kill
    is among their notes. Where another test runs the suite, as with pytest-xdist, this one waits.

    Raises:
        EvalhubError: as for `evalhub eval run`.
    """
    suite = load_suite(path)
    notes: list[str] = []
    tracker = make_tracker(suite)
    paths = ReportPaths() if folder is None else ReportPaths.in_folder(folder)
    reports = []

    def deliver(result: SuiteResult) -> None:
        reports.append(suite_report(result, suite, notes=notes))
        keep_report(reports[-1], suite, tracker, paths)

    with _in_turn(path):
        run_suite(suite, tracker, limit=limit, on_note=notes.append, deliver=deliver)
    return reports[-1]


@contextlib.contextmanager
def _in_turn(path: Path) -> Iterator[None]:
    """Hold the lock of the suite at *path*; tests of one suite run one after the other."""
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    file = load_settings().home / "journals" / f"test-{name}.lock"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = LockFile.own(file)
    except OSError as error:
        raise ConfigError(f"the journal's folder cannot be written: {error}") from error
    try:
        yield
    finally:
        lock.release()


def as_line(report: Report) -> str:
    """Return the verdict of *report* with its reason."""
    return readable_text(f"the evaluation says {report.verdict}: {report.reason}")


def as_text(report: Report) -> str:
    """Return what the terminal shows of *report*, without colours."""
    out = io.StringIO()
    print_report(
        report, console=Console(file=out, width=_WIDTH, highlight=False, color_system=None)
    )
    return out.getvalue()
