"""``evalhub online``: score new traces on a schedule."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, Any

import typer

from evalhub.cli.app import ExitCode
from evalhub.cli.output import JsonFlag, print_json
from evalhub.errors import ModelError, StoreError
from evalhub.evals.online.assemble import watching
from evalhub.evals.online.config import load_online
from evalhub.evals.online.watch import Round, Watch
from evalhub.store import open_store

__all__ = ["app"]

app = typer.Typer(help="Score new traces on a schedule, and raise an alert.")


@app.callback()
def _group() -> None:
    """Score new traces on a schedule, and raise an alert."""


@app.command("run")
def run(
    config: Annotated[Path, typer.Argument(help="The file (YAML).", show_default=False)],
    once: Annotated[bool, typer.Option("--once", help="Do one round and end.")] = False,
    json: JsonFlag = False,
) -> None:
    """Score a sample of the new traces of the store, again and again.

    Ends in good order on Ctrl-C and SIGTERM: the batch under way is finished and stored.
    With --once the exit code is 1 when a mean has left its band, 4 when traces could not be
    scored or nobody could be told, else 0.
    """
    sys.path.insert(0, os.getcwd())  # metrics may be the user's own, as for `eval run`
    loaded = load_online(config)
    with open_store() as store, watching(loaded, store) as watch:
        if once:
            _end(_told(watch.round(), json=json))
        with _ended_by(watch.stopping):
            _repeat(watch, json=json)


def _end(done: Round) -> None:
    if done.is_out:
        raise typer.Exit(ExitCode.FAILED)
    raise typer.Exit(ExitCode.PASS if done.is_whole else ExitCode.INCOMPLETE)


def _repeat(watch: Watch, *, json: bool) -> None:
    """Do rounds until told to stop; a store or a model that is away is waited for."""
    while not watch.stopping.is_set():
        try:
            watch.run(lambda done: _print(done, json=json))
        except (StoreError, ModelError) as error:
            typer.echo(f"error: {error}; going on", err=True)
            watch.pause()


def _told(done: Round, *, json: bool) -> Round:
    _print(done, json=json)
    return done


def _print(done: Round, *, json: bool) -> None:
    if json:
        print_json(_as_json(done))
        return
    for line in done.problems:
        typer.echo(f"warning: {line}", err=True)
    if done.is_standby:
        typer.echo("another process is at work on this name; standing by")
        return
    left = f", {done.postponed} to be tried again" if done.postponed else ""
    typer.echo(f"{done.scored} traces scored{left}")
    if done.left_out:
        typer.echo(f"{done.left_out} left out: not whole, and nothing came for give_up", err=True)
    for state in done.bands:
        typer.echo(f"  {state.sentence}")


_PLAIN = ("scored", "postponed", "left_out", "problems", "is_standby")


def _as_json(done: Round) -> dict[str, Any]:
    bands = [
        {**{key: value for key, value in asdict(state).items() if key != "band"}, **_band(state)}
        for state in done.bands
    ]
    plain = {key: getattr(done, key) for key in _PLAIN}
    return {**plain, "bands": bands}


def _band(state: Any) -> dict[str, Any]:
    return {"metric": state.band.metric, "demand": state.band.demand}


@contextmanager
def _ended_by(stopping: Event) -> Iterator[None]:
    """Set *stopping* on the first Ctrl-C or SIGTERM; the second ends at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
