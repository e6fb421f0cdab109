"""Deliver what a suite came to: printed, written, on the job's page, and at its runs."""

from dataclasses import dataclass

import typer

from evalhub.cli.evals.output import print_report_of
from evalhub.cli.output import print_json
from evalhub.evals.reports.document import as_json
from evalhub.evals.reports.of_suite import keep_report, suite_report
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.runs.suite_run import SuiteResult
from evalhub.evals.suites.suite import Suite
from evalhub.experiments import Tracker

__all__ = ["Delivery"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where the report of one run goes."""

    suite: Suite
    tracker: Tracker
    paths: ReportPaths
    """Where files go; else where the suite file says."""
    json: bool
    slices: bool

    def __call__(self, result: SuiteResult) -> None:
        """Deliver the report of *result*.

        Raises:
            ConfigError: a file cannot be written.
        """
        report = suite_report(result, self.suite)
        if self.json:
            print_json(as_json(report))
        else:
            print_report_of(report, slices=self.slices)
        kept = keep_report(report, self.suite, self.tracker, self.paths)
        for path in kept.files:
            typer.echo(f"written: {path}", err=True)
        if kept.refused is not None:
            typer.echo(f"the runs are kept without their reports: {kept.refused}", err=True)
