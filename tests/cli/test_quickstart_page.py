"""The page docs/quickstart.md: what it types is typed here, and ends as it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from evalhub.cli.evals.starter import starter_files

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "quickstart.md").read_text(encoding="utf-8")
INSTALLS, *SESSIONS, _ = re.findall(r"```console\n(.*?)```", PAGE, flags=re.DOTALL)
_GIT = {
    f"GIT_{who}_{what}": "newcomer@example.org"
    for who in ("AUTHOR", "COMMITTER")
    for what in ("NAME", "EMAIL")
}


def type_all(folder: Path) -> str:
    """Type what stands behind each ``$`` into one shell in *folder*; return what it shows."""
    typed = re.findall(r"^\$ (.*)$", "".join(SESSIONS), flags=re.MULTILINE)
    shell = subprocess.run(
        ["bash", "-c", "\n".join(typed)],
        cwd=folder,
        env={
            **os.environ,
            **_GIT,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "COLUMNS": "100",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert shell.returncode == 0, shell.stderr
    return shell.stdout


@pytest.mark.slow
def test_what_the_page_shows_is_what_comes(tmp_path: Path, evalhub_home: Path) -> None:
    """From an empty folder to a verdict, a regression that fails, and its exit code."""
    shown = {" ".join(line.split()) for line in type_all(tmp_path).splitlines()}
    promised = [
        " ".join(line.split())
        for line in "".join(SESSIONS).splitlines()
        if not line.startswith("$") and line != "..."
    ]
    assert len(promised) > 8
    assert [line for line in promised if line not in shown] == []
    written = {path.name for path in (tmp_path / "bot" / "reports").iterdir()}
    assert {"report.html", "report.md"} <= written


def test_the_suite_on_the_page_is_the_one_that_is_written() -> None:
    """The part that the page explains stands in the file."""
    (suite,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    written = starter_files()["suite.yaml"].splitlines()
    assert [line for line in suite.splitlines() if line not in written] == []


def test_it_is_not_installed_by_a_bare_name() -> None:
    """The public index has another project of this name."""
    for line in re.findall(r"pip install (.*)", INSTALLS):
        assert " @ " in line
