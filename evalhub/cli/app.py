"""The root command: which groups there are, and how errors end.

Only the group that the command line names is imported, so that ``evalhub --help``
does not load SQLAlchemy, MLflow and Streamlit.
"""

import importlib
import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from evalhub import __version__
from evalhub._readable import readable_text
from evalhub.cli.help_text import flow, flow_all
from evalhub.errors import EvalhubError

__all__ = ["COMMANDS", "ExitCode", "build", "main"]


class ExitCode:
    """What the process says to the program that started it."""

    PASS = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    INCOMPLETE = 4
    JUDGE_MOVED = 5
    INTERRUPTED = 130


class Entry(NamedTuple):
    """Where a command lives, and its line in ``evalhub --help``.

    The module has either ``app`` (a Typer group) or ``command`` (one function).
    """

    module: str
    help: str


COMMANDS: dict[str, Entry] = {
    "dashboard": Entry("evalhub.cli.dashboard", "Open the Streamlit dashboard."),
    "datasets": Entry("evalhub.cli.datasets", "Store, list, export and compare data sets."),
    "db": Entry("evalhub.cli.db", "Upgrade and check the store's tables."),
    "demo": Entry("evalhub.cli.demo", "Run the main job on the embedded defaults."),
    "doctor": Entry("evalhub.cli.doctor", "Say what is installed, what is missing, and the fix."),
    "eval": Entry("evalhub.cli.eval", "Run evaluations, compare them, decide."),
    "judge": Entry("evalhub.cli.judge", "Calibrate judges, and watch them."),
    "llm": Entry("evalhub.cli.llm", "Serve the embedded model."),
    "metrics": Entry("evalhub.cli.metrics", "List metrics, show one, score files."),
    "models": Entry("evalhub.cli.models", "Fetch and list the local models."),
    "online": Entry("evalhub.cli.online", "Score new traces on a schedule, and raise an alert."),
    "prices": Entry("evalhub.cli.prices", "Show, replace and add the prices of model calls."),
    "serve": Entry("evalhub.cli.serve", "Take spans from other programs over HTTP."),
    "traces": Entry("evalhub.cli.traces", "List and show traces."),
}


def build(arguments: Sequence[str]) -> typer.Typer:
    """Return the root command with the group that *arguments* name imported."""
    root = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    root.callback(help=flow(_root.__doc__ or ""))(_root)
    wanted = next((argument for argument in arguments if not argument.startswith("-")), None)
    for name, entry in COMMANDS.items():
        if name != wanted:
            root.command(name, help=entry.help)(_not_imported)
            continue
        module = importlib.import_module(entry.module)
        if hasattr(module, "app"):
            root.add_typer(module.app, name=name, help=entry.help, no_args_is_help=True)
        else:
            root.command(name)(module.command)
    flow_all(root)
    return root


def _root(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Evaluate LLM applications and see what they do.

    Exit codes: 0 done or passed, 1 gate failed, 2 the request cannot be carried out,
    3 inconclusive, 4 incomplete, 5 the judge moved, 130 interrupted.
    """


def _not_imported() -> None:
    """Stand in, in the list of commands, for one that was not asked for."""


def main() -> None:
    """Run the command line; an expected error is one line and exit code 2."""
    arguments = sys.argv[1:]
    _escape_what_cannot_be_shown()
    if arguments == ["--version"]:
        typer.echo(f"evalhub {__version__}")
        return
    try:
        try:
            build(arguments)()
        finally:
            sys.stdout.flush()  # here, where a full disk is one line, and not at Python's own end
    except (KeyboardInterrupt, SystemExit) as end:
        # While a command runs Typer turns Ctrl-C into this exit, and says nothing.
        if isinstance(end, SystemExit) and end.code != ExitCode.INTERRUPTED:
            raise
        typer.echo("interrupted", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except (EvalhubError, OSError) as error:
        # An OSError is the machine's: a full disk behind standard output, a folder that
        # cannot be written. Left to Python it would exit with 1, which is a failed gate.
        if "--debug" in arguments:
            traceback.print_exc()
        typer.secho("error: ", fg="red", bold=True, err=True, nl=False)
        typer.echo(readable_text(" ".join(str(error).split())), err=True)
        _drop_what_cannot_be_written()
        sys.exit(ExitCode.USAGE)


def _drop_what_cannot_be_written() -> None:
    """Keep Python from failing on it once more at its end, which would be another exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _escape_what_cannot_be_shown() -> None:
    r"""Print a letter that the terminal's encoding lacks as ``\u2713``, and do not fail.

    Python does so on standard error already. Traces hold any text there is.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
