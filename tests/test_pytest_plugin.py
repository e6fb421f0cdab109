"""The pytest plugin, in a pytest of its own."""

import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from evalhub.evals.reports.document import read_report

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
            "the evaluation says fail: The gate failed: candidate's rouge1, mean *is below 0.8.",
            "*rouge1: fail, mean *is below 0.8*",
            "the evaluation says incomplete: *",
            "*4 of 20 examples have no score*",
            "the evaluation cannot be run: *there is no suite file*none.yaml*",
            "SKIPPED*the evaluation says inconclusive: The gate cannot be decided by this data*",
        ]
    )
    assert done.stdout.str().count("half: 20 examples of data") == 1  # not in a section again
    assert "During handling" not in done.stdout.str()
    assert "Traceback" not in done.stdout.str()
    assert "pytest_plugin.py" not in done.stdout.str().partition("short test summary")[0]
    kept = sorted(path.name for path in (reports / "suites").iterdir())
    assert kept == ["copy", "fragile", "half"]
    assert "evalhub.candidate" in (project.path / "j.xml").read_text()

    limited = run(project, "--evalhub-limit", "3", "--evalhub-inconclusive", "xfail", "-k", "fail")
    limited.assert_outcomes(xfailed=1, deselected=4)
    project.makeini("[pytest]\nevalhub_inconclusive = fail\n")
    strict = run(project, "-k", "inconclusive", "-W", "error")
    strict.assert_outcomes(failed=1, deselected=4)
    strict.stdout.fnmatch_lines(["the evaluation says inconclusive: *"])


BESIDE = """\
def test_one(evaluation):
    evaluation("one/answers.yaml")

def test_two(evaluation):
    evaluation("two/answers.yaml")
"""


@pytest.mark.slow
def test_functions_beside_their_suites(project: pytest.Pytester) -> None:
    """A suite runs as on the command line; another's module of the same name is not taken for it.

    Nor are the reports of one written over those of the other. Beside a symbolic link is beside
    its suite.
    """
    reports = project.path / "reports"
    for folder, answer in (("one", "text"), ("two", "'no'")):
        (project.path / folder).mkdir()
        data = project.path / "suites" / "data.jsonl"
        (project.path / folder / "data.jsonl").write_text(data.read_text())
        suite = SUITE.replace("name: NAME", f"name: {folder}").replace("app:NAME", "bot:answer")
        (project.path / f"{folder}.yaml").write_text(suite)
        (project.path / folder / "answers.yaml").symlink_to(project.path / f"{folder}.yaml")
        (project.path / folder / "bot.py").write_text(f"def answer(text):\n    return {answer}\n")
    project.makepyfile(test_beside=BESIDE)
    done = run(project, "test_beside.py", "--evalhub-reports", str(reports))
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        ["the evaluation says fail: *mean *is below 0.8.", "FAILED*test_two*"]
    )
    found = {
        read_report((reports / one / "answers" / "report.json").read_text()).suite
        for one in ("one", "two")
    }
    assert found == {"one", "two"}


@pytest.mark.slow
def test_tests_of_one_suite_take_turns(project: pytest.Pytester) -> None:
    """Two workers of pytest-xdist with the same suite: the second waits for the first."""
    project.makepyfile(
        test_turns="""\
        import pytest

        @pytest.mark.parametrize("number", range(2))
        def test_turn(evaluation, number):
            evaluation("suites/slow.yaml")
        """
    )
    slow = SUITE.replace("NAME", "slow")
    (project.path / "suites" / "slow.yaml").write_text(slow)
    (project.path / "app.py").write_text(f"{APP}\n{SLOW}")
    done = run(project, "test_turns.py", "-n", "2")
    done.assert_outcomes(passed=2)
    told = (project.path / "calls.txt").read_text().split()
    assert len(told) == 40
    assert len(set(told[:20])) == len(set(told[20:])) == 1


SLOW = """\
import os
import time
from pathlib import Path

def slow(text):
    time.sleep(0.1)
    with (Path(__file__).parent / "calls.txt").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return text
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "evalhub_inconclusive=perhaps"], "evalhub_inconclusive is 'perhaps'; use one of"),
        (["--evalhub-limit=0"], "the limit is 0; use 1 or more"),
        (["--evalhub-limit=few"], "the limit is few; use 1 or more"),
        (["--evalhub-inconclusive=perhaps"], "invalid choice: 'perhaps'"),
    ],
)
def test_a_wrong_setting_is_refused_before_a_call(
    pytester: pytest.Pytester, arguments: list[str], message: str
) -> None:
    """It is known before anything is paid for; the exit code is pytest's for wrong usage."""
    done = run(pytester, *arguments)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"*{message}*"])


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
