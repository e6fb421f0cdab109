"""Give metrics their columns, and make states of what fails."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.evals.calling import Call
from evalhub.metrics.base import COLUMNS, Metric, ScoreColumn
from evalhub.model import Dataset, Example, ExampleResult, ScoreState

__all__ = ["Columns", "check_metrics", "score_columns"]


@dataclass(frozen=True, slots=True)
class Columns:
    """Everything a metric may ask for; each column has one item a call."""

    by_name: Mapping[str, Sequence[Any]]
    failed: Sequence[bool]
    """Where the target gave nothing."""

    @classmethod
    def of(
        cls,
        examples: Sequence[Example],
        calls: Sequence[Call],
        results: Sequence[ExampleResult],
    ) -> Self:
        """Lay out *examples*, the *calls* made for them and their *results*, in one order."""
        outputs = [call.output for call in calls]
        return cls(
            by_name={
                "outputs": [None if output is None else output.text for output in outputs],
                "contexts": [[] if out is None else list(out.contexts) for out in outputs],
                "retrieved_ids": [
                    [] if out is None else list(out.retrieved_ids) for out in outputs
                ],
                "tool_calls": [[] if out is None else list(out.tool_calls) for out in outputs],
                **_of_examples(examples),
                **_of_results(results),
            },
            failed=[output is None for output in outputs],
        )


def _of_examples(examples: Sequence[Example]) -> dict[str, Sequence[Any]]:
    return {
        "ids": [example.id for example in examples],
        "references": [list(example.references) for example in examples],
        "inputs": [example.inputs for example in examples],
        "metadata": [example.metadata for example in examples],
        "relevant_ids": [_relevant_ids(example) for example in examples],
        "expected_tool_calls": [
            list(example.metadata.get("expected_tool_calls") or ()) for example in examples
        ],
    }


def _of_results(results: Sequence[ExampleResult]) -> dict[str, Sequence[Any]]:
    usages = [result.usage for result in results]
    return {
        "latency_ms": [result.latency_ms for result in results],
        "input_tokens": [None if usage is None else usage.input_tokens for usage in usages],
        "output_tokens": [None if usage is None else usage.output_tokens for usage in usages],
        "cost_usd": [result.cost_usd for result in results],
    }


def check_metrics(metrics: Sequence[Metric], dataset: Dataset) -> None:
    """Refuse, before a call is paid for, what cannot score *dataset*.

    Raises:
        MetricInputError: no example has the references or relevant ids that one needs.
        MissingExtraError: a package is not installed.
        ModelError: an encoder was not pulled.
        MetricError: a module cannot be loaded.
    """
    for metric in metrics:
        _check_columns(metric, dataset)
        # It names the weights and the code that score, so a metric loads them to say it.
        _ = metric.signature


def score_columns(metric: Metric, columns: Columns) -> list[ScoreColumn]:
    """Return the columns of *metric*.

    Where the target failed the state is errored, whatever the metric says: an empty
    list of retrieved chunks is no recall of 0. A metric that raises is errored for all.
    """
    given = {name: columns.by_name[name] for name in metric.requires}
    try:
        table = metric.score_batch(**given)
        return [_checked(column, columns.failed) for column in table.values()]
    except Exception as error:  # noqa: BLE001  # the calls are paid for: keep the rest
        return [_all_errored(metric, len(columns.failed), f"{type(error).__name__}: {error}")]


def _check_columns(metric: Metric, dataset: Dataset) -> None:
    unknown = [name for name in metric.requires if name not in COLUMNS]
    if unknown:
        raise MetricInputError(
            f"{metric.name} requires {unknown[0]!r}; columns are {', '.join(COLUMNS)}"
        )
    if "references" in metric.requires and not any(e.references for e in dataset.examples):
        raise MetricInputError(
            f"{metric.name} needs references and no example of {dataset.name!r} has one; "
            "name their column under 'reference'"
        )
    if "relevant_ids" in metric.requires and not any(map(_relevant_ids, dataset.examples)):
        raise MetricInputError(
            f"{metric.name} needs the column 'relevant_ids' and no example of "
            f"{dataset.name!r} has it"
        )
    if "expected_tool_calls" in metric.requires and not any(
        example.metadata.get("expected_tool_calls") for example in dataset.examples
    ):
        raise MetricInputError(
            f"{metric.name} needs the column 'expected_tool_calls' and no example of "
            f"{dataset.name!r} has it"
        )


def _relevant_ids(example: Example) -> list[str]:
    found = example.metadata.get("relevant_ids") or ()
    if isinstance(found, str):
        return found.split()
    return [str(item) for item in found]


def _checked(column: ScoreColumn, failed: Sequence[bool]) -> ScoreColumn:
    if len(column) != len(failed):
        raise MetricInputError(
            f"{column.name} gave {len(column)} scores for {len(failed)} examples"
        )
    states = [
        ScoreState.ERRORED if failed[index] else _state(column, index)
        for index in range(len(column))
    ]
    values = np.where([state is ScoreState.SCORED for state in states], column.values, np.nan)
    return replace(column, values=values, states=states)


def _state(column: ScoreColumn, index: int) -> ScoreState:
    state = ScoreState.SCORED if column.states is None else column.states[index]
    if state is ScoreState.SCORED and not math.isfinite(column.values[index]):
        return ScoreState.ERRORED  # NaN or infinity would spoil every mean it is in
    return state


def _all_errored(metric: Metric, count: int, reason: str) -> ScoreColumn:
    return ScoreColumn(
        name=metric.name,
        values=np.full(count, np.nan),
        signature=metric.signature,
        states=[ScoreState.ERRORED] * count,
        explanations=[reason] * count,
        bounds=None,
    )
