"""Score outputs one by one, without anything to compare them with."""

from collections.abc import Callable, Sequence

from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.metrics.columns import Result, column_lists, score_column, unscored_rows

__all__ = ["score_outputs"]


def score_outputs(
    metric: Metric,
    outputs: Sequence[str | None],
    score: Callable[[str], Result],
    *,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> dict[str, ScoreColumn]:
    """Return the table of *metric*, whose result for an output is *score*.

    A missing output is an error of that example.
    """
    (outputs,) = column_lists(outputs=outputs)
    unscored = unscored_rows(outputs)
    results: list[Result] = [
        unscored[i] if i in unscored else score(output or "") for i, output in enumerate(outputs)
    ]
    return {metric.name: score_column(metric.name, metric.signature, results, bounds=bounds)}
