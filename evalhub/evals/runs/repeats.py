"""Of the repeats of an example, does one pass, do all pass? A column each.

pass@k and pass^k are those of :mod:`evalhub.metrics.stats.pass_at_k`, with k the number of
repeats, and each smaller k that a gate asks for. The value of an example stands at its first
repeat, and the others are skipped, so that gates, comparisons and slices take such a column as
any other.
"""

from collections.abc import Collection, Sequence

import numpy as np

from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.base import ScoreColumn
from evalhub.metrics.stats.pass_at_k import count_passes, passes_at_k, passes_hat_k
from evalhub.metrics.stats.sample import Floats
from evalhub.model import ExampleResult, ScoreState

__all__ = ["pass_columns", "pass_names"]


def pass_names(metric: str, repeats: int) -> list[str]:
    """Return what the columns of *metric* may be called; none where nothing is repeated."""
    return [name for k in range(2, repeats + 1) for name in _names(metric, k)]


def pass_columns(
    column: ScoreColumn,
    results: Sequence[ExampleResult],
    repeats: int,
    asked: Collection[str] = (),
) -> list[ScoreColumn]:
    """Return pass@k and pass^k of *column*; none where it is not passes and fails.

    k is the number of *repeats*, or that of a name that is *asked* for. An example with a try
    that has no score has none either: errored, not failed.
    """
    if repeats < 2 or not is_rate(column.values, column.bounds):
        return []
    ids = [result.example_id for result in results]
    tasks, passes, tries = count_passes(column.values, ids)
    where = {task: index for index, task in enumerate(tasks)}
    # Counting the other tries as all there were would hide the one that was lost.
    is_whole = tries == repeats
    return [
        _column(name, column, results, where, np.where(is_whole, chance(passes, tries, k), np.nan))
        for k in range(2, repeats + 1)
        for name, chance in zip(_names(column.name, k), (passes_at_k, passes_hat_k), strict=True)
        if k == repeats or name in asked
    ]


def _names(metric: str, k: int) -> tuple[str, str]:
    return f"{metric}_pass@{k}", f"{metric}_pass^{k}"


def _column(
    name: str,
    column: ScoreColumn,
    results: Sequence[ExampleResult],
    where: dict[object, int],
    by_task: Floats,
) -> ScoreColumn:
    values = np.full(len(results), np.nan)
    states = [ScoreState.SKIPPED] * len(results)
    for index, result in enumerate(results):
        if result.repeat:
            continue
        task = where.get(result.example_id)
        values[index] = np.nan if task is None else by_task[task]
        is_scored = not np.isnan(values[index])
        states[index] = ScoreState.SCORED if is_scored else ScoreState.ERRORED
    mark = name.removeprefix(f"{column.name}_")
    mark = f"{column.signature}|repeats:{mark}"
    return ScoreColumn(name, values, mark, states, better=column.better)
