"""What a band is about: the scores of a metric, or which calls failed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from evalhub.evals.online.bands import Bounds
from evalhub.evals.online.config import BandSpec, OnlineSpec
from evalhub.evals.online.lease import State
from evalhub.evals.online.reading import left_out_projects
from evalhub.evals.operational import ERROR_RATE
from evalhub.store.arrivals import root_failures
from evalhub.store.online import WindowScore, read_state, window_scores

__all__ = ["Watched", "watched_by"]

_RATE_SIGNATURE = f"{ERROR_RATE}|v:1"


@dataclass(frozen=True, slots=True)
class Watched:
    """The values in one window of a band, and between what they lie."""

    scores: Sequence[WindowScore]
    bounds: Bounds
    signature: str | None
    """Of the scores that count."""


def watched_by(connection: Connection, spec: OnlineSpec, band: BandSpec, start_ns: int) -> Watched:
    """Return what *band* is about in its window that starts at *start_ns*.

    The error rate is of all traces, also those that are not in the sample: to see whether a call
    failed costs nothing.
    """
    inside = replace(spec.filter, since_ns=start_ns, until_ns=start_ns + band.window_ns)
    if band.metric == ERROR_RATE:
        hidden = left_out_projects(spec)
        failures = root_failures(connection, inside, signature=_RATE_SIGNATURE, without=hidden)
        return Watched(failures, (0.0, 1.0), _RATE_SIGNATURE)
    state = read_state(connection, spec.name)
    bounds = state.get("bounds", {}).get(band.metric)
    known = None if bounds is None or None in bounds else (bounds[0], bounds[1])
    scores = window_scores(connection, inside, band.metric)
    return Watched(scores, known, _last_signature(state, band.metric))


def _last_signature(state: State, column: str) -> str | None:
    """Return the signature of the scores that were given last under this name, by this file."""
    for given in state.get("given", {}).values():
        if column in given:
            return str(given[column][-1])
    return None
