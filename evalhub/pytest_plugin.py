"""An evaluation as a pytest test, with the suite's own gates.

::

    def test_summaries(evaluation):
        evaluation("suites/summaries.yaml")

A gate that failed fails the test, with the report in its message. Nothing of evalhub is imported
before a test asks for it.
"""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evalhub.evals.reports.report import Report

__all__ = ["evaluation", "pytest_addoption"]

_INCONCLUSIVE = "evalhub_inconclusive"
_OUTCOMES = ("skip", "pass", "xfail", "fail")
_UNDECIDED = ("inconclusive", "suspended")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of evaluations."""
    group = parser.getgroup("evalhub", "evaluations")
    group.addoption(
        "--evalhub-limit",
        type=int,
        metavar="N",
        help="evaluate only the first N examples of each suite",
    )
    group.addoption(
        "--evalhub-reports",
        type=Path,
        metavar="FOLDER",
        help="write the reports of each suite into FOLDER, under the suite file's name",
    )
    group.addoption(
        "--evalhub-inconclusive",
        choices=_OUTCOMES,
        help="what a test is whose gates the data cannot decide (default: skip)",
    )
    parser.addini(_INCONCLUSIVE, "as --evalhub-inconclusive", default=_OUTCOMES[0])


@pytest.fixture
def evaluation(request: pytest.FixtureRequest) -> "Callable[..., Report]":
    """Give a function that runs a suite file and makes its verdict the test's.

    The file is looked for from the folder of the test's own file, and functions that the suite
    names from pytest's root folder. *limit* takes only the first examples. What the function
    returns, when the verdict lets the test go on, is the report.
    """

    def evaluate(suite: str | Path, *, limit: int | None = None) -> "Report":
        __tracebackhide__ = True
        config = request.config
        wanted = config.getoption("--evalhub-limit")
        report, text = _run(
            request.path.parent / suite,
            limit=limit if wanted is None else wanted,
            folder=config.getoption("--evalhub-reports"),
            root=config.rootpath,
        )
        request.node.add_report_section("call", "evalhub", text)
        request.node.user_properties += [
            (f"evalhub.{run.target}", run.run_id) for run in report.experiments
        ]
        _conclude(report.verdict, text, config)
        return report

    return evaluate


def _run(path: Path, *, limit: int | None, folder: Path | None, root: Path) -> "tuple[Report, str]":
    """Return the report, and its text; what cannot be run fails the test in one line."""
    # Not at the top: every start of pytest, with evaluations or without, would wait for it.
    from evalhub.errors import EvalhubError  # noqa: PLC0415

    __tracebackhide__ = True
    try:
        from evalhub.evals.reports.as_test import as_text, run_for_test  # noqa: PLC0415

        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            # MLflow's own; where a project makes warnings errors, it could not be used at all.
            warnings.filterwarnings("ignore", module="mlflow")
            patch.syspath_prepend(root)
            report = run_for_test(path, limit=limit, folder=folder)
    except (EvalhubError, ImportError) as error:
        pytest.fail(f"the evaluation cannot be run: {error}", pytrace=False)
    return report, as_text(report)


def _conclude(verdict: str | None, text: str, config: pytest.Config) -> None:
    """Make *verdict* the test's outcome."""
    __tracebackhide__ = True
    if verdict in _UNDECIDED:
        _leave_open(f"{verdict}\n{text}", config)
    elif verdict not in (None, "pass"):
        pytest.fail(f"the evaluation says {verdict}\n{text}", pytrace=False)


def _leave_open(text: str, config: pytest.Config) -> None:
    __tracebackhide__ = True
    outcome = config.getoption("--evalhub-inconclusive") or config.getini(_INCONCLUSIVE)
    if outcome not in _OUTCOMES:
        raise pytest.UsageError(
            f"{_INCONCLUSIVE} is {outcome!r}; use one of {', '.join(_OUTCOMES)}"
        )
    reason = f"the evaluation is {text}"
    if outcome == "fail":
        pytest.fail(reason, pytrace=False)
    elif outcome == "skip":
        pytest.skip(reason.partition("\n")[0])
    elif outcome == "xfail":
        pytest.xfail(reason.partition("\n")[0])
