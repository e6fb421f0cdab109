"""pass@k and pass^k: of k tries at a task, does one pass, do all pass?

Both are estimated without bias from n >= k tries, by counting subsets of size k: pass@k as in
Chen et al. (2021, "Evaluating large language models trained on code"), pass^k as in Yao et al.
(2024, "tau-bench").
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.intervals import Interval, mean_interval, wilson_interval
from evalhub.metrics.stats.sample import Clusters, Floats, drop_unscored, is_binary, total_by

__all__ = ["count_passes", "pass_at_k", "pass_hat_k", "passes_at_k", "passes_hat_k"]


def pass_at_k(
    successes: ArrayLike,
    tries: ArrayLike,
    k: int,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> Interval:
    """Return the chance that at least one of *k* tries passes, with its interval.

    *successes* and *tries* have one whole number for each task. The mean and the t interval are
    over tasks (over *clusters* of tasks, when given), cut at 0 and 1; Wilson's when all
    tasks pass or all fail. Tasks with fewer than *k*
    tries are left out; ``n`` says how many remain.

    Raises:
        MetricInputError: *k* is below 1, or a count is not a whole number with
            0 <= successes <= tries.
    """
    return _over_tasks(passes_at_k(successes, tries, k), clusters, confidence)


def pass_hat_k(
    successes: ArrayLike,
    tries: ArrayLike,
    k: int,
    *,
    clusters: Clusters = None,
    confidence: float = 0.95,
) -> Interval:
    """Return the chance that all of *k* tries pass (pass^k), with its interval.

    Arguments, interval and errors are those of :func:`pass_at_k`.
    """
    return _over_tasks(passes_hat_k(successes, tries, k), clusters, confidence)


def passes_at_k(successes: ArrayLike, tries: ArrayLike, k: int) -> Floats:
    """Return pass@k of each task: 1 - C(n - c, k) / C(n, k); NaN where n < k.

    Raises:
        MetricInputError: as :func:`pass_at_k`.
    """
    passed, total = _checked(successes, tries, k)
    return 1 - _chosen_among(total - passed, total, k)


def passes_hat_k(successes: ArrayLike, tries: ArrayLike, k: int) -> Floats:
    """Return pass^k of each task: C(c, k) / C(n, k); NaN where n < k.

    Raises:
        MetricInputError: as :func:`pass_at_k`.
    """
    passed, total = _checked(successes, tries, k)
    return _chosen_among(passed, total, k)


def count_passes(values: ArrayLike, tasks: Sequence[object]) -> tuple[list[object], Floats, Floats]:
    """Return the tasks in the order they first come, and the passes and tries of each.

    *values* are 1 (passed), 0 (failed) or NaN (not scored: not a try), one for each try.

    Raises:
        MetricInputError: a value is neither, or there is not one task per value.
    """
    scores = np.asarray(values, dtype=np.float64)
    if not is_binary(scores):
        raise MetricInputError("passes are counted of 1 and 0; give values of 0, 1 or NaN")
    passed, groups = drop_unscored(scores, tasks)
    kept = [task for task, value in zip(tasks, scores, strict=True) if not np.isnan(value)]
    names = list(dict.fromkeys(kept))
    size = len(names)
    return (
        names,
        total_by(groups, passed, size),
        total_by(groups, np.ones(groups.size), size),
    )


def _over_tasks(values: Floats, clusters: Clusters, confidence: float) -> Interval:
    found = mean_interval(values, clusters=clusters, confidence=confidence)
    if found.lower is None or found.upper is None:
        return found
    lower, upper = max(0.0, found.lower), min(1.0, found.upper)
    if found.mean in {0.0, 1.0}:
        # All alike leaves no variance to estimate; each task or cluster is then one trial.
        _, units = drop_unscored(values, clusters)
        n = int(units.max()) + 1
        wilson = wilson_interval(n if found.mean else 0, n, confidence=confidence)
        lower, upper = wilson.lower or 0.0, wilson.upper or 0.0
    return Interval(found.n, found.mean, found.stderr, lower, upper)


def _chosen_among(part: Floats, total: Floats, k: int) -> Floats:
    """Return the chance that *k* of *total*, drawn without return, all lie in *part*."""
    steps = np.arange(k)[:, np.newaxis]
    # Of n < k tries nothing can be said; elsewhere no factor divides by less than 1.
    factors = np.maximum(part - steps, 0) / np.maximum(total - steps, 1)
    return np.where(total >= k, factors.prod(axis=0), np.nan)


def _checked(successes: ArrayLike, tries: ArrayLike, k: int) -> tuple[Floats, Floats]:
    passed = np.asarray(successes, dtype=np.float64)
    total = np.asarray(tries, dtype=np.float64)
    if passed.shape != total.shape:
        raise MetricInputError(
            f"{passed.size} successes for {total.size} tries; give both for each task"
        )
    if k < 1:
        raise MetricInputError(f"k is {k}; give 1 or more")
    right = (passed >= 0) & (passed <= total) & (passed % 1 == 0) & (total % 1 == 0)
    if not right.all():
        at = int(np.argmin(right))
        raise MetricInputError(
            f"task {at} passed {passed[at]:g} of {total[at]:g} tries; give whole numbers with "
            "0 <= successes <= tries"
        )
    return passed, total
