"""Every command explains itself, and the README knows it."""

import importlib
import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from evalhub.cli.app import COMMANDS, build

README = Path(__file__).resolve().parents[2] / "README.md"


def leaf_commands() -> Iterator[tuple[str, ...]]:
    """Yield each command that does something, as the words one types."""
    for name, entry in COMMANDS.items():
        module = importlib.import_module(entry.module)
        if not hasattr(module, "app"):
            yield (name,)
            continue
        for words in group_commands(module.app):
            yield (name, *words)


def group_commands(app: typer.Typer) -> Iterator[tuple[str, ...]]:
    """Yield the commands of a group, those of the groups in it included."""
    for command in app.registered_commands:
        assert command.callback is not None
        yield (command.name or command.callback.__name__.replace("_", "-"),)
    for group in app.registered_groups:
        assert group.typer_instance is not None
        for words in group_commands(group.typer_instance):
            yield (str(group.name), *words)


@pytest.mark.parametrize("words", list(leaf_commands()), ids=" ".join)
def test_command_has_help(words: tuple[str, ...]) -> None:
    """``--help`` says what a command does before it lists options, and each option has a line."""
    shown = CliRunner().invoke(build(words), [*words, "--help"])
    assert shown.exit_code == 0, shown.output
    text = shown.output.split("Usage:", 1)[1].split("─ Options")[0]
    sentences = [line.strip() for line in text.splitlines()[1:] if line.strip(" ╭─╮│")]
    assert sentences, shown.output


@pytest.mark.parametrize("words", list(leaf_commands()), ids=" ".join)
def test_command_is_in_the_readme(words: tuple[str, ...]) -> None:
    """Nobody has to guess that a command exists."""
    assert f"evalhub {' '.join(words)}" in README.read_text()


def test_readme_names_no_command_that_is_not_there() -> None:
    """A command that went, or was renamed, goes from the README too."""
    known = {" ".join(words) for words in leaf_commands()} | set(COMMANDS)
    named = re.findall(
        r"^(?:\.venv/bin/)?evalhub ([a-z]+(?: [a-z-]+)?)", README.read_text(), re.MULTILINE
    )
    assert named
    for words in named:
        assert words in known or words.split()[0] in known, words


@pytest.mark.parametrize("words", [(), *leaf_commands()], ids=" ".join)
def test_help_fills_the_lines_of_a_narrow_terminal(words: tuple[str, ...]) -> None:
    """No line of a docstring ends in the middle of one of the terminal's."""
    shown = CliRunner().invoke(build(words), [*words, "--help"], env={"COLUMNS": "80"})
    text = shown.output.split("Usage:", 1)[1].split("╭─")[0]
    lines = [line.rstrip() for line in text.splitlines()[1:]]
    for line, following in itertools.pairwise(lines):
        first, _, _ = following.strip().partition(" ")
        assert not line or not first or len(line) + len(first) >= 79, line


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["db", "--help"]])
def test_program_runs(arguments: list[str]) -> None:
    """The installed entry point answers."""
    done = subprocess.run(
        [sys.executable, "-m", "evalhub", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_unknown_command_is_a_usage_error() -> None:
    """A typing error ends with 2 and names the nearest command."""
    done = subprocess.run(
        [sys.executable, "-m", "evalhub", "trace"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "traces" in done.stderr


def test_letters_that_the_terminal_lacks_are_escaped() -> None:
    """A terminal of ASCII shows the code of a letter, and no traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "evalhub", "doctor"],
        capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u2713 evalhub" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_output_that_cannot_be_written_is_no_failed_gate(flags: list[str], unbuffered: str) -> None:
    """A full disk behind standard output is one line and exit code 2; 1 is a gate's."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "evalhub", "models", "list", *flags],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert done.returncode == 2
    assert done.stderr == "error: [Errno 28] No space left on device\n"
