"""Which windows of a band are looked at, and who was told of which."""

import hashlib
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from evalhub.evals.online.bands import BandState
from evalhub.evals.online.config import BandSpec
from evalhub.evals.online.lease import State

__all__ = ["alert_message", "late_windows", "note_late", "note_told", "was_told", "windows"]

_MOST_WINDOWS = 100
"""Of one band in one round, the newest: after a long pause nobody reads more."""


def windows(
    band: BandSpec,
    *,
    looked_ns: int,
    now_ns: int,
    settle_ns: int,
    late: Collection[int] = (),
) -> Iterator[int]:
    """Yield where the windows start that are to be looked at now, the oldest first.

    That is the present one, and each that ended and settled since the last look: else the last
    scores of a window would count nowhere, and with a look a day nearly all of them. So are those
    in *late*, which were looked at after their end and got a score since.
    """
    length = band.window_ns
    present = now_ns // length * length
    oldest = (looked_ns - settle_ns) // length * length
    ended = range(max(oldest, present - _MOST_WINDOWS * length), present, length)
    due = {start for start in ended if looked_ns < start + length + settle_ns <= now_ns}
    yield from sorted(due.union(late))
    yield present


def note_late(state: State, band: BandSpec, starts_ns: Iterable[int], *, settle_ns: int) -> None:
    """Note in *state* which windows got a score now, of a trace that started then, and are over.

    A call that ends, or is delivered, after the last look at its window would count nowhere.
    """
    length, looked_ns = band.window_ns, int(state.get("looked_ns", 0))
    found = {start_ns // length * length for start_ns in starts_ns}
    over = {start for start in found if start + length + settle_ns <= looked_ns}
    if over:
        late = sorted(over.union(late_windows(state, band)))[-_MOST_WINDOWS:]
        state["late"] = {**state.get("late", {}), band.demand: late}


def late_windows(state: State, band: BandSpec) -> list[int]:
    """Return where the windows start that :func:`note_late` noted and nobody looked at since."""
    late: list[int] = state.get("late", {}).get(band.demand, [])
    return late


def was_told(state: State, found: BandState) -> bool:
    """Return whether somebody was told of this window already."""
    return found.window_start_ns in _told(state, found.band)


def note_told(state: State, found: BandState) -> None:
    """Note in *state* that somebody was told of this window."""
    told = [*_told(state, found.band), found.window_start_ns]
    state["alerts"] = {**state.get("alerts", {}), found.band.demand: told[-_MOST_WINDOWS:]}


def _told(state: State, band: BandSpec) -> list[int]:
    told: int | list[int] = state.get("alerts", {}).get(band.demand, [])
    return [told] if isinstance(told, int) else told  # a number alone: an older evalhub's


def alert_message(name: str, found: BandState) -> dict[str, Any]:
    """Return what is sent when a mean has left its band."""
    start, band = found.window_start_ns, found.band
    return {
        "id": hashlib.sha256(f"{name}\0{band.demand}\0{start}".encode()).hexdigest()[:32],
        "text": f"{name}: {found.sentence}",
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
