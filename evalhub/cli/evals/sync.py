"""``evalhub eval sync``: send the runs that MLflow did not take."""

from typing import Annotated

import typer

from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.outbox import Outbox, default_outbox

__all__ = ["sync_command"]


def sync_command(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be sent.")
    ] = False,
) -> None:
    """Send the runs that MLflow did not take when they were made.

    Each is sent once: killed in the middle, the same command goes on. Whatever cannot be
    sent now stays.
    """
    outbox = default_outbox()
    if dry_run:
        _tell(outbox)
        return
    tracker = MlflowTracker()
    additions = outbox.late_additions()
    count = 0
    for sent in outbox.send(tracker):
        typer.echo(f"{sent.local_id} is {sent.run_id}: {sent.target} of {sent.suite}")
        count += 1
    added = f" and additions to {len(additions)}" if additions else ""
    typer.echo(f"sent: {count} runs{added}" if count or additions else "nothing to send", err=True)


def _tell(outbox: Outbox) -> None:
    waiting = outbox.waiting()
    for run in waiting:
        typer.echo(f"{run.run_id}: {run.target} of {run.suite}")
    for run_id in outbox.late_additions():
        typer.echo(f"{run_id}: tags or files of a run that was sent before")
    typer.echo(f"to be sent from {outbox.root}: {len(waiting)} runs", err=True)
