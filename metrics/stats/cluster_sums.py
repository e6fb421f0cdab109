"""Sums and sizes of clusters, and functions of means that are computed from them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evalhub.metrics.stats.sample import Floats, Numbers, total_by

__all__ = ["ClusterSums", "MeansFunction"]

MeansFunction = Callable[[Floats], Floats]
"""Takes means of shape (rows, columns), gives a number for each row, shape (rows,)."""

_STEP = 1e-3
"""Step of numerical derivatives, in standard errors of a mean."""


def first_mean(means: Floats) -> Floats:
    """Return the mean of the only column."""
    return means[:, 0]


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """What a function of means needs of a sample: sums and sizes of its clusters."""

    centre: Floats
    """Mean of each column, shape (columns,)."""
    sums: Floats
    """Sums of what is above the mean, shape (clusters, columns)."""
    sizes: Floats
    """Shape (clusters,)."""
    function: MeansFunction

    @classmethod
    def of(
        cls, scores: Floats, groups: Numbers, function: MeansFunction = first_mean
    ) -> "ClusterSums":
        """Return the sums over *groups* of the rows of *scores* that are not NaN."""
        count = int(groups.max()) + 1
        kept = ~np.isnan(scores.sum(axis=1))
        scores, groups = scores[kept], groups[kept]
        centre = scores.mean(axis=0)
        # Centred: squares of large scores would leave no digits for their variance.
        sums = [total_by(groups, column, count) for column in (scores - centre).T]
        sizes = total_by(groups, np.ones(groups.size), count)
        return cls(centre, np.stack(sums, axis=1), sizes, function)

    @property
    def value(self) -> float:
        """The function of the sample's own means."""
        return float(self._apply(self.centre[np.newaxis])[0])

    @property
    def stderr(self) -> float:
        """The clustered error of the value, by the delta method."""
        return float(self.errors_of(self.statistics().sum(axis=0)[np.newaxis])[0])

    def columns(self) -> Floats:
        """Return what a value is computed from, a row for each cluster: its size and sums."""
        return np.concatenate([self.sizes[:, np.newaxis], self.sums], axis=1)

    def statistics(self) -> Floats:
        """Return :meth:`columns` and, after them, what the error of a value is computed from."""
        n = self.sizes[:, np.newaxis]
        products = self.sums[:, :, np.newaxis] * self.sums[:, np.newaxis, :]
        flat = products.reshape(len(n), -1)
        return np.concatenate([self.columns(), n * n, n * self.sums, flat], axis=1)

    def values_of(self, totals: Floats) -> Floats:
        """Return the value for each row of total :meth:`columns`; NaN where the size is 0."""
        return self._apply(self.centre + self._shifts(totals))

    def errors_of(self, totals: Floats) -> Floats:
        """Return the clustered error of the value for each row of total :meth:`statistics`."""
        width, count = self.sums.shape[1], len(self.sizes)
        shifts = self._shifts(totals)
        squared, mixed, flat = np.split(totals[:, 1 + width :], [1, 1 + width], axis=1)
        products = flat.reshape(-1, width, width)
        cross = shifts[:, :, np.newaxis] * mixed[:, np.newaxis, :]
        spread = products - cross - cross.transpose(0, 2, 1)
        spread += shifts[:, :, np.newaxis] * shifts[:, np.newaxis, :] * squared[:, :, np.newaxis]
        slope = self._slope(self.centre + shifts)
        variance = np.einsum("ri,rij,rj->r", slope, spread, slope)
        # Where all drawn clusters are alike, rounding leaves a 1e-16th of their squares.
        variance[variance <= 1e-12 * np.einsum("ri,rii->r", slope**2, products)] = 0.0
        errors: Floats = np.sqrt(variance * count / (count - 1)) / totals[:, 0]
        return errors

    def jackknife(self) -> Floats:
        """Return the value without each cluster in turn."""
        columns = self.columns()
        return self.values_of(columns.sum(axis=0) - columns)

    def _shifts(self, totals: Floats) -> Floats:
        sizes = np.where(totals[:, :1] > 0, totals[:, :1], np.nan)
        shifts: Floats = totals[:, 1 : 1 + self.centre.size] / sizes
        return shifts

    def _slope(self, means: Floats) -> Floats:
        """Return the derivative of the function by each mean, by central differences."""
        slope = np.zeros_like(means)
        # Steps on the columns' own scale: dollars are small, milliseconds large.
        steps = _STEP * np.sqrt((self.sums**2).sum(axis=0)) / self.sizes.sum()
        for column in np.flatnonzero(steps).tolist():
            shift = np.zeros(means.shape[1])
            shift[column] = steps[column]
            rise = self._apply(means + shift) - self._apply(means - shift)
            slope[:, column] = rise / (2 * steps[column])
        return slope

    def _apply(self, means: Floats) -> Floats:
        return np.asarray(self.function(means), dtype=np.float64)
