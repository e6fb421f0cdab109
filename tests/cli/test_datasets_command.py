"""``evalhub datasets`` as a user types it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evalhub.cli.app import build
from evalhub.errors import ConfigError

FIRST: list[dict[str, Any]] = [
    {"id": "1", "q": "Why\nso?", "a": ["r", "s"], "who": "w", "lang": "en"},
    {"id": "2", "q": "How?", "a": "t", "who": "v", "lang": "de"},
]
SECOND: list[dict[str, Any]] = [
    {**FIRST[0], "lang": "fr"},
    {"id": "3", "q": "x", "a": None, "who": "", "lang": "de"},
]
ROLES = ("--input", "q", "--reference", "a", "--cluster", "who")


def evalhub(*arguments: str, code: int = 0) -> str:
    """Run the command line in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "evalhub", "datasets", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with two files of examples."""
    for name, rows in (("qa.jsonl", FIRST), ("later.jsonl", SECOND)):
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(*arguments: str) -> dict[str, Any]:
    """Import as JSON tells it."""
    found: dict[str, Any] = json.loads(evalhub("import", *arguments, "--json"))
    return found


@pytest.mark.usefixtures("files")
def test_a_file_is_imported_listed_and_shown() -> None:
    """Twice is once; the list has the latest version, and show has all of them."""
    first = imported("qa.jsonl", *ROLES)
    assert (first["name"], first["examples"], first["is_new"]) == ("qa", 2, True)
    again = evalhub("import", "qa.jsonl", *ROLES)
    assert again == f"qa: 2 examples, version {first['version'][:12]}, which was stored before\n"
    second = imported("later.jsonl", *ROLES, "--name", "qa")

    (listed,) = json.loads(evalhub("list", "--json"))
    assert (listed["version"], listed["examples"], listed["versions"]) == (second["version"], 2, 2)
    assert evalhub("list").splitlines()[1].split()[:2] == ["qa", second["version"][:12]]

    shown = evalhub("show", "qa", "--version", first["version"][:6])
    for part in (first["version"], "inputs          q", "Why so?", "reference 2: s", "latest"):
        assert part in shown
    as_json = json.loads(evalhub("show", "qa", "--json", "--limit", "1"))
    assert [one["is_latest"] for one in as_json["versions"]] == [True, False]
    assert (as_json["with_reference"], as_json["clusters"]) == (1, 1)
    assert [one["id"] for one in as_json["first"]] == ["1"]


@pytest.mark.usefixtures("files")
def test_versions_are_compared() -> None:
    """Counts and ids, for people and for machines."""
    first = imported("qa.jsonl", *ROLES)["version"]
    second = imported("later.jsonl", *ROLES, "--name", "qa")["version"]
    found = json.loads(evalhub("diff", "qa", first[:8], "--json"))
    assert found == {
        "before": first,
        "after": second,
        "added": ["3"],
        "removed": ["2"],
        "changed": [{"id": "1", "parts": ["metadata"]}],
        "unchanged": 0,
        "is_reordered": False,
    }
    lines = evalhub("diff", "qa", first[:8], "latest").splitlines()
    assert lines[0].endswith(": 1 added, 1 removed, 1 changed, 0 unchanged")
    assert lines[1:] == ["+ 3", "- 2", "~ 1 (metadata)"]
    same = evalhub("diff", "qa", "latest", second[:8])
    assert same == f"qa: {second[:12]} is the same version\n"


@pytest.mark.usefixtures("files")
def test_an_export_is_imported_as_the_same_version() -> None:
    """Without any role, by another name or the same."""
    first = imported("qa.jsonl", *ROLES)
    assert evalhub("export", "qa", "--out", "out.jsonl.gz") == "2 examples in out.jsonl.gz\n"
    again = imported("out.jsonl.gz", "--name", "qa")
    assert (again["version"], again["is_new"]) == (first["version"], False)
    assert imported("out.jsonl.gz")["name"] == "out"


@pytest.mark.usefixtures("files")
def test_a_version_is_removed() -> None:
    """It says what went, and which version is the latest now; the other data sets stay."""
    first = imported("qa.jsonl", *ROLES)["version"]
    second = imported("later.jsonl", *ROLES, "--name", "qa")["version"]
    imported("later.jsonl", *ROLES, "--name", "q@a")
    told = evalhub("rm", f"qa@{second[:6]}").splitlines()
    assert told == [
        f"removed qa: 2 examples, version {second[:12]}",
        f"the latest version is {first[:12]}",
    ]
    assert json.loads(evalhub("show", "qa", "--json"))["version"] == first
    gone = json.loads(evalhub("rm", "qa@latest", "--json"))
    assert gone == {"name": "qa", "removed": [first], "latest": None}
    assert [one["name"] for one in json.loads(evalhub("list", "--json"))] == ["q@a"]


@pytest.mark.usefixtures("files")
def test_a_data_set_is_removed_with_all_versions() -> None:
    """The newest is named first; a name may have an @, and can be stored again."""
    first = imported("qa.jsonl", *ROLES, "--name", "q@a")["version"]
    second = imported("later.jsonl", *ROLES, "--name", "q@a")["version"]
    told = evalhub("rm", "q@a").splitlines()
    assert told == [f"removed q@a: 2 examples, version {one[:12]}" for one in (second, first)]
    assert json.loads(evalhub("list", "--json")) == []
    assert imported("qa.jsonl", *ROLES, "--name", "q@a")["is_new"]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("qb", "no data set is stored as 'qb'; did you mean 'qa'?"),
        ("qb@latest", "no data set is stored as 'qb'; did you mean 'qa'?"),
        ("qa@zz", "'qa' has no version that begins with 'zz'; see evalhub datasets show qa"),
        ("qa@", "'qa@' names no version; write qa@latest, or its hash"),
    ],
)
def test_what_is_not_stored_is_not_removed(which: str, message: str) -> None:
    """The nearest name, and everything is still there."""
    imported("qa.jsonl", *ROLES)
    assert evalhub("rm", which, code=2) == f"error: {message}\n"
    assert len(json.loads(evalhub("list", "--json"))) == 1


@pytest.mark.usefixtures("files")
def test_a_part_is_imported() -> None:
    """Conditions and samples, with what JSON would make of the value."""
    assert imported("qa.jsonl", *ROLES, "--where", "lang=de")["examples"] == 1
    assert imported("qa.jsonl", *ROLES, "--sample", "1", "--seed", "7")["examples"] == 1


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "qa.jsonl"), "qa.jsonl:1: name the columns that the target is given"),
        (("import", "qa.jsonl", "--input", "qq"), "qa.jsonl:1: no column 'qq'; did you mean 'q'"),
        (("import", "none.jsonl", *ROLES), "there is no data set none.jsonl"),
        (("import", "qa.jsonl", *ROLES, "--split", "x"), "'split' goes with 'huggingface'"),
        (("import", "qa.jsonl", *ROLES, "--where", "lang"), "use COLUMN=VALUE"),
        (("show", "qb"), "no data set is stored as 'qb'"),
        (("export", "qa", "--out", "x.xlsx"), "no data set is stored as 'qa'"),
        (("diff", "qa", "latest"), "no data set is stored as 'qa'"),
    ],
)
def test_what_cannot_be_done_is_one_line(arguments: tuple[str, ...], message: str) -> None:
    """The value, and what to do."""
    given = ["datasets", *arguments]
    with pytest.raises(ConfigError) as caught:
        build(given)(given, standalone_mode=False)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_store_says_what_to_do() -> None:
    """And an error is one line with exit code 2."""
    assert evalhub("list").startswith("no data sets; store one with: evalhub datasets import")
    error = evalhub("show", "qa", code=2)
    assert error == "error: no data set is stored as 'qa'; there are none\n"
