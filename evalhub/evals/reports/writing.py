"""Write the forms of a report to files."""

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from evalhub.errors import ConfigError
from evalhub.evals.reports.document import write_json
from evalhub.evals.reports.junit import as_junit
from evalhub.evals.reports.markdown import as_markdown
from evalhub.evals.reports.page import as_html
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.report import Report
from evalhub.experiments import Tracker

__all__ = ["add_to_job_summary", "attach_report", "write_report"]

_SUMMARY = "GITHUB_STEP_SUMMARY"
_MOST_SUMMARY = 1 << 20
"""Bytes that a step may add to the page; GitHub drops all of a longer one."""
_LEAST_SUMMARY = 2_000
_FORMS: Mapping[str, Callable[[Report], str]] = {
    "html": as_html,
    "markdown": as_markdown,
    "junit": as_junit,
    "json": write_json,
}


def write_report(report: Report, paths: ReportPaths) -> list[Path]:
    """Write *report* in each form that has a path; return the files.

    A file that is there is replaced as a whole, so that nobody reads half of one. What is no
    plain file, such as /dev/stdout, is written to.

    Raises:
        ConfigError: a file cannot be written.
    """
    written = []
    for name, form in _FORMS.items():
        path: Path | None = getattr(paths, name)
        if path is not None:
            _write(path, form(report))
            written.append(path)
    return written


def attach_report(report: Report, tracker: Tracker) -> None:
    """Add *report* in all its forms to each of its runs that *tracker* keeps.

    Raises:
        TrackerError: the tracker did not take it.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = write_report(report, ReportPaths.in_folder(Path(folder)))
        for run in report.experiments:
            if run.run_id is not None and not run.is_earlier:
                tracker.attach(run.run_id, files)


def add_to_job_summary(report: Report) -> Path | None:
    """Add *report* as Markdown to the summary page of a GitHub job; None outside of one.

    Raises:
        ConfigError: the file that GitHub names cannot be written.
    """
    named = os.environ.get(_SUMMARY)
    if not named:
        return None
    path = Path(named)
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(_fitting(report, _MOST_SUMMARY - file.tell()))
    except OSError as error:
        raise ConfigError(f"${_SUMMARY} is {named!r}, which cannot be written: {error}") from error
    return path


def _fitting(report: Report, room: int) -> str:
    """Return *report* as Markdown of less than *room* bytes; nothing where too few are left."""
    text = f"{as_markdown(report)}\n"
    if len(text.encode()) <= room:
        return text
    # A character has up to four bytes, and the cut is followed by a line that tells of it.
    most = room // 4 - 200
    return f"{as_markdown(report, most=most)}\n" if most >= _LEAST_SUMMARY else ""


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink() or (path.exists() and not path.is_file()):
            # /dev/stdout, a pipe, a link: to replace it would take it from everybody else.
            path.write_text(text, encoding="utf-8")
        else:
            _replace(path, text)
    except OSError as error:
        raise ConfigError(f"the report {path} cannot be written: {error}") from error


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
