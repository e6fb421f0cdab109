"""Run one target over one data set, and score what it gave."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evalhub.errors import ConfigError
from evalhub.evals.calling import Call, call_all
from evalhub.evals.operational import operational_columns
from evalhub.evals.pairs import clusters_of
from evalhub.evals.scoring import Columns, check_metrics, score_columns
from evalhub.evals.targets import Target
from evalhub.evals.usage import with_usage
from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.model import Dataset, Example, ExampleResult, Experiment

__all__ = ["Progress", "run_experiment"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an experiment is."""

    phase: str
    """``calling``, then ``scoring:NAME`` for each metric."""
    done: int
    total: int


def run_experiment(
    target: Target,
    dataset: Dataset,
    metrics: Sequence[Metric],
    *,
    suite: str,
    concurrency: int = 4,
    repeats: int = 1,
    params: Mapping[str, str] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    url: str | None = None,
) -> Experiment:
    """Call *target* with every example of *dataset* and score its outputs.

    Each call is a trace of its own. A call that raises is that example's error and is
    counted in every summary; so is a metric that fails. Beside the metrics there are
    ``latency_ms``, ``input_tokens``, ``output_tokens`` and ``cost_usd`` of the target.

    Args:
        target: What is evaluated; called from several threads.
        dataset: At least one example.
        metrics: What scores the outputs, one name each.
        suite: Name under which experiments are kept together.
        concurrency: Calls at a time.
        repeats: Calls of each example.
        params: What to remember of the target's settings.
        on_progress: Called in this thread after every step.
        url: Store that the traces go to; None is ``EVALHUB_URL``.

    Raises:
        ConfigError: the data set is empty or a number is out of range.
        MetricInputError: a metric needs a column that the data set lacks.
        MissingExtraError: a metric needs a package that is not installed.
        ModelError: a metric needs an encoder that was not pulled.
    """
    _check(dataset, metrics, concurrency, repeats)
    report = on_progress or _silent
    start_ns = time.time_ns()
    planned = [(example, repeat) for example in dataset.examples for repeat in range(repeats)]
    calls = call_all(
        target,
        planned,
        concurrency=concurrency,
        on_call=lambda done: report(Progress("calling", done, len(planned))),
    )
    end_ns = time.time_ns()
    results = with_usage([_result(*plan, call) for plan, call in _zip(planned, calls)], url=url)
    laid_out = Columns.of([example for example, _ in planned], calls, results)
    columns = _score(metrics, laid_out, report)
    return Experiment(
        name=f"{target.name}-{datetime.fromtimestamp(start_ns / 1e9, UTC):%Y%m%d-%H%M%S}",
        suite=suite,
        target=target.name,
        dataset_name=dataset.name,
        dataset_version=dataset.version,
        results=tuple(
            replace(result, scores=tuple(column.score(index) for column in columns))
            for index, result in enumerate(results)
        ),
        summaries=tuple(
            summarize(column, clusters=clusters_of(results))
            for column in [*columns, *operational_columns(results)]
        ),
        params=dict(params or {}),
        start_ns=start_ns,
        end_ns=end_ns,
    )


def _silent(progress: Progress) -> None:
    """Take the place of a missing *on_progress*."""


def _check(dataset: Dataset, metrics: Sequence[Metric], concurrency: int, repeats: int) -> None:
    if not dataset.examples:
        raise ConfigError(f"the data set {dataset.name!r} has no example; nothing to evaluate")
    if concurrency < 1 or repeats < 1:
        raise ConfigError(
            f"concurrency is {concurrency} and repeats is {repeats}; both must be at least 1"
        )
    check_metrics(metrics, dataset)


def _zip(
    planned: Sequence[tuple[Example, int]], calls: Sequence[Call]
) -> list[tuple[tuple[Example, int], Call]]:
    return list(zip(planned, calls, strict=True))


def _result(example: Example, repeat: int, call: Call) -> ExampleResult:
    return ExampleResult(
        example_id=example.id,
        output=None if call.output is None else call.output.text,
        repeat=repeat,
        error=call.error,
        trace_id=call.trace_id,
        latency_ms=call.latency_ms,
        cluster=example.cluster,
        inputs=example.inputs,
        references=example.references,
    )


def _score(
    metrics: Sequence[Metric], columns: Columns, report: Callable[[Progress], None]
) -> list[ScoreColumn]:
    scored: dict[str, ScoreColumn] = {}
    for done, metric in enumerate(metrics):
        report(Progress(f"scoring:{metric.name}", done, len(metrics)))
        for column in score_columns(metric, columns):
            _add(scored, column)
        report(Progress(f"scoring:{metric.name}", done + 1, len(metrics)))
    return list(scored.values())


def _add(scored: dict[str, ScoreColumn], column: ScoreColumn) -> None:
    """Add *column*; the same metric with other settings gets a name of its own."""
    name, number = column.name, 2
    while name in scored:
        if scored[name].signature == column.signature:
            return
        name, number = f"{column.name}_{number}", number + 1
    scored[name] = replace(column, name=name)
