"""Make the trackers that a suite names."""

from collections.abc import Callable
from pathlib import Path

from evalhub.evals.suites.spec_tracking import TrackerSpec
from evalhub.evals.suites.suite import Suite
from evalhub.experiments.base import RunLogger, Tracker
from evalhub.experiments.folder import FolderTracker
from evalhub.experiments.mlflow import MlflowTracker
from evalhub.experiments.outbox import default_outbox
from evalhub.experiments.outbox_tracker import OutboxTracker
from evalhub.experiments.several import SeveralTrackers
from evalhub.experiments.tensorboard import TensorboardLogger
from evalhub.experiments.wandb import WandbLogger

__all__ = ["default_tracker", "make_keeper", "make_tracker"]


def make_tracker(suite: Suite, *, on_note: Callable[[str], None] | None = None) -> Tracker:
    """Return what keeps the runs of *suite* and tells the other trackers that it names.

    Where that is MLflow and it does not answer, the runs go to the outbox, and *on_note* is
    told so.
    """
    keeper = make_keeper(suite, on_note=on_note)
    loggers = [
        logger
        for spec in suite.spec.tracking
        if (logger := _logger(spec, suite.folder)) is not None
    ]
    return SeveralTrackers(keeper, loggers, on_note=on_note) if loggers else keeper


def default_tracker(*, on_note: Callable[[str], None] | None = None) -> OutboxTracker:
    """Return MLflow, with the runs that it did not take when they were made."""
    return OutboxTracker(MlflowTracker(), default_outbox(), on_note=on_note)


def make_keeper(suite: Suite, *, on_note: Callable[[str], None] | None = None) -> Tracker:
    """Return what keeps the runs of *suite*, and tells nobody else."""
    named = (spec.folder for spec in suite.spec.tracking if spec.folder is not None)
    folder = next(named, None)
    if folder is not None:
        return FolderTracker(suite.folder / folder.path)
    return default_tracker(on_note=on_note)


def _logger(spec: TrackerSpec, folder: Path) -> RunLogger | None:
    if spec.tensorboard is not None:
        return TensorboardLogger(folder / spec.tensorboard.logdir)
    if spec.wandb is not None:
        return WandbLogger(
            spec.wandb.project,
            mode=spec.wandb.mode,
            folder=folder / spec.wandb.folder,
            entity=spec.wandb.entity,
        )
    return None
