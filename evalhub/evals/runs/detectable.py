"""The smallest difference that a suite can see, a gate each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.evals.gates.pairs import clusters_of, pair_scores, values_of
from evalhub.evals.operational import score_of
from evalhub.metrics.stats.intervals import mean_interval
from evalhub.metrics.stats.power import minimum_detectable_effect
from evalhub.model import Experiment

__all__ = ["Detectable", "Noise", "detectable", "noise_of_difference", "noise_of_mean"]

_ASSUMED = 0.3
"""Standard deviation taken for a score between 0 and 1 of which no run is known."""


@dataclass(frozen=True, slots=True)
class Noise:
    """How much a metric varies from example to example, clusters taken into account."""

    stddev: float
    origin: str
    """Where the figure is from, in words."""

    @classmethod
    def assumed(cls) -> "Noise":
        """Return what is assumed of a score between 0 and 1."""
        return cls(_ASSUMED, f"assumed: no earlier runs; standard deviation {_ASSUMED:g}")


@dataclass(frozen=True, slots=True)
class Detectable:
    """What one gate can see: found 8 times in 10 at 95% confidence."""

    metric: str
    of: str
    smallest: float | None
    """In the metric's own unit; None where it cannot be said."""
    units: int
    """Independent examples, or clusters of them."""
    origin: str
    """What the figure rests on."""


def detectable(metric: str, of: str, examples: int, units: int, noise: Noise | None) -> Detectable:
    """Return what *examples* in *units* clusters can show of *metric*."""
    if noise is None:
        return Detectable(metric, of, None, units, "no earlier run says how much it varies")
    try:
        smallest = minimum_detectable_effect(
            examples, stddev=noise.stddev, cluster_size=examples / units
        )
    except MetricInputError as error:
        return Detectable(metric, of, None, units, str(error))
    return Detectable(metric, of, smallest, units, noise.origin)


def noise_of_difference(before: Experiment, after: Experiment, metric: str) -> Noise | None:
    """Return the noise of paired differences; None where fewer than two pairs are scored."""
    pairs = [pair for pair in pair_scores(before, after, metric) if pair.is_scored]
    differences = values_of([pair.candidate_score for pair in pairs]) - values_of(
        [pair.baseline_score for pair in pairs]
    )
    clusters = clusters_of([pair.baseline for pair in pairs])
    return _noise(differences, clusters, f"differences of {len(pairs)} pairs of the last runs")


def noise_of_mean(run: Experiment, metric: str) -> Noise | None:
    """Return the noise of the scores of one run; None where fewer than two are there."""
    values = values_of([score_of(result, metric) for result in run.results])
    kept = ~np.isnan(values)
    clusters = clusters_of(run.results)
    of_kept = None
    if clusters is not None:
        of_kept = [label for label, keep in zip(clusters, kept, strict=True) if keep]
    return _noise(values[kept], of_kept, f"{int(kept.sum())} scores of the last run")


def _noise(
    values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    clusters: Sequence[object] | None,
    origin: str,
) -> Noise | None:
    if values.size < 2:
        return None
    stderr = mean_interval(values, clusters=clusters).stderr
    if stderr is None or not math.isfinite(stderr):
        return None
    # As if the examples were independent: what clusters add to the error is in it.
    return Noise(stderr * math.sqrt(values.size), origin)
