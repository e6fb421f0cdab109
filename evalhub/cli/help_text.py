"""Help that flows: Typer keeps the line breaks of a docstring, whatever the terminal's width."""

import inspect
import re

import typer

__all__ = ["flow", "flow_all"]


def flow(docstring: str) -> str:
    """Return *docstring* with each paragraph in one line, for the terminal to break.

    A paragraph with an indented line is kept as it is.
    """
    paragraphs = inspect.cleandoc(docstring).split("\n\n")
    return "\n\n".join(
        text if re.search(r"^\s", text, re.MULTILINE) else text.replace("\n", " ")
        for text in paragraphs
    )


def flow_all(app: typer.Typer) -> None:
    """Let the help of all commands of *app*, and of the groups in it, flow."""
    for command in app.registered_commands:
        if command.help is None and command.callback is not None:
            command.help = flow(command.callback.__doc__ or "")
    for group in app.registered_groups:
        if group.typer_instance is not None:
            flow_all(group.typer_instance)
