"""Whether the mean of a metric is surely outside its band.

A mean that is looked at each minute is soon outside by chance. So the interval is a confidence
sequence: over one window it leaves out the true mean at *any* look in at most 5% of windows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from evalhub.evals.online.config import BandSpec
from evalhub.metrics.stats import confidence_sequence, mean_interval
from evalhub.store.online import WindowScore

__all__ = ["BandState", "Bounds", "look_at"]

Bounds = tuple[float, float] | None
"""The least and the greatest value of a metric, where it has them."""


@dataclass(frozen=True, slots=True)
class BandState:
    """A band, and where the mean is."""

    band: BandSpec
    window_start_ns: int
    n: int
    """Scores; of one session they count together once."""
    missing: int
    """Traces whose score could not be given."""
    mean: float | None
    lower: float | None
    upper: float | None
    is_out: bool
    is_over: bool = False
    """Whether the window has ended."""

    @property
    def sentence(self) -> str:
        """What was found, in one line."""
        demand = self.band.demand
        if self.is_over:
            start = datetime.fromtimestamp(self.window_start_ns / 1e9, UTC)
            demand += f" from {start:%Y-%m-%d %H:%M}"
        if self.mean is None or self.lower is None or self.upper is None:
            return f"{demand}: {self.n} scores"
        state = "LEFT" if self.is_out else "within"
        counted = f", {self.missing} without a score" if self.missing else ""
        return (
            f"{demand}: {state}, mean {self.mean:.4g} "
            f"[{self.lower:.4g}, {self.upper:.4g}] of {self.n}{counted}"
        )


def look_at(
    band: BandSpec,
    scores: Sequence[WindowScore],
    bounds: Bounds,
    *,
    window_start_ns: int,
    signature: str | None = None,
    is_over: bool = False,
) -> BandState:
    """Return whether the mean of *scores*, in the order they were given, left its band.

    Scores of another *signature*, or where that is None of another than the last one's, are left
    out: they measure something else.
    *bounds* are the metric's; without finite ones the interval is a plain 95% one, which
    is wrong more often the more often it is looked at.
    """
    wanted = signature or (scores[-1].signature if scores else None)
    same = [one for one in scores if one.signature == wanted]
    values = _by_session(same)
    missing = sum(one.value is None for one in same)
    lower, upper = (None, None) if values.size < 2 else _interval(values, bounds)
    mean = float(values.mean()) if values.size else None
    is_out = values.size >= band.min_n and _is_out(band, lower, upper)
    return BandState(
        band, window_start_ns, values.size, missing, mean, lower, upper, is_out, is_over
    )


def _by_session(scores: Sequence[WindowScore]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return one value a session, in the order of their first scores."""
    sessions: dict[tuple[str, str], list[float]] = {}
    for one in scores:
        if one.value is not None:
            key = ("trace", one.trace_id) if one.session_id is None else ("session", one.session_id)
            sessions.setdefault(key, []).append(one.value)
    return np.array([math.fsum(values) / len(values) for values in sessions.values()])


def _interval(
    values: "np.ndarray[tuple[int], np.dtype[np.float64]]", bounds: Bounds
) -> tuple[float | None, float | None]:
    if bounds is not None and all(map(math.isfinite, bounds)):
        # By rounding a metric may overstep what it says.
        watched = confidence_sequence(np.clip(values, *bounds), bounds=bounds)
        return float(watched.lower[-1]), float(watched.upper[-1])
    found = mean_interval(values)
    return found.lower, found.upper


def _is_out(band: BandSpec, lower: float | None, upper: float | None) -> bool:
    if lower is None or upper is None:
        return False
    if band.at_least is not None:
        return upper < band.at_least
    return band.at_most is not None and lower > band.at_most
