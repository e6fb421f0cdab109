"""``evalhub eval``: run suites, compare runs, list them."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evalhub.cli.app import ExitCode
from evalhub.cli.output import JsonFlag, print_json
from evalhub.errors import ConfigError
from evalhub.evals.compare import compare
from evalhub.evals.gate import Decision, Gate, Verdict, decide
from evalhub.evals.report import as_json, print_report
from evalhub.evals.runner import Progress as Step
from evalhub.evals.suite import load_suite
from evalhub.evals.suite_run import SuiteResult, run_suite
from evalhub.experiments import RunInfo
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.model import Experiment

app = typer.Typer(no_args_is_help=True)

_EXIT_CODES = {
    Verdict.PASS: ExitCode.PASS,
    Verdict.FAIL: ExitCode.FAILED,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
}
_REPORT_WIDTH = 100
"""Columns of a report that nobody is looking at; it is made to fit them."""


@app.command()
def run(
    suite: Annotated[Path, typer.Argument(help="The suite file (YAML).", show_default=False)],
    limit: Annotated[
        int | None, typer.Option(help="Take only the first N examples.", metavar="N")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Run a suite, keep its experiments in MLflow, and decide by its gates.

    Functions named in the suite are looked for in the working folder first. The exit
    code is 0 when the gates pass (or there is none), 1 when one fails, 3 when the
    data cannot tell, 4 when too many examples have no score.
    """
    # As `python -m` would; an installed command has its own folder there instead.
    sys.path.insert(0, os.getcwd())
    loaded = load_suite(suite)
    with _progress() as show:
        result = run_suite(loaded, MlflowTracker(), limit=limit, on_progress=show)
    _print(result, json=json)
    _exit(result.decision)


@app.command("compare")
def compare_runs(
    baseline: Annotated[str, typer.Argument(help="MLflow run id.", show_default=False)],
    candidate: Annotated[str, typer.Argument(help="MLflow run id.", show_default=False)],
    gate: Annotated[
        list[str] | None,
        typer.Option(
            help="Demand that the candidate is not worse; may be given again.",
            metavar="METRIC=MARGIN",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the permutation test.")] = 0,
    json: JsonFlag = False,
) -> None:
    """Compare two kept runs, example by example.

    Without --gate the exit code is 0; with it, as for `evalhub eval run`.
    """
    tracker = MlflowTracker()
    left, right = _told_apart(tracker.load(baseline), tracker.load(candidate))
    gates = [_parse_gate(text, baseline=left.target) for text in gate or ()]
    comparison = compare(left, right, seed=seed)
    decision = decide([left, right], gates) if gates else None
    _print(SuiteResult((left, right), (comparison,), decision), json=json)
    _exit(decision)


@app.command("list")
def list_runs(
    suite: Annotated[str | None, typer.Option(help="Only the runs of this suite.")] = None,
    limit: Annotated[int, typer.Option(help="At most this many.", min=1)] = 50,
    json: JsonFlag = False,
) -> None:
    """List the kept runs, newest first."""
    runs = MlflowTracker().list_runs(suite, limit=limit)
    if json:
        print_json([_as_json(item) for item in runs])
        return
    if not runs:
        typer.echo("no runs yet; make one with: evalhub eval run SUITE", err=True)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True, min_width=32)  # to be copied whole
    for title in ("started (UTC)", "suite", "target", "data set"):
        table.add_column(title, overflow="fold")
    for item in runs:
        started = f"{_started(item):%Y-%m-%d %H:%M}"
        dataset = f"{item.dataset_name} {item.dataset_version[:8]}"
        table.add_row(item.run_id, started, *map(escape, (item.suite, item.target, dataset)))
    _console().print(table)


def _started(run: RunInfo) -> datetime:
    return datetime.fromtimestamp(run.start_ns / 1e9, UTC)


def _as_json(run: RunInfo) -> dict[str, object]:
    return {
        "run_id": run.run_id,
        "name": run.name,
        "suite": run.suite,
        "target": run.target,
        "dataset": run.dataset_name,
        "dataset_version": run.dataset_version,
        "start_time": _started(run),
        "params": dict(run.params),
        "metrics": {summary.name: asdict(summary) for summary in run.summaries},
    }


def _parse_gate(text: str, *, baseline: str) -> Gate:
    metric, _, margin = text.rpartition("=")
    try:
        return Gate(metric, not_worse_than=baseline, margin=float(margin))
    except ValueError:
        raise ConfigError(
            f"--gate {text!r} is not METRIC=MARGIN; write it as rougeLsum=0.02"
        ) from None


def _told_apart(left: Experiment, right: Experiment) -> tuple[Experiment, Experiment]:
    """Name two runs of one target by their runs."""
    if left.target != right.target:
        return left, right
    return _by_run(left), _by_run(right)


def _by_run(run: Experiment) -> Experiment:
    return replace(run, target=f"{run.target} {(run.run_id or '')[:8]}")


def _print(result: SuiteResult, *, json: bool) -> None:
    parts = (result.experiments, result.comparisons, result.decision)
    if json:
        print_json(as_json(*parts))
        return
    console = _console()
    print_report(*parts, console=console)
    runs = ", ".join(f"{item.target} {item.run_id}" for item in result.experiments)
    console.print(f"runs: {runs}", markup=False, soft_wrap=True)


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_REPORT_WIDTH)


def _exit(decision: Decision | None) -> None:
    if decision is not None:
        raise typer.Exit(_EXIT_CODES[decision.verdict])


@contextmanager
def _progress() -> Iterator[Callable[[str, Step], None]]:
    """Show a bar on standard error; give what moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("preparing", total=None)

        def show(target: str, step: Step) -> None:
            phase = step.phase.replace(":", " ")
            bar.update(
                task, description=f"{target}: {phase}", completed=step.done, total=step.total
            )

        yield show
