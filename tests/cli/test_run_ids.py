"""A kept run is named by the beginning of its id, as traces and data sets are."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from evalhub.cli.app import build
from evalhub.cli.evals.run_ids import whole_id
from evalhub.errors import ConfigError, TrackerError
from evalhub.experiments.folder import FolderTracker
from evalhub.model import Experiment, MetricSummary


@pytest.fixture
def tracker(tmp_path: Path) -> FolderTracker:
    """Return a folder with three runs."""
    kept = FolderTracker(tmp_path / "runs")
    for start_s in (1, 2, 3):
        kept.log(
            Experiment(
                name=f"bot-{start_s}",
                suite="nights",
                target="bot",
                dataset_name="questions",
                dataset_version="c0ffee",
                results=(),
                summaries=(MetricSummary("rouge1", "rouge1|v:1", 8, 0.5, 0.1, 0.4, 0.6),),
                params={},
                start_ns=start_s * 10**9,
            )
        )
    return kept


def test_a_clear_beginning_is_enough(tracker: FolderTracker) -> None:
    """So is the whole id, which is not looked up."""
    for run in tracker.list_runs():
        assert whole_id(tracker, run.run_id) == run.run_id
        assert whole_id(tracker, run.run_id[:-1]) == run.run_id
    assert whole_id(tracker, "f" * 32) == "f" * 32


def test_what_is_not_clear_says_what_to_write(tracker: FolderTracker) -> None:
    """No run, or several: one line with the value and the way on."""
    with pytest.raises(TrackerError, match="no kept run has the id 'zzz'; see evalhub eval list"):
        whole_id(tracker, "zzz")
    with pytest.raises(ConfigError, match=r"3 runs begin with '': .*; write more of the id"):
        whole_id(tracker, "")


@pytest.mark.parametrize("command", ["show", "promote"])
def test_commands_take_a_beginning(tracker: FolderTracker, command: str) -> None:
    """What is shown, or promoted, is the run that is meant."""
    run_id = tracker.list_runs()[0].run_id
    words = ["eval", command, run_id[:-1], "--folder", str(tracker.root)]
    told = CliRunner().invoke(build(["eval"]), words)
    assert told.exit_code == 0, told.output
    assert run_id in told.output
