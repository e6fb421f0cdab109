"""``evalhub eval list`` and ``show``: filters, verdicts, aliases, folders."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evalhub.cli.app import build
from evalhub.errors import ConfigError, TrackerError
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.outbox import default_outbox
from evalhub.model import Experiment, MetricSummary

Invoke = Callable[..., Result]


def _experiment(target: str, start_s: int, suite: str = "nights") -> Experiment:
    return Experiment(
        name=f"{target}-1",
        suite=suite,
        target=target,
        dataset_name="papers",
        dataset_version="c0ffee" * 10 + "beef",
        results=(),
        summaries=(
            MetricSummary("rouge1", "rouge1|v:1", 8, 0.5, 0.1, 0.4, 0.6, errored=2),
            MetricSummary("cost_usd", "cost_usd|v:1", 0, None, None, None, None),
        ),
        params={"model": "local"},
        start_ns=start_s * 10**9,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three runs; the oldest passed on main and has an alias."""
    tracker = FolderTracker(tmp_path / "runs")
    tracker.log(
        _experiment("old", 1_700_000_000),
        tags={
            "evalhub.verdict": "pass",
            "evalhub.git_branch": "main",
            "evalhub.git_commit": "c" * 40,
            "evalhub.git_dirty": "true",
            "evalhub.alias.production": "current",
            "evalhub.alias.staging": "past",
        },
    )
    tracker.log(
        _experiment("new", 1_700_086_400),
        tags={"evalhub.verdict": "fail", "evalhub.git_branch": "topic"},
    )
    tracker.log(_experiment("new", 1_700_172_800, suite="other"), tags={"evalhub.partial": "2 USD"})
    return tracker.root


@pytest.fixture
def invoke(folder: Path) -> Invoke:
    """Return a function that runs ``evalhub eval`` on the folder."""

    def run(*arguments: str) -> Result:
        given = ["eval", *arguments, "--folder", str(folder)]
        return CliRunner().invoke(build(["eval"]), given, catch_exceptions=True)

    return run


def _listed(result: Result) -> list[tuple[str, str]]:
    return [(run["suite"], run["target"]) for run in json.loads(result.stdout)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), [("other", "new"), ("nights", "new"), ("nights", "old")]),
        (("--suite", "nights"), [("nights", "new"), ("nights", "old")]),
        (("--target", "old"), [("nights", "old")]),
        (("--branch", "topic"), [("nights", "new")]),
        (("--verdict", "pass"), [("nights", "old")]),
        (("--since", "2023-11-16"), [("other", "new")]),
        (("--limit", "1"), [("other", "new")]),
        (("--target", "new", "--suite", "nights", "--verdict", "fail"), [("nights", "new")]),
        (("--branch", "absent"), []),
    ],
)
def test_the_list_is_filtered(
    invoke: Invoke, options: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    """Each filter leaves out what is unlike it; together they hold all at once."""
    assert _listed(invoke("list", "--json", *options)) == expected


def test_the_list_shows_verdict_and_alias(invoke: Invoke) -> None:
    """An alias that was passed on is not shown; a partial run has no verdict."""
    shown = invoke("list").stdout
    assert "production" in shown
    assert "staging" not in shown
    for word in ("pass", "fail", "partial"):
        assert word in shown


def test_an_empty_list_says_why(invoke: Invoke, tmp_path: Path) -> None:
    """Nothing there is told from nothing like it."""
    assert "no run is like that" in invoke("list", "--target", "absent").stderr
    empty = CliRunner().invoke(build(["eval"]), ["eval", "list", "--folder", str(tmp_path / "no")])
    assert "no runs yet" in empty.stderr


def test_a_wrong_verdict_or_date_is_refused(invoke: Invoke) -> None:
    """The message names what there is."""
    assert "inconclusive" in invoke("list", "--verdict", "maybe").stderr
    assert isinstance(invoke("list", "--since", "soon").exception, ConfigError)


def test_what_was_not_sent_is_told(invoke: Invoke, evalhub_home: Path) -> None:
    """Who looks in MLflow for last night's runs finds out where they are; a folder has all."""
    default_outbox().runs.log(_experiment("new", 1_700_000_000))
    listed = CliRunner().invoke(build(["eval"]), ["eval", "list"])
    assert "1 run waits to be sent to MLflow: evalhub eval sync" in listed.stderr
    assert "waits to be sent" not in invoke("list").stderr


def test_a_run_is_shown_whole(invoke: Invoke) -> None:
    """Figures, what lacks a score, settings, commit and alias; as JSON the same."""
    [run] = json.loads(invoke("list", "--json", "--target", "old").stdout)
    shown = invoke("show", run["run_id"]).stdout
    for text in (
        "0.4 to 0.6",
        "production",
        "c" * 40 + " with changes",
        "main",
        "local",
        "papers",
        "2023-11-14 22:13:20 UTC",
    ):
        assert text in shown
    document = json.loads(invoke("show", run["run_id"], "--json").stdout)
    assert document["metrics"]["rouge1"]["errored"] == 2
    assert document["tags"]["evalhub.alias.staging"] == "past"
    assert (document["verdict"], document["aliases"]) == ("pass", ["production"])
    assert {key: document[key] for key in run} == run


def test_an_unknown_run_is_one_line(invoke: Invoke) -> None:
    """With the folder that was looked at."""
    result = invoke("show", "absent")
    assert isinstance(result.exception, TrackerError)
    assert "\n" not in str(result.exception)


def test_runs_of_a_folder_are_promoted_and_compared(invoke: Invoke, folder: Path) -> None:
    """What a suite keeps in a folder may be a baseline as well."""
    old, new = (run.run_id for run in FolderTracker(folder).list_runs("nights")[::-1])
    assert invoke("promote", new).stdout == f"{new} is production\n"
    assert invoke("promote", new, "--accept").stdout == f"{new} is a baseline of the branch topic\n"
    compared = invoke("compare", old, new, "--json")
    assert (compared.exit_code, '"rouge1"' in compared.stdout) == (0, True)
