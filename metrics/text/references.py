"""Score outputs one by one against their references."""

from collections.abc import Callable, Sequence

from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.metrics.columns import (
    References,
    Result,
    column_lists,
    reference_lists,
    score_column,
    unscored_rows,
)

__all__ = ["score_against_references"]


def score_against_references(
    metric: Metric,
    outputs: Sequence[str | None],
    references: References,
    score: Callable[[str, Sequence[str]], Result],
) -> dict[str, ScoreColumn]:
    """Return the table of *metric*, whose result for an output with its references is *score*.

    A missing output is an error of that example; one without references is skipped.
    """
    outputs, references = column_lists(outputs=outputs, references=references)
    texts = reference_lists(references)
    unscored = unscored_rows(outputs, texts)
    results: list[Result] = [
        unscored[i] if i in unscored else score(output or "", texts[i])
        for i, output in enumerate(outputs)
    ]
    return {metric.name: score_column(metric.name, metric.signature, results)}
