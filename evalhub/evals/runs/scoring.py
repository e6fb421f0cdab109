"""Give metrics their columns, and make states of what fails."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.evals.runs.call import Call
from evalhub.evals.targets.base import TargetOutput
from evalhub.metrics.base import COLUMNS, Metric, ScoreColumn
from evalhub.metrics.judge.spending import JudgeColumn
from evalhub.model import Dataset, Example, ExampleResult, Experiment, ScoreState

__all__ = ["BASELINE_OUTPUTS", "Columns", "check_metrics", "score_columns"]

BASELINE_OUTPUTS = "baseline_outputs"
"""The column of another target's outputs, for metrics that compare two."""

_Makers = Mapping[str, Callable[[], Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Columns:
    """Everything a metric may ask for; each column has one item a call."""

    by_name: Mapping[str, Sequence[Any]]
    failed: Sequence[ScoreState | None]
    """Where the target gave nothing, its state: errored, or skipped where it was not called."""

    @classmethod
    def of(
        cls,
        examples: Sequence[Example],
        calls: Sequence[Call],
        results: Sequence[ExampleResult],
        baseline: Experiment | None = None,
    ) -> Self:
        """Lay out *examples*, the *calls* made for them and their *results*, in one order.

        With a *baseline* there is the column of its outputs for the same examples.
        """
        makers = {
            **_of_calls(calls, examples),
            **_of_examples(examples),
            **_of_results(results),
            **({} if baseline is None else _of_baseline(baseline, results)),
        }
        return cls(by_name=_OnDemand(makers), failed=[_failure(call) for call in calls])


class _OnDemand(Mapping[str, Sequence[Any]]):
    """Columns that are made when first asked for: most metrics need two of them."""

    def __init__(self, makers: _Makers) -> None:
        self._makers = makers
        self._made: dict[str, Sequence[Any]] = {}

    def __getitem__(self, name: str) -> Sequence[Any]:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


def _failure(call: Call) -> ScoreState | None:
    if call.is_done:
        return None
    return ScoreState.ERRORED if call.was_made else ScoreState.SKIPPED


def _of_calls(calls: Sequence[Call], examples: Sequence[Example]) -> _Makers:
    outputs = [call.output for call in calls]
    return {
        "outputs": lambda: [None if out is None else out.text for out in outputs],
        "contexts": lambda: [_contexts(*pair) for pair in zip(outputs, examples, strict=True)],
        "retrieved_ids": lambda: [
            [] if out is None else list(out.retrieved_ids) for out in outputs
        ],
        "tool_calls": lambda: [[] if out is None else list(out.tool_calls) for out in outputs],
    }


def _of_examples(examples: Sequence[Example]) -> _Makers:
    return {
        "ids": lambda: [example.id for example in examples],
        "references": lambda: [list(example.references) for example in examples],
        "inputs": lambda: [example.inputs for example in examples],
        "metadata": lambda: [example.metadata for example in examples],
        "relevant_ids": lambda: [_relevant_ids(example) for example in examples],
        "expected_tool_calls": lambda: [
            example.metadata.get("expected_tool_calls") for example in examples
        ],
    }


def _of_baseline(baseline: Experiment, results: Sequence[ExampleResult]) -> _Makers:
    outputs = {(one.example_id, one.repeat): one.output for one in baseline.results}
    return {
        BASELINE_OUTPUTS: lambda: [outputs.get((one.example_id, one.repeat)) for one in results],
    }


def _of_results(results: Sequence[ExampleResult]) -> _Makers:
    usages = [result.usage for result in results]
    return {
        "latency_ms": lambda: [result.latency_ms for result in results],
        "input_tokens": lambda: [None if one is None else one.input_tokens for one in usages],
        "output_tokens": lambda: [None if one is None else one.output_tokens for one in usages],
        "cost_usd": lambda: [result.cost_usd for result in results],
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

    Where the target failed the state is errored (skipped where it was not called),
    whatever the metric says: an empty list of retrieved chunks is no recall of 0. A metric
    that raises is errored for all. Settings that a judge's endpoint refused are in the
    signature: grades at temperature 0 are not to be compared with grades at another.
    """
    given = {name: columns.by_name[name] for name in metric.requires}
    try:
        table = metric.score_batch(**given)
        return [_checked(_signed(column), columns.failed) for column in table.values()]
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
        example.metadata.get("expected_tool_calls") is not None for example in dataset.examples
    ):
        raise MetricInputError(
            f"{metric.name} needs the column 'expected_tool_calls' and no example of "
            f"{dataset.name!r} has it"
        )


def _contexts(output: TargetOutput | None, example: Example) -> list[str]:
    """Return what the target retrieved, else the texts that the data set has for it."""
    if output is None:
        return []
    found = output.contexts or example.metadata.get("contexts") or ()
    return [found] if isinstance(found, str) else [str(item) for item in found]


def _relevant_ids(example: Example) -> list[str] | dict[str, Any]:
    """Return the ids, or each id's gain where the data set grades them."""
    found = example.metadata.get("relevant_ids") or ()
    if isinstance(found, str):
        return found.split()
    if isinstance(found, Mapping):
        return {str(key): gain for key, gain in found.items()}
    return [str(item) for item in found]


def _signed(column: ScoreColumn) -> ScoreColumn:
    # The metric's own signature is asked for before the first answer, and so cannot tell.
    refused = column.spent.without if isinstance(column, JudgeColumn) else ()
    if not refused:
        return column
    return replace(column, signature=f"{column.signature}|without:{','.join(refused)}")


def _checked(column: ScoreColumn, failed: Sequence[ScoreState | None]) -> ScoreColumn:
    if len(column) != len(failed):
        raise MetricInputError(
            f"{column.name} gave {len(column)} scores for {len(failed)} examples"
        )
    states = [failed[index] or _state(column, index) for index in range(len(column))]
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
