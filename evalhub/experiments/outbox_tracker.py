"""A tracker that may be down: what it does not take goes to the outbox."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from evalhub.errors import TrackerError, TrackerUnavailableError
from evalhub.experiments.base import RunFilter, RunInfo, Tracker
from evalhub.experiments.outbox import Outbox
from evalhub.model import Experiment

__all__ = ["OutboxTracker"]


class OutboxTracker:
    """Keeps experiments in a tracker, or in an outbox while that does not take them."""

    def __init__(
        self, tracker: Tracker, outbox: Outbox, *, on_note: Callable[[str], None] | None = None
    ) -> None:
        """Keep what *tracker* does not take in *outbox*; *on_note* is told so, once."""
        self._tracker = tracker
        self._outbox = outbox
        self._note = on_note
        self._is_down = False
        """Whether the tracker failed, so that from then on everything was kept here."""

    def check(self) -> None:
        """Find out whether the tracker answers; that it does not now is noted, and no error.

        Raises:
            MissingExtraError: a package is not installed.
            TrackerError: the tracker refuses what it is asked, or the outbox cannot be written.
        """
        try:
            self._tracker.check()
        except TrackerUnavailableError as error:
            self._outbox.runs.check()
            self._went_down(error)

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Keep *experiment*; return the id of the run in the tracker, or in the outbox.

        Raises:
            TrackerError: neither took it.
        """
        if not self._is_down:
            try:
                return self._tracker.log(experiment, artifacts=artifacts, tags=tags)
            except TrackerError as error:
                # Whatever the reason: its calls are paid for.
                self._went_down(error)
        return self._outbox.runs.log(experiment, artifacts=artifacts, tags=tags)

    def find(self, suite: str, tag: str, value: str) -> str | None:
        """Return the newest whole run of *suite* whose *tag* has this *value*, or None.

        While the tracker is down only the outbox is looked at.

        Raises:
            TrackerError: the tracker refuses what it is asked.
        """
        here = self._outbox.runs.find(suite, tag, value)
        if here is not None or self._is_down:
            return here
        try:
            return self._tracker.find(suite, tag, value)
        except TrackerUnavailableError as error:
            self._went_down(error)
            return None

    def info(self, run_id: str) -> RunInfo:
        """Return what lists show of a kept run.

        Raises:
            TrackerError: no run has this id, or the tracker does not answer.
        """
        return self._holder(run_id).info(self._named(run_id))

    def newest(self, suite: str, tags: Mapping[str, str]) -> RunInfo | None:
        """Return the newest whole run of *suite* that has all of these *tags*, or None.

        Raises:
            TrackerError: the tracker does not answer: which run is newest is then not known.
        """
        here, there = self._outbox.runs.newest(suite, tags), self._tracker.newest(suite, tags)
        found = [run for run in (here, there) if run is not None]
        return max(found, key=lambda run: run.start_ns, default=None)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set *tags* on a kept run, now or when it can be reached again.

        Raises:
            TrackerError: no run has this id, or the outbox cannot be written.
        """
        named = self._added(run_id, lambda holder, named: holder.tag(named, tags))
        if named is not None:
            self._outbox.keep_addition(named, tags)

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        """Add *files* to a kept run, now or when it can be reached again.

        Raises:
            TrackerError: no run has this id, or the outbox cannot be written.
        """
        named = self._added(run_id, lambda holder, named: holder.attach(named, files))
        if named is not None:
            self._outbox.keep_addition(named, {}, files)

    def _added(self, run_id: str, add: Callable[[Tracker, str], None]) -> str | None:
        """Let *add* add to a run where it is; else return what the tracker calls it."""
        runs = self._outbox.runs
        if runs.holds(run_id):
            try:
                add(runs, run_id)
            except TrackerError:
                if runs.holds(run_id):
                    raise
            else:
                return None  # else it was sent this moment, by another process
        named = self._named(run_id)
        if not self._is_down:
            try:
                add(self._tracker, named)
            except TrackerUnavailableError as error:
                self._went_down(error)
            else:
                return None
        return named

    def list_runs(
        self, suite: str | None = None, *, limit: int = 100, where: RunFilter | None = None
    ) -> list[RunInfo]:
        """Return at most *limit* kept runs, those of the outbox as well, newest first.

        Raises:
            TrackerError: the tracker does not answer.
        """
        runs = self._tracker.list_runs(suite, limit=limit, where=where)
        runs += self._outbox.runs.list_runs(suite, limit=limit, where=where)
        return sorted(runs, key=lambda run: run.start_ns, reverse=True)[:limit]

    def load(self, run_id: str) -> Experiment:
        """Return a kept run with all its example results.

        Raises:
            TrackerError: no run has this id, or the tracker does not answer.
        """
        return self._holder(run_id).load(self._named(run_id))

    def _holder(self, run_id: str) -> Tracker:
        return self._outbox.runs if self._outbox.runs.holds(run_id) else self._tracker

    def _named(self, run_id: str) -> str:
        """Return the id by which *run_id* is known now: it may have been sent meanwhile."""
        if self._outbox.runs.holds(run_id):
            return run_id
        return self._outbox.sent_as(run_id) or run_id

    def _went_down(self, error: TrackerError) -> None:
        if self._is_down:
            return
        self._is_down = True
        if self._note is not None:
            self._note(
                f"{error}; the runs are kept in {self._outbox.root}, send them later with: "
                "evalhub eval sync"
            )
