"""``evalhub eval init``: a first suite that runs, decides, and finds a regression."""

import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evalhub.cli.app import ExitCode, build
from evalhub.cli.evals.starter import starter_files
from evalhub.errors import ConfigError


def run(*arguments: str) -> Result:
    """Run ``evalhub eval`` with *arguments*, in this process."""
    return CliRunner().invoke(build(["eval"]), ["eval", *arguments])


def test_the_folder_is_made_and_the_next_command_is_named(tmp_path: Path) -> None:
    """Whoever has nothing is told what was written and what to type."""
    written = run("init", str(tmp_path / "bot"))
    assert written.exit_code == ExitCode.PASS, written.output
    assert {path.name for path in (tmp_path / "bot").iterdir()} == set(starter_files())
    assert f"run it: evalhub eval run {tmp_path / 'bot' / 'suite.yaml'}" in written.output


def test_it_runs_as_it_is_and_fails_when_the_application_is_broken(
    tmp_path: Path, evalhub_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nights without a change pass; one that answers nothing fails by the interval."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.setenv("EVALHUB_GIT_BRANCH", "main")
    run("init")
    first = run("run", "suite.yaml")
    assert first.exit_code == ExitCode.PASS, first.output
    assert re.search(r"answered +0\.833 \[0\.653, 0\.944\]", first.output)
    unchanged = run("run", "suite.yaml")
    assert "difference [-0.08662, 0.08662] is above -0.1" in unchanged.output
    assert unchanged.exit_code == ExitCode.PASS, unchanged.output
    app = tmp_path / "app.py"
    app.write_text(app.read_text().replace("word in question.lower()", "question == word"))
    del sys.modules["app"]  # a new process would read it anew
    broken = run("run", "suite.yaml")
    del sys.modules["app"]
    assert broken.exit_code == ExitCode.FAILED, broken.output


def test_no_file_is_written_over(tmp_path: Path) -> None:
    """One file that is there stops it before any other is written."""
    bot = tmp_path / "bot"
    bot.mkdir()
    (bot / "app.py").write_text("mine")
    refused = run("init", str(bot))
    assert isinstance(refused.exception, ConfigError)
    assert str(refused.exception) == f"{bot / 'app.py'} already there; name an empty folder"
    assert [path.name for path in bot.iterdir()] == ["app.py"]
    assert (bot / "app.py").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A file where the folder should be is named, with what to do."""
    (tmp_path / "file").write_text("")
    refused = run("init", str(tmp_path / "file" / "bot"))
    assert isinstance(refused.exception, ConfigError)
    assert str(refused.exception).endswith("; name another folder")
