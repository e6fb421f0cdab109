"""``evalhub eval report``: the reports of kept runs, made again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.evals.kept import GateOption, load_runs, parse_gates
from evalhub.cli.evals.output import end_with_verdict, print_report_of
from evalhub.errors import ConfigError
from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.gate import decide
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.of_suite import text_of
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.reports.writing import write_report
from evalhub.evals.runs.lacking import lacking
from evalhub.evals.suites.make_tracker import default_tracker
from evalhub.evals.suites.suite import Suite, load_suite
from evalhub.experiments import Tracker
from evalhub.experiments.tags import PARTIAL_TAG
from evalhub.model import Experiment

__all__ = ["report_command"]


def report_command(
    runs: Annotated[
        list[str],
        typer.Argument(help="MLflow run ids; the first is the baseline.", show_default=False),
    ],
    *,
    suite: Annotated[
        Path | None, typer.Option(help="Decide by the gates of this suite file.")
    ] = None,
    gate: GateOption = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write JSON.")] = None,
    reports: Annotated[
        Path | None,
        typer.Option("--reports", "--folder", help="Write all four into this folder."),
    ] = None,
    slices: Annotated[bool, typer.Option("--slices", help="Print the slices too.")] = False,
    seed: Annotated[int, typer.Option(help="Seed of the permutation test.")] = 0,
) -> None:
    """Make the reports of kept runs again: each run against the first.

    Without a file to write, the report is printed. With --suite or --gate the exit
    code is that of `evalhub eval run`.
    """
    if suite is not None and gate:
        raise ConfigError("--suite and --gate both name gates; use one of them")
    tracker = default_tracker()
    experiments = load_runs(tracker, runs)
    loaded = None if suite is None else load_suite(suite)
    gates = (
        list(loaded.gates) if loaded else parse_gates(gate or (), baseline=experiments[0].target)
    )
    decision = decide(experiments, gates) if gates else None
    report = make_report(
        experiments,
        [compare(experiments[0], other, seed=seed) for other in experiments[1:]],
        decision,
        lacking=_lacking(tracker, experiments),
        suite_file=text_of(loaded) if loaded else None,
        notes=[] if loaded is None else _doubts(loaded, experiments),
    )
    paths = ReportPaths(html=html, markdown=markdown, junit=junit, json=json)
    if reports is not None:
        paths = paths.or_else(ReportPaths.in_folder(reports))
    written = write_report(report, paths)
    for path in written:
        typer.echo(f"written: {path}", err=True)
    if not written:
        print_report_of(report, slices=slices)
    if decision is not None:
        end_with_verdict(report.verdict)


def _doubts(suite: Suite, runs: Sequence[Experiment]) -> list[str]:
    """Return what a reader must know where the gates are those of another suite."""
    others = [name for name in dict.fromkeys(run.suite for run in runs) if name != suite.spec.name]
    return [
        f"the gates are those of suite {suite.spec.name!r}, a run is of {name!r}" for name in others
    ]


def _lacking(tracker: Tracker, runs: Sequence[Experiment]) -> tuple[str, ...]:
    """Return what *runs* lack, as the run that made them said it."""
    tags = [tracker.info(run.run_id).tags for run in runs if run.run_id is not None]
    partial = (found[PARTIAL_TAG] for found in tags if PARTIAL_TAG in found)
    return lacking(runs, next(partial, None))
