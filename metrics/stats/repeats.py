"""Where the noise of a score comes from: clusters, examples, or repeats of the same example.

A mean over examples that were each run several times gets surer with more examples and, less so,
with more repeats. The components of variance say by how much.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.sample import Clusters, Floats, Numbers, number_clusters, total_by

__all__ = ["VarianceComponents", "variance_components"]


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """Variances of a score by their source; their sum is the variance of one score."""

    clusters: float
    """Between clusters; 0 where there are none."""
    examples: float
    """Between examples of a cluster."""
    repeats: float
    """Between repeats of an example."""
    cluster_count: int
    example_count: int
    score_count: int

    @property
    def icc(self) -> float:
        """How alike two examples of one cluster are (intraclass correlation), from 0 to 1."""
        total = self.clusters + self.examples + self.repeats
        return self.clusters / total if total else 0.0

    @property
    def repeat_share(self) -> float:
        """Share of the variance of one score that repeats would average away."""
        total = self.clusters + self.examples + self.repeats
        return self.repeats / total if total else 0.0

    def stddev(self, *, repeats: int = 1) -> float:
        """Return the standard deviation of an example's mean over so many *repeats*.

        It is what :func:`~evalhub.metrics.stats.minimum_detectable_effect` asks for, when the
        components are those of differences between two systems.
        """
        return math.sqrt(self.clusters + self.examples + self.repeats / repeats)

    def stderr(self, *, examples: int, repeats: int = 1, cluster_size: float = 1.0) -> float:
        """Return the standard error of a mean over so many *examples* and *repeats* of each.

        *cluster_size* is how many of the examples share a cluster.
        """
        between = self.clusters * cluster_size + self.examples + self.repeats / repeats
        return math.sqrt(between / examples)


def variance_components(
    values: ArrayLike, examples: Clusters, *, clusters: Clusters = None
) -> VarianceComponents:
    """Return the components of variance of *values*, repeats nested in examples in clusters.

    *examples* labels the example of each value, *clusters* its cluster. Estimated by equating mean
    squares with what they expect (Searle, 1971, for unlike numbers of repeats); negative
    estimates are put at 0. NaN values are dropped.

    Raises:
        MetricInputError: no example has two repeats, an example lies in two clusters, or there
            is not one label per value.
    """
    scores = np.asarray(values, dtype=np.float64)
    kept = ~np.isnan(scores)
    cells = number_clusters(examples, kept)
    groups = np.zeros(cells.size, dtype=np.intp)
    if clusters is not None:
        groups = number_clusters(clusters, kept)
    return _nested(scores[kept], cells, groups)


def _nested(scores: Floats, cells: Numbers, groups: Numbers) -> VarianceComponents:
    sizes = total_by(cells, np.ones(cells.size))
    if sizes.max(initial=0) < 2:
        raise MetricInputError("no example was scored twice; give two repeats of one or more")
    owners = _owners(cells, groups, sizes.size)
    totals = total_by(groups, np.ones(groups.size))
    means, middles = total_by(cells, scores) / sizes, total_by(groups, scores) / totals
    n, m, k = scores.size, sizes.size, totals.size
    within = float(((scores - means[cells]) ** 2).sum()) / (n - m)
    among = float((sizes * (means - middles[owners]) ** 2).sum()) - within * (m - k)
    above = float((totals * (middles - scores.mean()) ** 2).sum()) - within * (k - 1)
    # How often the sums of squares among examples and among clusters hold each component.
    shares = float((total_by(owners, sizes**2) / totals).sum())
    example = _component(among, n - shares)
    carried = shares - float((sizes**2).sum()) / n
    cluster = _component(above - carried * example, n - float((totals**2).sum()) / n)
    return VarianceComponents(cluster, example, within, k, m, n)


def _owners(cells: Numbers, groups: Numbers, count: int) -> Numbers:
    """Return the cluster of each example."""
    owners = np.zeros(count, dtype=np.intp)
    owners[cells] = groups
    if not np.array_equal(owners[cells], groups):
        raise MetricInputError("an example lies in two clusters; give each example one")
    return owners


def _component(squares: float, times: float) -> float:
    # Examples of one repeat, or a single cluster, leave nothing to divide by but rounding.
    return max(0.0, squares / times) if times > 1e-9 else 0.0
