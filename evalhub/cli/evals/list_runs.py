"""``evalhub eval list``: the kept runs."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evalhub.cli.evals.output import report_console
from evalhub.cli.evals.run_json import run_json, started
from evalhub.cli.output import JsonFlag, print_json
from evalhub.evals.gates.baseline import aliases_of
from evalhub.evals.gates.demand import Verdict
from evalhub.evals.suites.make_tracker import default_tracker
from evalhub.experiments import RunFilter, RunInfo, Tracker
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.outbox import default_outbox
from evalhub.experiments.tags import PARTIAL_TAG, VERDICT_TAG
from evalhub.store.moments import parse_since

__all__ = ["FolderOption", "list_command", "tracker_at"]

FolderOption = Annotated[
    Path | None, typer.Option(help="Look in this folder of runs, and not in MLflow.")
]


def list_command(
    suite: Annotated[str | None, typer.Option(help="Only the runs of this suite.")] = None,
    *,
    target: Annotated[str | None, typer.Option(help="Only those of this target.")] = None,
    branch: Annotated[str | None, typer.Option(help="Only those of this git branch.")] = None,
    verdict: Annotated[
        Verdict | None, typer.Option(help="Only those of which the gates said so.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only those started since: 30m, 24h, 7d, or a date like 2026-11-22."),
    ] = None,
    limit: Annotated[int, typer.Option(help="At most this many.", min=1)] = 50,
    folder: FolderOption = None,
    json: JsonFlag = False,
) -> None:
    """List the kept runs, newest first."""
    where = RunFilter(
        target=target,
        branch=branch,
        verdict=None if verdict is None else verdict.value,
        since_ns=None if since is None else parse_since(since, now_ns=time.time_ns()),
    )
    runs = tracker_at(folder).list_runs(suite, limit=limit, where=where)
    if folder is None:
        _tell_unsent()
    _tell_damaged(default_outbox().runs if folder is None else FolderTracker(folder))
    if json:
        print_json([run_json(item) for item in runs])
    elif runs:
        report_console().print(_table(runs))
    elif where == RunFilter() and suite is None:
        typer.echo("no runs yet; make one with: evalhub eval run SUITE", err=True)
    else:
        typer.echo("no run is like that; see: evalhub eval list", err=True)


def tracker_at(folder: Path | None) -> Tracker:
    """Return the tracker of *folder*; without one MLflow, and what waits to be sent there."""
    return default_tracker() if folder is None else FolderTracker(folder)


def _tell_unsent() -> None:
    count = len(default_outbox().waiting())
    if count:
        verb = "run waits" if count == 1 else "runs wait"
        typer.echo(f"{count} {verb} to be sent to MLflow: evalhub eval sync", err=True)


def _tell_damaged(kept: FolderTracker) -> None:
    for run_id, reason in kept.damaged().items():
        typer.echo(f"left out: {reason}; delete {kept.root / run_id} to give it up", err=True)


def _table(runs: list[RunInfo]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("run", no_wrap=True, min_width=32)  # to be copied whole
    table.add_column("started (UTC)", no_wrap=True)
    for title in ("suite", "target", "data set", "verdict"):
        table.add_column(title, overflow="fold")
    for item in runs:
        cells = (
            f"{started(item):%Y-%m-%d %H:%M}",
            item.suite,
            item.target,
            f"{item.dataset_name} {item.dataset_version[:8]}",
            ", ".join([_verdict(item), *aliases_of(item.tags)]).removeprefix(", "),
        )
        table.add_row(item.run_id, *map(escape, cells))
    return table


def _verdict(run: RunInfo) -> str:
    return "partial" if PARTIAL_TAG in run.tags else run.tags.get(VERDICT_TAG, "")
