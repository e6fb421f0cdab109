"""An evaluation as a pytest test, with the suite's own gates.

::

    def test_summaries(evaluation):
        evaluation("suites/summaries.yaml")

A gate that failed fails the test, with the report in its message. Nothing of evalhub is imported
before a test asks for it.
"""

import argparse
import contextlib
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evalhub.evals.reports.report import Report

__all__ = ["evaluation", "pytest_addoption", "pytest_configure"]

_INCONCLUSIVE = "evalhub_inconclusive"
_OUTCOMES = ("skip", "pass", "xfail", "fail")
_UNDECIDED = ("inconclusive", "suspended")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of evaluations."""
    group = parser.getgroup("evalhub", "evaluations")
    group.addoption(
        "--evalhub-limit",
        type=_limit,
        metavar="N",
        help="evaluate only the first N examples of each suite",
    )
    group.addoption(
        "--evalhub-reports",
        type=Path,
        metavar="FOLDER",
        help="write the reports of each suite into FOLDER, under the suite file's path",
    )
    group.addoption(
        "--evalhub-inconclusive",
        choices=_OUTCOMES,
        help="what a test is whose gates the data cannot decide (default: skip)",
    )
    parser.addini(_INCONCLUSIVE, "as --evalhub-inconclusive", default=_OUTCOMES[0])


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a setting that is none, before an evaluation is paid for.

    Raises:
        pytest.UsageError: the setting is wrong.
    """
    outcome = config.getini(_INCONCLUSIVE)
    if outcome not in _OUTCOMES:
        raise pytest.UsageError(
            f"{_INCONCLUSIVE} is {outcome!r}; use one of {', '.join(_OUTCOMES)}"
        )


def _limit(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"the limit is {text}; use 1 or more")
    return int(text)


@pytest.fixture
def evaluation(request: pytest.FixtureRequest) -> "Callable[..., Report]":
    """Give a function that runs a suite file and makes its verdict the test's.

    The file is looked for from the folder of the test's own file, and functions that the suite
    names from pytest's root folder, then from the suite's. *limit* takes only the first examples.
    What the function returns, when the verdict lets the test go on, is the report.
    """

    def evaluate(suite: str | Path, *, limit: int | None = None) -> "Report":
        __tracebackhide__ = True
        config = request.config
        wanted = config.getoption("--evalhub-limit")
        report, told, text = _run(
            request.path.parent / suite, config, limit=limit if wanted is None else wanted
        )
        request.node.user_properties += [
            (f"evalhub.{run.target}", run.run_id) for run in report.experiments
        ]
        outcome = _outcome(report.verdict, config)
        # Not in the failure itself: in CI pytest prints that again in its summary.
        request.node.add_report_section("call", "evalhub", text)
        if outcome == "fail":
            pytest.fail(told, pytrace=False)
        elif outcome == "skip":
            pytest.skip(told)
        elif outcome == "xfail":
            pytest.xfail(told)
        return report

    return evaluate


def _run(path: Path, config: pytest.Config, *, limit: int | None) -> "tuple[Report, str, str]":
    """Return the report, a line and its text; what cannot be run fails the test in one line."""
    # Not at the top: every start of pytest, with evaluations or without, would wait for it.
    from evalhub.errors import EvalhubError  # noqa: PLC0415

    __tracebackhide__ = True
    try:
        from evalhub.evals.reports.as_test import as_line, as_text, run_for_test  # noqa: PLC0415

        with _modules_of(path, config.rootpath), warnings.catch_warnings():
            # MLflow's own; where a project makes warnings errors, it could not be used at all.
            warnings.filterwarnings("ignore", module="mlflow")
            report = run_for_test(path, limit=limit, folder=_folder(path, config))
        return report, as_line(report), as_text(report)
    except (EvalhubError, ImportError) as error:
        problem = str(error)
    # Out of the except clause, or pytest would print the error a second time, as its context.
    pytest.fail(f"the evaluation cannot be run: {problem}", pytrace=False)


@contextlib.contextmanager
def _modules_of(suite: Path, root: Path) -> Iterator[None]:
    """Have functions found in *root*, then in the folder of *suite*, as `evalhub eval run` does.

    Modules that came from the suite's own folder are forgotten: in another suite's folder the
    same name is another module.
    """
    own, known = suite.parent.resolve(), set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(own)
        patch.syspath_prepend(root)
        yield
    if own == root.resolve():
        return
    for name in set(sys.modules) - known:
        file = getattr(sys.modules[name], "__file__", None)
        if file is not None and Path(file).parent.resolve().is_relative_to(own):
            del sys.modules[name]


def _folder(suite: Path, config: pytest.Config) -> Path | None:
    """Return where the reports of *suite* go; suites of one name in two folders are kept apart."""
    folder: Path | None = config.getoption("--evalhub-reports")
    if folder is None:
        return None
    path = (suite.parent.resolve() / suite.name).with_suffix("")
    root = config.rootpath.resolve()
    return folder / (path.relative_to(root) if path.is_relative_to(root) else path.name)


def _outcome(verdict: str | None, config: pytest.Config) -> str:
    """Return what *verdict* makes of a test: one of the outcomes that can be asked for."""
    if verdict in _UNDECIDED:
        return str(config.getoption("--evalhub-inconclusive") or config.getini(_INCONCLUSIVE))
    return "pass" if verdict in {None, "pass"} else "fail"
