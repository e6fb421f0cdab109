"""The pytest plugin, in a pytest of its own."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

APP = """\
def copy(text):
    return text

def half(text):
    words = text.split()
    return " ".join(words[: len(words) // 2])

def fragile(text):
    if int(text.split()[0]) < 4:
        raise RuntimeError("too hard")
    return text
"""
SUITE = """\
name: NAME
dataset: {path: data.jsonl, inputs: [text], reference: text}
targets:
  candidate: {function: app:NAME}
metrics: [rouge1]
gates: [{metric: rouge1, at_least: 0.8}]
"""
TESTS = """\
import pytest

def test_pass(evaluation):
    report = evaluation("suites/copy.yaml")
    assert report.experiments[0].metrics["rouge1"].mean == 1

def test_fail(evaluation):
    evaluation("suites/half.yaml")

def test_incomplete(evaluation):
    evaluation("suites/fragile.yaml")

def test_inconclusive(evaluation):
    evaluation("suites/copy.yaml", limit=3)

def test_missing(evaluation):
    evaluation("suites/none.yaml")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """Return a project with an application, suites and tests that evaluate it."""
    suites = pytester.path / "suites"
    suites.mkdir()
    for name in ("copy", "half", "fragile"):
        (suites / f"{name}.yaml").write_text(SUITE.replace("NAME", name))
    texts = (f"{number} is the number that text {number} tells of" for number in range(20))
    rows = [json.dumps({"id": number, "text": text}) for number, text in enumerate(texts)]
    (suites / "data.jsonl").write_text("\n".join(rows))
    (pytester.path / "app.py").write_text(APP)
    pytester.makepyfile(test_answers=TESTS)
    return pytester


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run pytest in *project*, with the plugin as an installation has it."""
    is_installed = any(
        item.value == "evalhub.pytest_plugin" for item in entry_points(group="pytest11")
    )
    plugin = [] if is_installed else ["-p", "evalhub.pytest_plugin"]
    return project.runpytest_subprocess(*plugin, "-ra", *arguments, timeout=280)


@pytest.mark.slow
def test_verdicts_are_outcomes(project: pytest.Pytester) -> None:
    """Pass, fail and incomplete fail or not; what cannot be decided is as was asked for."""
    reports = project.path / "reports"
    done = run(project, "--evalhub-reports", str(reports), "--junit-xml", "j.xml")
    done.assert_outcomes(passed=1, failed=3, skipped=1)
    done.stdout.fnmatch_lines(
        [
            "the evaluation says fail",
            "*rouge1: fail, mean *is below 0.8*",
            "the evaluation says incomplete",
            "*4 of 20 examples have no score*",
            "the evaluation cannot be run: *there is no suite file*none.yaml*",
            "SKIPPED*the evaluation is inconclusive*",
        ]
    )
    assert "Traceback" not in done.stdout.str()
    assert "pytest_plugin.py" not in done.stdout.str().partition("short test summary")[0]
    assert sorted(path.name for path in reports.iterdir()) == ["copy", "fragile", "half"]
    assert "evalhub.candidate" in (project.path / "j.xml").read_text()

    limited = run(project, "--evalhub-limit", "3", "--evalhub-inconclusive", "xfail", "-k", "fail")
    limited.assert_outcomes(xfailed=1, deselected=4)
    project.makeini("[pytest]\nevalhub_inconclusive = fail\n")
    strict = run(project, "-k", "inconclusive", "-W", "error")
    strict.assert_outcomes(failed=1, deselected=4)
    strict.stdout.fnmatch_lines(["the evaluation is inconclusive*"])
    project.makeini("[pytest]\nevalhub_inconclusive = perhaps\n")
    wrong = run(project, "-k", "inconclusive")
    wrong.stdout.fnmatch_lines(["*evalhub_inconclusive is 'perhaps'; use one of skip*"])


def test_a_missing_extra_is_named(project: pytest.Pytester) -> None:
    """Without MLflow a test says what to install; other tests are not touched."""
    project.makeconftest("import sys\nsys.modules['mlflow'] = None\n")
    (project.path / "test_other.py").write_text("def test_other():\n    pass\n")
    done = run(project, "-k", "other or pass")
    done.assert_outcomes(passed=1, failed=1, deselected=4)
    done.stdout.fnmatch_lines(["*pip install 'evalhub?mlflow?'*"])


def test_the_start_of_pytest_is_not_slowed_down() -> None:
    """The plugin itself loads nothing of evalhub and nothing heavy."""
    code = (
        "import pytest, sys; before = set(sys.modules); import evalhub.pytest_plugin; "
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name for name in done.stdout.split() if name.partition(".")[0] != "importlib"}
    assert loaded <= {"evalhub", "evalhub.pytest_plugin"}


def test_the_options_are_told(pytester: pytest.Pytester) -> None:
    """``pytest --help`` lists them, and ``--fixtures`` the fixture."""
    told = run(pytester, "--help").stdout.str()
    for option in ("--evalhub-limit", "--evalhub-reports", "--evalhub-inconclusive"):
        assert option in told
    fixtures = run(pytester, "--fixtures").stdout.str()
    assert "evaluation" in fixtures
    assert str(Path("evalhub") / "pytest_plugin.py") in fixtures
