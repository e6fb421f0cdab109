"""The tracker protocol: where experiments are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from evalhub.model import Experiment, MetricSummary

__all__ = ["RunInfo", "Tracker"]


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One kept run, as lists show it; its examples are read apart."""

    run_id: str
    name: str
    suite: str
    target: str
    dataset_name: str
    dataset_version: str
    start_ns: int
    params: Mapping[str, str]
    summaries: tuple[MetricSummary, ...]


class Tracker(Protocol):
    """Keeps experiments, and gives them back."""

    def check(self) -> None:
        """Find out now whether :meth:`log` will work, before what it keeps is paid for.

        Raises:
            MissingExtraError: a package is not installed.
            TrackerError: the tracker does not answer.
        """

    def log(self, experiment: Experiment, *, artifacts: Sequence[Path] = ()) -> str:
        """Keep *experiment* and the files *artifacts*; return the run's id.

        Raises:
            TrackerError: the tracker did not take it.
        """

    def list_runs(self, suite: str | None = None, *, limit: int = 100) -> list[RunInfo]:
        """Return the kept runs, newest first."""

    def load(self, run_id: str) -> Experiment:
        """Return a kept run with all its example results.

        Raises:
            TrackerError: no run has this id, or it was not logged by evalhub.
        """
