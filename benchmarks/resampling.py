"""Time bootstrap and permutation beside scipy's, in one run on the same scores.

Run ``python benchmarks/resampling.py``. Scores are drawn from a skewed distribution. Both sides
draw as many resamples and give the same kind of interval or p-value; scipy works in blocks that
fit in memory. Processor time, the best of three rounds in which both take turns; ratios count,
absolute figures depend on the machine. Both bootstraps make the same draws, and so have the same
ends; the sign flips of the two are different ones.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from scipy import stats

from evalhub.metrics.stats import bootstrap_mean, bootstrap_means, paired_difference
from evalhub.metrics.stats.sample import Floats

_ROUNDS = 3
_CLUSTER = 10
_THEIR_BLOCK = 2_000_000
"""Numbers that scipy draws at once."""


def _seconds(*runs: Callable[[], object]) -> list[float]:
    """Return the least processor time of each of *runs*, which take turns."""
    times = []
    for _ in range(_ROUNDS):
        row = []
        for run in runs:
            start = time.process_time()
            run()
            row.append(time.process_time() - start)
        times.append(row)
    return [min(column) for column in zip(*times, strict=True)]


def _their_bootstrap(scores: Floats, resamples: int, method: str) -> object:
    return stats.bootstrap(
        (scores,),
        np.mean,
        n_resamples=resamples,
        batch=max(1, _THEIR_BLOCK // scores.size),
        method=method,
        rng=np.random.default_rng(0),
    )


def _their_permutation(differences: Floats, permutations: int) -> object:
    return stats.permutation_test(
        (differences,),
        np.sum,
        permutation_type="samples",
        vectorized=True,
        n_resamples=permutations,
        batch=max(1, _THEIR_BLOCK // differences.size),
        rng=np.random.default_rng(0),
    )


def _our_permutation(differences: Floats, permutations: int) -> object:
    return paired_difference(np.zeros(differences.size), differences, permutations=permutations)


def _head(what: str) -> None:
    print(f"{what + ', seconds':<46}{'evalhub':>10}{'scipy':>10}{'ratio':>9}")


def _row(label: str, ours: float, theirs: float | None = None) -> None:
    peer = "" if theirs is None else f"{theirs:>10.3f}{theirs / ours:>9.1f}"
    print(f"{label:<46}{ours:>10.3f}{peer}")


def _bootstraps(scores: Floats, resamples: int) -> None:
    _head(f"{resamples:,} resamples")
    ours = partial(bootstrap_mean, resamples=resamples)
    few = scores[: scores.size // 10]
    _row(
        f"percentile, {scores.size:,} scores",
        *_seconds(
            partial(ours, scores), partial(_their_bootstrap, scores, resamples, "percentile")
        ),
    )
    # Scipy's BCa takes n means of n - 1 scores each, and so would not end with all of them.
    _row(
        f"bca, {few.size:,} scores",
        *_seconds(
            partial(ours, few, method="bca"), partial(_their_bootstrap, few, resamples, "BCa")
        ),
    )
    clusters = [row // _CLUSTER for row in range(scores.size)]
    table = np.stack([scores, scores**2, np.sqrt(scores)], axis=1)
    alone: dict[str, Callable[[], object]] = {
        "bca": partial(ours, scores, method="bca"),
        "studentized": partial(ours, scores, method="studentized"),
        "percentile, three metrics at once": partial(bootstrap_means, table, resamples=resamples),
        f"percentile, clusters of {_CLUSTER}": partial(ours, scores, clusters=clusters),
    }
    for label, seconds in zip(alone, _seconds(*alone.values()), strict=True):
        _row(f"{label}, {scores.size:,} scores", seconds)


def _permutations(scores: Floats, permutations: int) -> None:
    _head(f"{permutations:,} sign flips")
    for size in (scores.size // 100, scores.size // 20):
        differences = scores[:size] - scores[::-1][:size]
        ours = partial(_our_permutation, differences, permutations)
        theirs = partial(_their_permutation, differences, permutations)
        _row(f"{size:,} pairs", *_seconds(ours, theirs))
    seconds = _seconds(partial(_our_permutation, scores - scores[::-1] + 0.001, permutations))
    _row(f"{scores.size:,} pairs", *seconds)


def main() -> None:
    """Print seconds of both, and how many times faster ours is."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--scores", type=int, default=100_000)
    parser.add_argument("--resamples", type=int, default=1_000)
    parser.add_argument("--permutations", type=int, default=10_000)
    settings = parser.parse_args()
    scores = np.random.default_rng(0).beta(5, 2, settings.scores)
    _bootstraps(scores, settings.resamples)
    _permutations(scores, settings.permutations)


if __name__ == "__main__":
    main()
