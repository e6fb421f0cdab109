"""``evalhub eval run``: run a suite and decide."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from evalhub._readable import readable_text
from evalhub.cli.app import ExitCode
from evalhub.cli.evals.aside import printing_aside
from evalhub.cli.evals.delivery import Delivery
from evalhub.cli.evals.modules import look_for_modules
from evalhub.cli.evals.output import end_with, show_progress
from evalhub.cli.evals.own_project import traced_apart
from evalhub.cli.output import JsonFlag
from evalhub.evals.gates.gate import Verdict
from evalhub.evals.reports.paths import ReportPaths
from evalhub.evals.runs.interrupt import ending_in_order
from evalhub.evals.runs.suite_run import SuiteResult, run_suite
from evalhub.evals.suites.make_tracker import make_tracker
from evalhub.evals.suites.suite import load_suite

__all__ = ["run_command"]


def run_command(
    suite: Annotated[Path, typer.Argument(help="The suite file (YAML).", show_default=False)],
    *,
    limit: Annotated[
        int | None, typer.Option(help="Take only the first N examples.", metavar="N")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start anew; do not go on with a run that was killed.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="Where targets are called: local, ray or ray=ADDRESS.")
    ] = "local",
    reports: Annotated[
        Path | None,
        typer.Option(help="Write HTML, Markdown, JUnit XML and JSON into this folder."),
    ] = None,
    html: Annotated[Path | None, typer.Option(help="Write one HTML page.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML.")] = None,
    slices: Annotated[bool, typer.Option("--slices", help="Print the slices too.")] = False,
    json: JsonFlag = False,
) -> None:
    """Run a suite, keep its experiments in MLflow, and decide by its gates.

    Functions that the suite names are looked for in the working folder, then in the suite's.
    After a kill the same command goes on where it was.

    The exit code is 0 when the gates pass or there is none, 1 when one fails, 2 when the
    request cannot be carried out, 3 when the data cannot tell, 4 when too many examples have
    no score or the budget was spent, 5 when a judge moved, 130 when it was interrupted.
    """
    look_for_modules(suite)
    loaded = load_suite(suite)
    tracker = make_tracker(loaded, on_note=_note)
    paths = ReportPaths(html=html, markdown=markdown, junit=junit)
    if reports is not None:
        paths = paths.or_else(ReportPaths.in_folder(reports))
    delivery = Delivery(loaded, tracker, paths, json=json, slices=slices)
    with traced_apart(), ending_in_order(), ExitStack() as bar:
        bar.enter_context(printing_aside())
        show = bar.enter_context(show_progress())

        def deliver(result: SuiteResult) -> None:
            bar.close()
            delivery(result)

        result = run_suite(
            loaded,
            tracker,
            limit=limit,
            fresh=fresh,
            engine=engine,
            on_progress=show,
            on_note=_note,
            deliver=deliver,
        )
    _end(result)


def _note(line: str) -> None:
    typer.echo(readable_text(line), err=True)


def _end(result: SuiteResult) -> None:
    """End with the code of the verdict, or of what is lacking where that is graver.

    Raises:
        typer.Exit: the result is not simply good.
    """
    verdict = None if result.decision is None else result.decision.verdict
    for line in result.lacking:
        _note(f"incomplete: {line}")
    if result.lacking and verdict not in {Verdict.FAIL, Verdict.SUSPENDED}:
        raise typer.Exit(ExitCode.INCOMPLETE)
    end_with(result.decision)
