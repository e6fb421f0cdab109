"""One target's run, as a report tells it."""

import math
from datetime import UTC, datetime

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports.run import ExperimentReport, SummaryReport
from evalhub.evals.reports.samples import (
    MOST_EXAMPLES,
    WORST,
    example_report,
    lowest_places,
    take_turns,
)
from evalhub.evals.reports.totals import failures_of, spending_of
from evalhub.evals.reports.values import Values
from evalhub.model import Experiment, MetricSummary

__all__ = ["experiment_report"]


def experiment_report(
    run: Experiment, values: Values, *, is_alone: bool, is_earlier: bool
) -> ExperimentReport:
    """Return what *run* came to; one that is alone shows the examples that score worst."""
    scores = [item for item in run.summaries if item.name not in OPERATIONAL and is_alone]
    lowest = {item.name: lowest_places(values[item.name], item.better, WORST) for item in scores}
    chosen = take_turns(list(lowest.values()), MOST_EXAMPLES)
    return ExperimentReport(
        run_id=run.run_id,
        name=run.name,
        suite=run.suite,
        target=run.target,
        dataset=run.dataset_name,
        dataset_version=run.dataset_version,
        examples=len(run.results),
        errors=sum(result.error is not None for result in run.results),
        not_called=sum(not result.was_called for result in run.results),
        start_time=datetime.fromtimestamp(run.start_ns / 1e9, UTC).isoformat(timespec="seconds"),
        seconds=(run.end_ns - run.start_ns) / 1e9,
        params=dict(run.params),
        metrics={summary.name: _summary(summary) for summary in run.summaries},
        spending=spending_of(run.results),
        failures=failures_of(run.results),
        lowest={
            name: tuple(run.results[place].example_id for place in places)
            for name, places in lowest.items()
        },
        samples=tuple(example_report({run.target: run.results[place]}) for place in chosen),
        is_earlier=is_earlier,
        distinct=len({result.example_id for result in run.results}),
        cut_off=sum(result.was_cut_off for result in run.results),
    )


def _summary(summary: MetricSummary) -> SummaryReport:
    bounds = summary.bounds and tuple(end if math.isfinite(end) else None for end in summary.bounds)
    low, high = bounds or (None, None)
    return SummaryReport(
        name=summary.name,
        signature=summary.signature,
        n=summary.n,
        mean=summary.mean,
        stderr=summary.stderr,
        lower=summary.lower,
        upper=summary.upper,
        errored=summary.errored,
        unparsed=summary.unparsed,
        skipped=summary.skipped,
        bounds=None if bounds is None else (low, high),
    )
