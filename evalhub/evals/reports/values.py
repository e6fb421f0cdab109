"""A run's scores as arrays, read once: a report looks at each of them several times."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evalhub.evals.operational import OPERATIONAL
from evalhub.model import Direction, Experiment

__all__ = ["Matched", "Values", "match", "values_of_run"]

Values = Mapping[str, NDArray[np.float64]]
"""The scores by metric, each of shape (results,); NaN where there is none."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The results of the examples and repeats that two runs share, by their places."""

    baseline: NDArray[np.intp]
    candidate: NDArray[np.intp]

    def worst(
        self, before: NDArray[np.float64], after: NDArray[np.float64], better: Direction
    ) -> NDArray[np.intp]:
        """Return the pairs whose score got worse, worst first; ties in the runs' order."""
        gains = self._gains(before, after, better)
        worse = np.flatnonzero(gains < 0)
        return worse[np.argsort(gains[worse], kind="stable")]

    def improved(
        self, before: NDArray[np.float64], after: NDArray[np.float64], better: Direction
    ) -> int:
        """Return the number of pairs whose score got better."""
        return int(np.count_nonzero(self._gains(before, after, better) > 0))

    def _gains(
        self, before: NDArray[np.float64], after: NDArray[np.float64], better: Direction
    ) -> NDArray[np.float64]:
        """Return by how much each pair got better; 0 where a side has no score."""
        gains = better.sign * (after[self.candidate] - before[self.baseline])
        return np.where(np.isfinite(gains), gains, 0.0)


def values_of_run(run: Experiment) -> Values:
    """Return the scores of *run*, those of latency, tokens and cost included."""
    names = [summary.name for summary in run.summaries]
    columns = {name: np.full(len(run.results), np.nan) for name in names}
    operational = {name: OPERATIONAL[name] for name in names if name in OPERATIONAL}
    for place, result in enumerate(run.results):
        for score in result.scores:
            if score.value is not None and score.name in columns:
                columns[score.name][place] = score.value
        if result.error is None:
            for name, read in operational.items():
                value = read(result)
                if value is not None:
                    columns[name][place] = value
    return columns


def match(baseline: Experiment, candidate: Experiment) -> Matched:
    """Return which results are of the same example and repeat, in the order of *baseline*."""
    places = {(item.example_id, item.repeat): place for place, item in enumerate(candidate.results)}
    pairs = [
        (place, other)
        for place, item in enumerate(baseline.results)
        if (other := places.get((item.example_id, item.repeat))) is not None
    ]
    left, right = np.array(pairs, dtype=np.intp).reshape(-1, 2).T
    return Matched(left, right)
