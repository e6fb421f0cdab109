"""How far a mean, a percentile or a difference may lie when some examples have no score.

An interval over the scored examples alone would let a candidate gain by failing
on the hard ones. So each missing score is put at the metric's worst for the lower
end and at its best for the upper end (Horowitz and Manski, 2000).
"""

import math
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.gates.exact import exact_difference
from evalhub.evals.gates.percentile import percentile_interval
from evalhub.evals.gates.sample import Sample
from evalhub.metrics.aggregate import is_rate, summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats import missing_range, worst_case_difference

__all__ = [
    "Bounds",
    "Difference",
    "Mean",
    "Measure",
    "Observed",
    "Percentile",
]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Interval ends that hold whatever the missing scores would have been."""

    lower: float | None
    upper: float | None
    units: int
    """Independent examples or clusters."""
    total: int
    """Examples that should have a score."""
    missing: int
    """Those of them that have none."""
    refused: str | None = None
    """Why nothing can be said, or None."""
    sign: float = 1.0
    """-1 once the ends were turned around because less is better."""
    value: float | None = None
    """The figure itself, over what is scored; not turned around."""

    @classmethod
    def none(cls, reason: str) -> Self:
        """Return the bounds of what cannot be said, for *reason*."""
        return cls(None, None, units=0, total=0, missing=0, refused=reason)

    @property
    def missing_rate(self) -> float:
        """Missing examples as a share of all; 1 when there is none at all."""
        return self.missing / self.total if self.total else 1.0

    def times(self, sign: float) -> Self:
        """Return the bounds of *sign* (1 or -1) times the quantity."""
        if sign > 0 or self.lower is None or self.upper is None:
            return replace(self, sign=self.sign * sign)
        return replace(self, lower=-self.upper, upper=-self.lower, sign=self.sign * sign)


class Measure(Protocol):
    """A figure over a sample, with an interval of any confidence."""

    def at(self, confidence: float) -> Bounds:
        """Return its bounds at *confidence*."""


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of one target's scores."""

    sample: Sample

    def at(self, confidence: float) -> Bounds:
        """Return its bounds at *confidence*."""
        values, bounds = self.sample.values, self.sample.bounds
        low, high = missing_range(values, bounds)
        lower, upper = (
            self._ends(_filled(values, missing), confidence)[end]
            for end, missing in enumerate((low, high))
        )
        return _bounds(self.sample, values, lower, upper)

    def _ends(self, values: Floats, confidence: float) -> tuple[float | None, float | None]:
        column = ScoreColumn("mean", values, "", bounds=self.sample.bounds)
        found = summarize(column, clusters=self.sample.clusters, confidence=confidence)
        return found.lower, found.upper


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile of one target's scores."""

    sample: Sample
    share: float

    def at(self, confidence: float) -> Bounds:
        """Return its bounds at *confidence*; an end that the sample cannot show is infinite."""
        values, clusters = self.sample.values, self.sample.clusters
        filled = (_filled(values, end) for end in missing_range(values, self.sample.bounds))
        lower, upper = (
            percentile_interval(one, self.share, clusters=clusters, confidence=confidence)[end]
            for end, one in enumerate(filled)
        )
        seen = values[~np.isnan(values)]
        found = _bounds(self.sample, values, lower, upper)
        if not seen.size:
            return found
        value = np.quantile(seen, self.share, method="inverted_cdf")
        return replace(found, value=float(value))


@dataclass(frozen=True, slots=True)
class Observed:
    """The mean or a percentile of just these scores, whatever the confidence."""

    sample: Sample
    share: float | None = None
    """For a percentile: the share of scores below it."""

    def at(self, confidence: float) -> Bounds:
        """Return the figure with missing scores at their worst and at their best."""
        values = self.sample.values
        lower, upper = (
            self._figure(_filled(values, end)) for end in missing_range(values, self.sample.bounds)
        )
        seen = values[~np.isnan(values)]
        found = _bounds(self.sample, values, lower, upper)
        return replace(found, value=self._figure(seen) if seen.size else None)

    def _figure(self, values: Floats) -> float:
        if not values.size or np.isnan(values).any():
            return math.nan
        if self.share is None:
            return float(values.mean())
        return float(np.quantile(values, self.share, method="inverted_cdf"))


@dataclass(frozen=True, slots=True)
class Difference:
    """Candidate minus baseline in the mean over the same examples."""

    baseline: Floats
    candidate: Sample
    is_exact: bool = False
    scale: float = 1.0
    """What the baseline is multiplied by: 0.98 to ask for no less than 98% of it."""

    @property
    def is_rate(self) -> bool:
        """Whether the scores are passes and fails."""
        both = np.concatenate([self.baseline, self.candidate.values])
        return is_rate(both, self.candidate.bounds)

    def at(self, confidence: float) -> Bounds:
        """Return its bounds at *confidence*."""
        left, right = self.baseline * self.scale, self.candidate.values
        if self.is_exact:
            lower, upper = exact_difference(left, right, confidence)
        else:
            found = worst_case_difference(
                left,
                right,
                self._range,
                rate=self.is_rate and self.scale == 1.0,
                clusters=self.candidate.clusters,
                confidence=confidence,
            )
            lower, upper = found.lower, found.upper
        return _bounds(self.candidate, right - left, lower, upper)

    @property
    def _range(self) -> tuple[float, float] | None:
        if self.candidate.bounds is None:
            return None
        low, high = self.candidate.bounds
        return min(low, low * self.scale), max(high, high * self.scale)


def _bounds(sample: Sample, values: Floats, lower: float | None, upper: float | None) -> Bounds:
    missing = int(np.isnan(values).sum())
    return Bounds(
        lower=_known(lower),
        upper=_known(upper),
        units=sample.units,
        total=values.size,
        missing=missing,
        value=None if missing == values.size else float(np.nanmean(values)),
    )


def _known(end: float | None) -> float | None:
    return None if end is None or math.isnan(end) else end


def _filled(values: Floats, missing: float) -> Floats:
    return np.where(np.isnan(values), missing, values)
