"""How ``evalhub eval`` prints results and ends."""

import typer
from rich.console import Console

from evalhub._readable import readable_text
from evalhub.cli.app import ExitCode
from evalhub.cli.evals.progress import show_progress
from evalhub.cli.output import print_json
from evalhub.evals.gates.gate import Decision, Verdict
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.document import as_json
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report
from evalhub.evals.runs.suite_run import SuiteResult

__all__ = [
    "end_with",
    "end_with_verdict",
    "print_report_of",
    "print_result",
    "report_console",
    "show_progress",
]

_EXIT_CODES = {
    Verdict.PASS: ExitCode.PASS,
    Verdict.FAIL: ExitCode.FAILED,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
    Verdict.SUSPENDED: ExitCode.JUDGE_MOVED,
}
_REPORT_WIDTH = 100
"""Columns of a report that nobody is looking at; it is made to fit them."""


def print_result(result: SuiteResult, *, json: bool, slices: bool = False) -> None:
    """Print what came of a suite, as JSON or as tables and a verdict."""
    report = make_report(result.experiments, result.comparisons, result.decision)
    if json:
        print_json(as_json(report))
    else:
        print_report_of(report, slices=slices)


def print_report_of(report: Report, *, slices: bool = False) -> None:
    """Print *report* as tables and a verdict, and what to look at next."""
    console = report_console()
    print_report(report, console=console, slices=slices)
    for line in _next_steps(report):
        console.print(readable_text(line), markup=False, soft_wrap=True)


def _next_steps(report: Report) -> list[str]:
    """Return the runs, and the command that shows what the tables leave out."""
    kept = [run for run in report.experiments if run.run_id is not None]
    if not kept:
        return []
    ids = " ".join(str(run.run_id) for run in kept)
    return [
        *(f"run of {run.target}: {run.run_id}" for run in kept),
        f"look further: evalhub eval report {ids} --html report.html",
    ]


def report_console() -> Console:
    """Return the console for reports: as wide as the terminal, or 100 columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_REPORT_WIDTH)


def end_with(decision: Decision | None) -> None:
    """End the command with the exit code of *decision*.

    Raises:
        typer.Exit: there is a decision.
    """
    end_with_verdict(None if decision is None else decision.verdict)


def end_with_verdict(verdict: str | None) -> None:
    """End the command with the exit code of *verdict*.

    Raises:
        typer.Exit: there is one.
    """
    if verdict is not None:
        raise typer.Exit(_EXIT_CODES[Verdict(verdict)])
