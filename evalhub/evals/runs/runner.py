"""Run one target over one data set, and score what it gave."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from evalhub.errors import ConfigError, MetricInputError
from evalhub.evals.datasets.slices import Slice, slice_of
from evalhub.evals.gates.directions import Directions
from evalhub.evals.gates.pairs import clusters_of
from evalhub.evals.operational import operational_columns
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.call import Call
from evalhub.evals.runs.calling import CallAll, call_all
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.pace import Limits
from evalhub.evals.runs.repeats import pass_columns
from evalhub.evals.runs.scoring import BASELINE_OUTPUTS, Columns, check_metrics, score_columns
from evalhub.evals.runs.usage import with_usage
from evalhub.evals.targets.base import Target
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
    spent: Cost = field(default_factory=Cost)
    """What the run has spent so far, over all its targets and judges."""


def run_experiment(
    target: Target,
    dataset: Dataset,
    metrics: Sequence[Metric],
    *,
    suite: str,
    limits: Limits | None = None,
    repeats: int = 1,
    params: Mapping[str, str] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    url: str | None = None,
    journal: Journal | None = None,
    ledger: Ledger | None = None,
    call: CallAll = call_all,
    slices: Sequence[Slice] = (),
    baseline: Experiment | None = None,
    directions: Directions | None = None,
    asked: Collection[str] = (),
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
        limits: How many calls at a time, how fast, how long; four at a time when None.
        repeats: Calls of each example.
        params: What to remember of the target's settings.
        on_progress: Called in this thread after every step.
        url: Store that the traces go to; None is ``EVALHUB_URL``.
        journal: Where finished calls are kept, and found again after a kill.
        ledger: Counts what is spent, and holds the budget; judges share it.
        call: What makes the calls: threads of this process, or an engine.
        slices: What parts of the data each example's result is to name.
        baseline: Another target's experiment on the same data, whose outputs are the column
            ``baseline_outputs``.
        directions: Which scores are the better ones, where metrics do not say it.
        asked: Columns that gates name, such as ``exact_match_pass@2`` where *repeats* is 5.

    Raises:
        ConfigError: the data set is empty, a number is out of range, or the journal cannot
            be written.
        MetricInputError: a metric needs a column that the data set lacks.
        MissingExtraError: a metric needs a package that is not installed.
        ModelError: a metric needs an encoder that was not pulled, the target's endpoint
            refuses every request, or no call got through.
    """
    _check(dataset, metrics, repeats, baseline)
    ledger = ledger or Ledger()
    report = on_progress or _silent
    start_ns = time.time_ns()
    planned = [(example, repeat) for example in dataset.examples for repeat in range(repeats)]
    calls = call(
        target,
        planned,
        limits=limits or Limits(),
        on_call=lambda done: report(Progress("calling", done, len(planned), ledger.spent)),
        journal=journal,
        ledger=ledger,
    )
    end_ns = time.time_ns()
    parts = [_result(*plan, call, slices) for plan, call in _zip(planned, calls)]
    results = with_usage(parts, url=url)
    laid_out = Columns.of([example for example, _ in planned], calls, results, baseline)
    columns = _score(metrics, laid_out, report, ledger, directions or Directions())
    columns += [found for one in columns for found in pass_columns(one, results, repeats, asked)]
    named = {column.name for column in columns}
    always = [column for column in operational_columns(results) if column.name not in named]
    clusters = clusters_of(results)
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
        summaries=tuple(summarize(column, clusters=clusters) for column in [*columns, *always]),
        params=dict(params or {}),
        start_ns=start_ns,
        end_ns=end_ns,
    )


def _silent(progress: Progress) -> None:
    """Take the place of a missing *on_progress*."""


def _check(
    dataset: Dataset, metrics: Sequence[Metric], repeats: int, baseline: Experiment | None
) -> None:
    if not dataset.examples:
        raise ConfigError(f"the data set {dataset.name!r} has no example; nothing to evaluate")
    if repeats < 1:
        raise ConfigError(f"repeats is {repeats}; it must be at least 1")
    check_metrics(metrics, dataset)
    for metric in metrics:
        if baseline is None and BASELINE_OUTPUTS in metric.requires:
            raise MetricInputError(
                f"{metric.name} compares with the outputs of another target; give 'baseline'"
            )


def _zip(
    planned: Sequence[tuple[Example, int]], calls: Sequence[Call]
) -> list[tuple[tuple[Example, int], Call]]:
    return list(zip(planned, calls, strict=True))


def _result(example: Example, repeat: int, call: Call, slices: Sequence[Slice]) -> ExampleResult:
    return ExampleResult(
        example_id=example.id,
        output=None if call.output is None else call.output.text,
        repeat=repeat,
        error=call.error,
        trace_id=call.trace_id,
        latency_ms=call.latency_ms,
        usage=None if call.output is None else call.output.usage,
        cost_usd=None if call.output is None else call.output.cost_usd,
        cluster=example.cluster,
        inputs=example.inputs,
        references=example.references,
        slices=slice_of(example, slices),
        finish_reason=None if call.output is None else call.output.finish_reason,
    )


def _score(
    metrics: Sequence[Metric],
    columns: Columns,
    report: Callable[[Progress], None],
    ledger: Ledger,
    directions: Directions,
) -> list[ScoreColumn]:
    scored: dict[str, ScoreColumn] = {}
    for done, metric in enumerate(metrics):
        report(Progress(f"scoring:{metric.name}", done, len(metrics), ledger.spent))
        for column in score_columns(metric, columns):
            _add(scored, replace(column, better=directions.of(metric, column.name)))
        report(Progress(f"scoring:{metric.name}", done + 1, len(metrics), ledger.spent))
    return list(scored.values())


def _add(scored: dict[str, ScoreColumn], column: ScoreColumn) -> None:
    """Add *column*; the same metric with other settings gets a name of its own."""
    name, number = column.name, 2
    while name in scored:
        if scored[name].signature == column.signature:
            return
        name, number = f"{column.name}_{number}", number + 1
    scored[name] = replace(column, name=name)
