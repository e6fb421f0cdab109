"""``evalhub eval check`` and ``evalhub eval schema``, as a user types them."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

EVALHUB = str(Path(sys.executable).with_name("evalhub"))
SUITE = """\
name: copies
dataset: {path: data.jsonl, inputs: [text], reference: text}
targets: {a: {function: app:copy}, b: {function: app:copy}}
metrics: [rouge1]
gates: [{metric: rouge1, of: b, not_worse_than: a, margin: 0.1}]
"""

ROOT = Path(__file__).parents[2]


def evalhub(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``evalhub eval`` in *folder*."""
    return subprocess.run(
        [EVALHUB, "eval", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a suite of one function that must not be called."""
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "app.py").write_text("def copy(text):\n    raise SystemExit('called')\n")
    (folder / "data.jsonl").write_text('{"id": 1, "text": "x"}\n{"id": 2, "text": "y"}\n')
    (folder / "suite.yaml").write_text(SUITE)
    return folder


def test_a_check_says_what_would_run(folder: Path, evalhub_home: Path) -> None:
    """Nothing is called, and nothing is kept."""
    done = evalhub(folder, "check", "suite.yaml")
    assert done.returncode == 0, done.stderr
    assert "targets: a, b" in done.stdout
    assert "metrics: rouge1" in done.stdout
    assert "gates: b: rouge1 not worse than a (0.1)" in done.stdout
    assert "calls: 4" in done.stdout
    assert not list(evalhub_home.glob("*.db"))


def test_a_suite_that_is_a_link_lies_where_the_link_does(folder: Path) -> None:
    """Its files and its functions are looked for there, and not where it points."""
    linked = folder.parent / "linked"
    linked.mkdir()
    for name in ("app.py", "data.jsonl"):
        (folder / name).rename(linked / name)
    (folder / "app.py").write_text("other = None\n")
    (linked / "nightly.yaml").symlink_to(folder / "suite.yaml")
    done = evalhub(folder.parent, "check", "linked/nightly.yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("app:copy}, b", "app:cpy}, b", "suite.yaml:3:11: app has no 'cpy'"),
        ("inputs: [text]", "inputs: [txt]", "'txt'"),
        ("metrics: [rouge1]", "metrics: [rogue1]", "suite.yaml:4:11: no metric is called"),
        ("dataset:", "datasets:", "suite.yaml:2:1: unknown key 'datasets'; did you mean"),
    ],
)
def test_what_is_wrong_is_one_line(folder: Path, old: str, new: str, message: str) -> None:
    """The exit code is 2."""
    (folder / "suite.yaml").write_text(SUITE.replace(old, new))
    done = evalhub(folder, "check", "suite.yaml")
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_schema_is_printed_or_written(folder: Path) -> None:
    """Both are the same valid schema; a folder that is not there is one line."""
    printed = evalhub(folder, "schema")
    assert printed.returncode == 0, printed.stderr
    jsonschema.Draft202012Validator.check_schema(json.loads(printed.stdout))
    assert evalhub(folder, "schema", "--out", "s.json").returncode == 0
    assert (folder / "s.json").read_text() == printed.stdout
    refused = evalhub(folder, "schema", "--out", "none/s.json")
    assert refused.returncode == 2
    assert "cannot write none/s.json" in refused.stderr


def test_functions_are_found_beside_the_suite() -> None:
    """A suite can be checked from any folder, with the modules that lie in its own."""
    command = [sys.executable, "-m", "evalhub", "eval", "check", "examples/summaries/suite.yaml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "example-summaries" in done.stdout
