"""Rounds of online evaluation: score what is new, look at the bands, tell somebody."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from evalhub.evals.online.alerts import (
    alert_message,
    late_windows,
    note_late,
    note_told,
    was_told,
    windows,
)
from evalhub.evals.online.arrivals import Arrivals
from evalhub.evals.online.bands import BandState, look_at
from evalhub.evals.online.config import BandSpec, OnlineSpec, duration_ns
from evalhub.evals.online.lease import Lease, State
from evalhub.evals.online.outages import Outages, outage_in
from evalhub.evals.online.reading import Marks, NewTrace, Reading
from evalhub.evals.online.scoring import Scorer, stored
from evalhub.evals.online.watched import watched_by
from evalhub.evals.online.webhook import AlertError, post_alert
from evalhub.metrics.base import ScoreColumn
from evalhub.store import Store
from evalhub.store.online import read_state
from evalhub.store.scores import StoredScore, add_scores

__all__ = ["Round", "Watch"]

_SIGNATURES = 8
"""Of one column, the newest: by which a trace is known as scored after the metric changed."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    scored: int = 0
    postponed: int = 0
    """Traces that could not be scored, and are tried again."""
    left_out: int = 0
    """Traces that are not whole, and of which nothing came for longer than ``give_up``."""
    bands: tuple[BandState, ...] = ()
    problems: tuple[str, ...] = ()
    is_standby: bool = False
    """Whether another process was at work on the same name."""

    @property
    def is_whole(self) -> bool:
        """Whether everything that was due was scored, and everybody told who had to be."""
        return not self.postponed and not self.problems

    @property
    def is_out(self) -> bool:
        """Whether a mean is outside its band."""
        return any(state.is_out for state in self.bands)


@dataclass(slots=True)
class Watch:
    """Scores new traces of a store, round by round."""

    spec: OnlineSpec
    scorer: Scorer
    store: Store
    clock_ns: Callable[[], int] = time.time_ns
    stopping: threading.Event = field(default_factory=threading.Event)
    _outages: Outages = field(default_factory=Outages, init=False)
    _lease: Lease = field(init=False)

    def __post_init__(self) -> None:
        self._lease = Lease(self.store, self.spec.name, self.clock_ns)

    def run(self, tell: Callable[[Round], None]) -> None:
        """Do rounds, and *tell* of each, until ``stopping`` is set.

        The batch that is being scored when it is set is finished and stored.

        Raises:
            StoreError: the store did not answer.
        """
        while not self.stopping.is_set():
            tell(self.round())
            self.pause()

    def pause(self) -> None:
        """Wait until the next round is due, or ``stopping`` is set."""
        self.stopping.wait(duration_ns(self.spec.every) / 1e9)

    def round(self) -> Round:
        """Score what is new, look at the bands, and send what is to be sent.

        Raises:
            LeaseLostError: another process took over in the middle; nothing is stored twice.
            StoreError: the store did not answer.
        """
        with self._lease.held() as state:
            if state is None:
                return Round(is_standby=True)
            return self._round(state)

    def _round(self, state: State) -> Round:
        now_ns = self.clock_ns()
        first_ns = now_ns - duration_ns(self.spec.since)
        reading = self._reading(state, first_ns, now_ns)
        scored, postponed = 0, list[NewTrace]()
        self._outages.begin()
        for batch in reading.batches():
            if self.stopping.is_set():
                break
            later = self._score(batch, reading)
            scored, postponed = scored + len(batch) - len(later), postponed + later
        else:
            # What is to be tried again must be found again.
            oldest = min((one.arrived - 1 for one in postponed), default=reading.given_up)
            done = min(oldest, reading.given_up)
            self._note(**reading.arrivals.finished(done).as_state)
        bands, refusals = self._bands(first_ns, now_ns)
        problems = (*self._outages.problems, *refusals)
        return Round(scored, len(postponed), reading.left_out, bands, problems)

    def _reading(self, state: State, first_ns: int, now_ns: int) -> Reading:
        """Return what is to be read, and note when that was here."""
        arrivals = Arrivals.read(state, self.store, first_ns=first_ns)
        waited_ns = duration_ns(self.spec.give_up)
        arrivals = arrivals.marked(self.store, now_ns, waited_ns=waited_ns)
        self._note(**arrivals.as_state)
        return Reading(self.store, self.spec, self._marks(state), arrivals, now_ns)

    def _marks(self, state: State) -> list[Marks]:
        """Return by which scores it is known that a trace is done, of each metric."""
        marks = list[Marks]()
        for index, (metric, _) in enumerate(self.scorer.metrics):
            names = self.scorer.names(index)
            given = state.get("given", {}).get(_key(names), {})
            before = {(name, mark) for name, signatures in given.items() for mark in signatures}
            marks.append(before | {(name, metric.signature) for name in names})
        return marks

    def _score(self, batch: Sequence[NewTrace], reading: Reading) -> list[NewTrace]:
        """Score and store *batch*; return the traces that are to be tried again."""
        later: dict[str, NewTrace] = {}
        for index in range(len(self.scorer.metrics)):
            lacking = [trace for trace in batch if index in trace.lacking]
            if lacking:
                postponed = self._score_by(index, lacking, reading)
                later |= {trace.summary.trace_id: trace for trace in postponed}
        return list(later.values())

    def _score_by(
        self, metric: int, traces: Sequence[NewTrace], reading: Reading
    ) -> list[NewTrace]:
        known = self._outages.problem(metric)
        if known is not None:  # it is not asked again for each batch of a long backlog
            return self._give_up(metric, traces, known, reading)
        columns = self.scorer.score(metric, traces)
        problem = outage_in(traces, columns)
        if problem is None:
            self._outages.worked(metric, traces)
        elif not self._outages.failed(metric, traces, problem):
            return self._give_up(metric, traces, problem, reading)
        source, now_ns = self.scorer.metrics[metric][1], self.clock_ns()
        scores = stored(traces, columns, source, now_ns)
        self._keep(metric, traces, scores, columns, worked=problem is None)
        return []

    def _give_up(
        self, metric: int, traces: Sequence[NewTrace], problem: str, reading: Reading
    ) -> list[NewTrace]:
        """Store as errored what was waited for long enough; return the others."""
        name, now_ns = _key(self.scorer.names(metric)), self.clock_ns()
        down_ns: list[int] = []

        def note(connection: Connection, state: State) -> None:
            down_ns.append(state.setdefault("down", {}).setdefault(name, now_ns))

        self._lease.write(note)
        if down_ns[0] > reading.given_up_ns:
            return list(traces)
        late = [trace for trace in traces if trace.arrived <= reading.given_up]
        if late:
            self._keep(metric, late, self.scorer.unscored(metric, late, problem, now_ns), ())
        return [trace for trace in traces if trace.arrived > reading.given_up]

    def _keep(
        self,
        metric: int,
        traces: Sequence[NewTrace],
        scores: Sequence[StoredScore],
        columns: Sequence[ScoreColumn],
        *,
        worked: bool = False,
    ) -> None:
        key = _key(self.scorer.names(metric))
        starts_ns, settle_ns = _starts(traces), duration_ns(self.spec.settle)

        def keep(connection: Connection, state: State) -> None:
            add_scores(connection, scores)
            given = state.setdefault("given", {}).setdefault(key, {})
            for column in columns:
                state.setdefault("bounds", {})[column.name] = column.bounds
                before = [mark for mark in given.get(column.name, []) if mark != column.signature]
                given[column.name] = [*before, column.signature][-_SIGNATURES:]
            if worked:
                state.setdefault("down", {}).pop(key, None)
            for band in self.spec.bands:
                note_late(state, band, starts_ns, settle_ns=settle_ns)

        self._lease.write(keep)

    def _note(self, **changes: object) -> None:
        self._lease.write(lambda connection, state: state.update(changes))

    def _bands(self, first_ns: int, now_ns: int) -> tuple[tuple[BandState, ...], list[str]]:
        """Look at each band, and tell; return what was found, and why nobody could be told."""
        with self.store.read() as connection:
            state = read_state(connection, self.spec.name)
        looked_ns, settle_ns = int(state.get("looked_ns", first_ns)), duration_ns(self.spec.settle)
        looks = [
            self._look(band, start_ns, now_ns)
            for band in self.spec.bands
            for start_ns in windows(
                band,
                looked_ns=looked_ns,
                now_ns=now_ns,
                settle_ns=settle_ns,
                late=late_windows(state, band),
            )
        ]
        found = tuple(one for one in looks if one.n or one.missing or not one.is_over)
        refusals = [told for told in map(self._tell, found) if told is not None]
        if not refusals:
            self._note(looked_ns=now_ns, late={})
        return found, refusals

    def _look(self, band: BandSpec, start_ns: int, now_ns: int) -> BandState:
        with self.store.read() as connection:
            watched = watched_by(connection, self.spec, band, start_ns)
        is_over = start_ns + band.window_ns <= now_ns
        return look_at(
            band,
            watched.scores,
            watched.bounds,
            window_start_ns=start_ns,
            signature=watched.signature,
            is_over=is_over,
        )

    def _tell(self, found: BandState) -> str | None:
        """Send an alert, once a window; return why it could not be sent."""
        if not found.is_out or self.spec.alert is None:
            return None
        with self.store.read() as connection:
            if was_told(read_state(connection, self.spec.name), found):
                return None
        try:
            post_alert(
                self.spec.alert, alert_message(self.spec.name, found), stopping=self.stopping
            )
        except AlertError as error:
            return str(error)
        self._lease.write(lambda connection, state: note_told(state, found))
        return None


def _key(names: Sequence[str]) -> str:
    """Return what the state calls the metric with columns of these *names*."""
    return "/".join(names)


def _starts(traces: Sequence[NewTrace]) -> list[int]:
    return [trace.summary.start_ns for trace in traces]
