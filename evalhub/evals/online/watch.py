"""Rounds of online evaluation: score what is new, look at the bands, tell somebody."""

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from evalhub.evals.online.bands import BandState, look_at
from evalhub.evals.online.config import BandSpec, OnlineSpec, duration_ns
from evalhub.evals.online.lease import Lease, State
from evalhub.evals.online.reading import NewTrace, new_traces
from evalhub.evals.online.scoring import Scorer, stored
from evalhub.evals.online.webhook import AlertError, post_alert
from evalhub.metrics.base import ScoreColumn
from evalhub.model import ScoreState
from evalhub.store import Store
from evalhub.store.online import read_state, window_scores
from evalhub.store.scores import add_scores

__all__ = ["Round", "Watch", "alert_message"]

_TRIES = 3
"""Rounds in which a trace is tried that no metric can score; then it is stored as errored."""
_UNREAD = "the root spans' outputs hold no text where 'columns' looks for it"


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did."""

    scored: int = 0
    postponed: int = 0
    """Traces that could not be scored, and are tried again."""
    bands: tuple[BandState, ...] = ()
    problems: tuple[str, ...] = ()
    is_standby: bool = False
    """Whether another process was at work on the same name."""

    @property
    def is_out(self) -> bool:
        """Whether a mean is outside its band."""
        return any(state.is_out for state in self.bands)


@dataclass(slots=True)
class Watch:
    """Scores new traces of a store, round by round."""

    spec: OnlineSpec
    scorer: Scorer
    names: Sequence[str]
    """Of the columns that the metrics give."""
    store: Store
    clock_ns: Callable[[], int] = time.time_ns
    stopping: threading.Event = field(default_factory=threading.Event)
    _tried: Counter[str] = field(default_factory=Counter, init=False)
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
        since_ns = int(state.get("since_ns", first_ns))
        scored, postponed, problems = 0, 0, []
        batches = new_traces(self.store, self.spec, self.names, since_ns=since_ns, now_ns=now_ns)
        for batch in batches:
            if self.stopping.is_set():
                break
            kept, problem = self._score(batch)
            scored, postponed = scored + kept, postponed + len(batch) - kept
            problems += [problem] if problem else []
        else:
            self._move_on(max(since_ns, now_ns - duration_ns(self.spec.give_up)))
        bands = tuple(self._look(band) for band in self.spec.bands)
        problems += [told for told in map(self._tell, bands) if told is not None]
        return Round(scored, postponed, bands, tuple(problems))

    def _score(self, batch: Sequence[NewTrace]) -> tuple[int, str | None]:
        """Score and store *batch*; return how many were stored, and what went wrong."""
        columns = self.scorer.score(batch)
        problem = _outage(batch, columns)
        if problem is not None:
            self._tried.update(trace.summary.trace_id for trace in batch)
            if any(self._tried[trace.summary.trace_id] < _TRIES for trace in batch):
                return 0, problem
        now_ns = self.clock_ns()
        bounds = {column.name: column.bounds for _, column in columns}

        def keep(connection: Connection, state: State) -> None:
            add_scores(connection, stored(batch, columns, now_ns))
            state["bounds"] = {**state.get("bounds", {}), **bounds}

        self._lease.write(keep)
        for trace in batch:
            self._tried.pop(trace.summary.trace_id, None)
        return len(batch), problem

    def _move_on(self, since_ns: int) -> None:
        self._lease.write(lambda connection, state: state.update(since_ns=since_ns))

    def _look(self, band: BandSpec) -> BandState:
        start_ns = self.clock_ns() // band.window_ns * band.window_ns
        inside = replace(self.spec.filter, since_ns=start_ns, until_ns=start_ns + band.window_ns)
        with self.store.read() as connection:
            bounds = read_state(connection, self.spec.name).get("bounds", {}).get(band.metric)
            scores = window_scores(connection, inside, band.metric)
        known = None if bounds is None or None in bounds else (bounds[0], bounds[1])
        return look_at(band, scores, known, window_start_ns=start_ns)

    def _tell(self, found: BandState) -> str | None:
        """Send an alert, once a window; return why it could not be sent."""
        if not found.is_out or self.spec.alert is None:
            return None
        key = found.band.demand
        with self.store.read() as connection:
            sent = read_state(connection, self.spec.name).get("alerts", {})
        if sent.get(key) == found.window_start_ns:
            return None
        try:
            post_alert(
                self.spec.alert, alert_message(self.spec.name, found), stopping=self.stopping
            )
        except AlertError as error:
            return str(error)
        alerts = {**sent, key: found.window_start_ns}
        self._lease.write(lambda connection, state: state.update(alerts=alerts))
        return None


def _outage(batch: Sequence[NewTrace], columns: Sequence[tuple[str, ScoreColumn]]) -> str | None:
    """Say which metric could score none of what the application answered; None where all could."""
    answered = [index for index, trace in enumerate(batch) if trace.root.outputs is not None]
    for _, column in columns:
        states = [column.score(index) for index in answered]
        if states and all(one.state is ScoreState.ERRORED for one in states):
            reason = states[0].explanation or _UNREAD
            return f"{column.name} could score none of {len(states)} traces: {reason}"
    return None


def alert_message(name: str, found: BandState) -> dict[str, Any]:
    """Return what is sent when a mean has left its band."""
    start, band = found.window_start_ns, found.band
    text = f"{name}: {found.sentence}"
    return {
        "id": hashlib.sha256(f"{name}\0{band.demand}\0{start}".encode()).hexdigest()[:32],
        "text": text,
        "name": name,
        "metric": band.metric,
        "at_least": band.at_least,
        "at_most": band.at_most,
        "mean": found.mean,
        "lower": found.lower,
        "upper": found.upper,
        "n": found.n,
        "missing": found.missing,
        "window_start": _iso(start),
        "window_end": _iso(start + band.window_ns),
    }


def _iso(moment_ns: int) -> str:
    return datetime.fromtimestamp(moment_ns / 1e9, UTC).isoformat(timespec="seconds")
