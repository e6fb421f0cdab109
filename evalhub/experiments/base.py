"""The tracker protocol: where experiments are kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evalhub.model import Experiment, MetricSummary

__all__ = ["RunFilter", "RunInfo", "RunLogger", "Tracker"]


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
    tags: Mapping[str, str] = field(default_factory=dict)
    """Those of its tags whose names begin with ``evalhub.``, such as its verdict."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which of the kept runs are wanted; what is None is not asked for."""

    target: str | None = None
    branch: str | None = None
    verdict: str | None = None
    since_ns: int | None = None
    """Only runs that started then or later, in nanoseconds since 1970."""


class RunLogger(Protocol):
    """Takes experiments, and need not give them back."""

    def check(self) -> None:
        """Find out now whether :meth:`log` will work, before what it takes is paid for.

        Raises:
            MissingExtraError: a package is not installed.
            TrackerError: it does not answer, or cannot be written.
        """

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Take *experiment*, the files *artifacts* and *tags*; return the run's id there.

        Raises:
            TrackerError: it was not taken.
        """


class Tracker(RunLogger, Protocol):
    """Keeps experiments, and gives them back."""

    def find(self, suite: str, tag: str, value: str) -> str | None:
        """Return the newest whole run of *suite* whose *tag* has this *value*, or None.

        Raises:
            TrackerError: the tracker does not answer.
        """

    def info(self, run_id: str) -> RunInfo:
        """Return what lists show of a kept run.

        Raises:
            TrackerError: no run has this id, or it was not logged by evalhub.
        """

    def newest(self, suite: str, tags: Mapping[str, str]) -> RunInfo | None:
        """Return the newest whole run of *suite* that has all of these *tags*, or None.

        Raises:
            TrackerError: the tracker does not answer.
        """

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set *tags* on a kept run; what was there under their names is replaced.

        Raises:
            TrackerError: no run has this id, or the tracker does not answer.
        """

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        """Add *files* to a kept run, such as its reports; one of the same name is replaced.

        Raises:
            TrackerError: no run has this id, or the tracker does not answer.
        """

    def list_runs(
        self, suite: str | None = None, *, limit: int = 100, where: RunFilter | None = None
    ) -> list[RunInfo]:
        """Return at most *limit* kept runs, newest first.

        Raises:
            TrackerError: the tracker does not answer.
        """

    def load(self, run_id: str) -> Experiment:
        """Return a kept run with all its example results.

        Raises:
            TrackerError: no run has this id, or it was not logged by evalhub.
        """
