"""``evalhub db`` as a user types it."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

from evalhub.store.schema import REVISIONS

LATEST = REVISIONS[-1]


def evalhub(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from evalhub.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_upgrade_current_check(evalhub_home: Path) -> None:
    """A new home has no tables, gets them once, and is sound."""
    path = evalhub_home / "evalhub.db"
    before = evalhub("db", "current")
    assert (before.returncode, before.stderr) == (0, "")
    assert "no tables" in before.stdout
    assert not path.exists()
    first, second = evalhub("db", "upgrade"), evalhub("db", "upgrade")
    assert f"{path} went from no tables to {LATEST}" in first.stdout
    assert "nothing to do" in second.stdout
    assert evalhub("db", "check").stdout == "ok\n"


def test_json(evalhub_home: Path) -> None:
    """Machines get objects."""
    path = str(evalhub_home / "evalhub.db")
    upgraded = json.loads(evalhub("db", "upgrade", "--json").stdout)
    assert upgraded == {"from": None, "to": LATEST, "url": path}
    current = json.loads(evalhub("db", "current", "--json").stdout)
    assert current == {"revision": LATEST, "wanted": LATEST, "url": path}
    assert json.loads(evalhub("db", "check", "--json").stdout) == {"ok": True, "problems": []}


def test_check_finds_changed_tables(evalhub_home: Path) -> None:
    """Tables that are not as this version makes them are exit code 1."""
    evalhub("db", "upgrade")
    with sqlite3.connect(evalhub_home / "evalhub.db") as connection:
        connection.execute("ALTER TABLE trace ADD COLUMN surprise TEXT")
    connection.close()
    done = evalhub("db", "check")
    assert done.returncode == 1
    assert "surprise" in done.stdout


def test_errors_are_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """A missing file, a file of something else and a wrong URL each say what to do."""
    (tmp_path / "notes").write_text("no database\n" * 100)
    for url, word in [
        (f"sqlite:///{tmp_path}/none.db", "does not exist"),
        (f"sqlite:///{tmp_path}/notes", "not an SQLite database"),
        ("nonsense", "no address of a store"),
    ]:
        done = evalhub("db", "check", "--url", url)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert word in done.stderr
