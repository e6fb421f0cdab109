"""``evalhub models`` as people run it."""

import json
import subprocess
import sys

import pytest

PROGRAM = "from evalhub.cli import main; main()"


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, "models", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_list_says_what_is_missing() -> None:
    """Without models, the list has them as not pulled."""
    listed = json.loads(_run("list", "--json").stdout)
    assert {item["name"]: item["pulled"] for item in listed} == {"minilm": False, "smollm2": False}


@pytest.mark.model
def test_pull_of_what_is_there_prints_where() -> None:
    """Pulling again is quick, succeeds and prints the path."""
    done = _run("pull", "minilm")
    assert done.returncode == 0
    assert done.stdout.split()[:1] == ["minilm"]
    assert " yes " in _run("list").stdout


def test_pull_of_an_unknown_model_is_one_line() -> None:
    """A wrong name exits with 2 and names the right ones."""
    done = _run("pull", "gpt")
    assert done.returncode == 2
    assert done.stderr.strip().count("\n") == 0
    assert "minilm, smollm2" in done.stderr
