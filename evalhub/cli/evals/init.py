"""``evalhub eval init``: a first suite that runs, to be changed into one's own."""

from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.evals.starter import starter_files
from evalhub.errors import ConfigError

__all__ = ["init_command"]


def init_command(
    folder: Annotated[
        Path, typer.Argument(help="Folder to write it to; made where it is missing.")
    ] = Path("."),
) -> None:
    """Write a suite that runs as it is: suite.yaml, questions.jsonl and app.py.

    It needs no model and no key. Put your own application and questions in, one after the
    other. A file that is there already is never written over.
    """
    files = {folder / name: text for name, text in starter_files().items()}
    there = [str(path) for path in files if path.exists()]
    if there:
        raise ConfigError(f"{', '.join(there)} already there; name an empty folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder}: {error.strerror}; name another folder"
        ) from error
    for path in files:
        typer.echo(f"written: {path}")
    typer.echo(f"run it: evalhub eval run {folder / 'suite.yaml'}")
