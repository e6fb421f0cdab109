"""``evalhub eval promote``: make a kept run the one that others are held against."""

from typing import Annotated

import typer

from evalhub.cli.evals.list_runs import FolderOption, tracker_at
from evalhub.cli.evals.run_ids import whole_id
from evalhub.errors import ConfigError
from evalhub.evals.gates.baseline import accept_run, promote_run

__all__ = ["promote_command"]

_DEFAULT = "production"


def promote_command(
    run: Annotated[str, typer.Argument(help="Run id.", show_default=False)],
    alias: Annotated[
        str | None, typer.Option(help=f"The name to give it, by default: {_DEFAULT}.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Make it a baseline of its branch instead.")
    ] = False,
    folder: FolderOption = None,
) -> None:
    """Make a kept run the one that others are held against.

    One run of a suite and target has an alias; the one that had it loses it. With --accept the
    run counts as passed on its branch, whatever its gates said: for a change that is wanted,
    such as another data set, after which no run could pass.
    """
    tracker = tracker_at(folder)
    run = whole_id(tracker, run)
    if accept:
        if alias is not None:
            raise ConfigError("--accept is for the run's branch; leave out --alias")
        typer.echo(f"{run} is a baseline of the branch {accept_run(tracker, run)}")
        return
    name = alias or _DEFAULT
    before = promote_run(tracker, run, name)
    if before is None:
        typer.echo(f"{run} is {name}")
    elif before.run_id == run:
        typer.echo(f"{run} is {name} already")
    else:
        typer.echo(f"{run} is {name}, in place of {before.run_id}")
