"""One tracker that keeps, and others that are told as well."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evalhub.errors import TrackerError
from evalhub.experiments.base import RunFilter, RunInfo, RunLogger, Tracker
from evalhub.model import Experiment

__all__ = ["SeveralTrackers"]


class SeveralTrackers:
    """Keeps experiments in one tracker, and logs them to others before.

    The others go first because what they get twice, after a kill, they take for the same. One
    that fails is told of, and costs nothing: the experiment is kept.
    """

    def __init__(
        self,
        keeper: Tracker,
        loggers: Sequence[RunLogger],
        *,
        on_note: Callable[[str], None] | None = None,
    ) -> None:
        """Keep in *keeper* and log to *loggers*; *on_note* is told what one did not take."""
        self._keeper = keeper
        self._loggers = tuple(loggers)
        self._note = on_note

    def check(self) -> None:
        """Find out whether all of them will work.

        Raises:
            MissingExtraError: a package is not installed.
            TrackerError: one of them cannot be used.
        """
        for logger in (*self._loggers, self._keeper):
            logger.check()

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Keep *experiment* everywhere; return its id where it is kept.

        Raises:
            TrackerError: the keeper did not take it.
        """
        for logger in self._loggers:
            try:
                logger.log(experiment, artifacts=artifacts, tags=tags)
            except TrackerError as error:
                if self._note is not None:
                    self._note(f"{experiment.target}: {error}")
        return self._keeper.log(experiment, artifacts=artifacts, tags=tags)

    def find(self, suite: str, tag: str, value: str) -> str | None:
        """Return what the keeper finds."""
        return self._keeper.find(suite, tag, value)

    def info(self, run_id: str) -> RunInfo:
        """Return what the keeper's lists show of a run."""
        return self._keeper.info(run_id)

    def newest(self, suite: str, tags: Mapping[str, str]) -> RunInfo | None:
        """Return what the keeper finds."""
        return self._keeper.newest(suite, tags)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set *tags* on the run where it is kept."""
        self._keeper.tag(run_id, tags)

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        """Add *files* to the run where it is kept."""
        self._keeper.attach(run_id, files)

    def list_runs(
        self, suite: str | None = None, *, limit: int = 100, where: RunFilter | None = None
    ) -> list[RunInfo]:
        """Return the keeper's runs, newest first."""
        return self._keeper.list_runs(suite, limit=limit, where=where)

    def load(self, run_id: str) -> Experiment:
        """Return a run as the keeper gives it back."""
        return self._keeper.load(run_id)
