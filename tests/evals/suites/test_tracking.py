"""The key ``tracking`` of a suite file."""

from pathlib import Path

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.suites.make_tracker import make_tracker
from evalhub.evals.suites.suite import load_suite
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.outbox_tracker import OutboxTracker
from evalhub.experiments.several import SeveralTrackers
from evalhub.experiments.tensorboard import TensorboardLogger
from evalhub.experiments.wandb import WandbLogger

HEAD = """\
name: nights
dataset: {path: rows.jsonl, id: id, inputs: [text]}
targets:
  old: {function: "app:old"}
"""


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    """Return the path of a suite file without ``tracking``."""
    path = tmp_path / "suite.yaml"
    path.write_text(HEAD)
    return path


def test_mlflow_keeps_runs_where_nothing_is_named(suite_file: Path) -> None:
    """With an outbox for when it is down."""
    assert isinstance(make_tracker(load_suite(suite_file)), OutboxTracker)


@pytest.mark.parametrize(
    ("tracking", "kinds"),
    [
        ("mlflow", [OutboxTracker]),
        ("[mlflow]", [OutboxTracker]),
        ("{folder: {path: runs}}", [FolderTracker]),
        ("[{tensorboard: {logdir: tb}}]", [OutboxTracker, TensorboardLogger]),
        (
            "[mlflow, {wandb: {project: p, mode: offline}}, {tensorboard: {logdir: tb}}]",
            [OutboxTracker, WandbLogger, TensorboardLogger],
        ),
    ],
)
def test_a_tracker_is_made_of_each_that_is_named(
    suite_file: Path, tracking: str, kinds: list[type]
) -> None:
    """The keeper and those that are told as well, in the file's order."""
    suite_file.write_text(f"{HEAD}tracking: {tracking}\n")
    tracker = make_tracker(load_suite(suite_file))
    found = (
        [tracker._keeper, *tracker._loggers] if isinstance(tracker, SeveralTrackers) else [tracker]
    )
    assert [type(item) for item in found] == kinds


def test_paths_start_from_the_suite_file(suite_file: Path) -> None:
    """Wherever the command is run."""
    suite_file.write_text(f"{HEAD}tracking: {{folder: {{path: kept/runs}}}}\n")
    tracker = make_tracker(load_suite(suite_file))
    assert isinstance(tracker, FolderTracker)
    assert tracker.root == suite_file.parent / "kept" / "runs"


@pytest.mark.parametrize(
    ("tracking", "message"),
    [
        ("mlfow", "mlflow"),
        ("[{wandb: {projekt: p}}]", "project"),
        ("[{wandb: {project: p, mode: disabled}}]", "offline"),
        ("[{tensorboard: {}}]", "logdir"),
        ("[mlflow, {folder: {path: runs}}]", "leave the others out"),
        ("[{mlflow: {}, wandb: {project: p}}]", "one tracker in each item"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    suite_file: Path, tracking: str, message: str
) -> None:
    """And with the right key or value."""
    suite_file.write_text(f"{HEAD}tracking: {tracking}\n")
    with pytest.raises(SuiteError, match=rf"suite\.yaml:5.*{message}"):
        load_suite(suite_file)
