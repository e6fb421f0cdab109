"""``evalhub doctor`` says what is there, what is not, and what mends it."""

import importlib.metadata
import json
import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evalhub.cli.app import build
from evalhub.cli.doctor import EXTRAS, PURPOSES
from evalhub.store import open_store

ROOT = Path(__file__).resolve().parents[2]


def doctor(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(build(["doctor"]), ["doctor", *arguments])


def parts(result: Result) -> dict[str, dict[str, str]]:
    """Return the checks of ``--json`` by part."""
    return {check["part"]: check for check in json.loads(result.output)}


def test_new_machine_is_well_and_told_what_to_fetch(evalhub_home: Path) -> None:
    """An empty home is no fault; models that are not there come with their command."""
    result = doctor("--json")
    found = parts(result)
    assert result.exit_code == 0
    assert found["store"]["state"] == "ok"
    assert found["experiments"]["detail"].endswith("none yet")
    assert found["model smollm2"]["state"] == "absent"
    assert found["model smollm2"]["fix"] == "evalhub models pull smollm2"


def test_broken_store_is_named_with_exit_code_2(evalhub_home: Path) -> None:
    """A damaged file is a fault, and the other parts are still looked at."""
    (evalhub_home / "evalhub.db").write_bytes(b"this is no database" * 100)
    result = doctor("--json")
    found = parts(result)
    assert result.exit_code == 2
    assert found["store"]["state"] == "broken"
    assert "evalhub.db" in found["store"]["detail"]
    assert found["extra local"]["state"] == "ok"


def test_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that cannot be used is the first thing to mend."""
    monkeypatch.setenv("EVALHUB_TRACING", "perhaps")
    result = doctor("--json")
    assert result.exit_code == 2
    assert "'perhaps'" in parts(result)["settings"]["detail"]


def test_people_see_marks_and_projects(evalhub_home: Path) -> None:
    """Without --json each part is a line, and a fix stands below."""
    open_store().close()
    shown = doctor()
    assert re.search(r"✓ store +sqlite:////.*projects: none yet", shown.output)
    assert re.search(r"– model minilm .*\n +evalhub models pull minilm", shown.output)


def test_extras_are_those_of_the_package() -> None:
    """The table names each extra, and only packages that the extra brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = {
        extra: {re.split(r"[\[<>=]", requirement)[0] for requirement in requirements}
        for extra, requirements in project["optional-dependencies"].items()
        if extra not in {"all", "dev"}
    }
    assert set(EXTRAS) == set(declared)
    for extra, packages in EXTRAS.items():
        assert set(packages) == declared[extra] - {"evalhub"}, extra
    assert set(PURPOSES) == set(EXTRAS)


def test_what_installs_an_extra_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing installed there is a line for each extra, with what it is for."""

    def not_installed(package: str) -> str:
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr("importlib.metadata.version", not_installed)
    shown = doctor()
    assert shown.output.count("pip install 'evalhub[NAME]'") == 1
    assert re.search(r"– extra targets +paths .*\(no jmespath\)\n", shown.output)
    assert len(re.findall(r"^– extra ", shown.output, re.MULTILINE)) == len(EXTRAS)


def test_spans_that_were_not_delivered_are_no_tick(evalhub_home: Path) -> None:
    """What still waits on disk is pointed at, and is no fault."""
    waiting = evalhub_home / "spool" / "0123456789abcdef"
    waiting.mkdir(parents=True)
    (waiting / "one.spool").write_bytes(b"x" * 200_000)
    result = doctor("--json")
    found = parts(result)["spool"]
    assert result.exit_code == 0
    assert found["state"] == "absent"
    assert found["detail"].startswith("0.2 MB of spans are not delivered yet")
