"""``evalhub eval schema``: the JSON Schema of suite files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from evalhub.errors import ConfigError
from evalhub.evals.suites.schema import suite_schema

__all__ = ["schema_command"]


def schema_command(
    out: Annotated[
        Path | None,
        typer.Option(help="Write it to this file instead of standard output.", metavar="FILE"),
    ] = None,
) -> None:
    """Print the JSON Schema of suite files, for completion and checks in editors.

    A suite that begins with `# yaml-language-server: $schema=FILE` is checked while it
    is written, in every editor with the YAML language server.
    """
    text = json.dumps(suite_schema(), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {out}: {error.strerror}; name another file") from error
