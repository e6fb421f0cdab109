"""Which metrics a report for people shows, and in what order.

Latency, tokens and cost are columns of every run. Where nothing is known of one, a row of dashes
would say so in each table; the table of the costs says it once.
"""

from collections.abc import Iterable
from typing import NamedTuple

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports.comparison import ComparisonReport, MetricReport
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.run import ExperimentReport, SummaryReport

__all__ = ["ShownMetrics", "shown_metrics", "shown_summaries"]


class ShownMetrics(NamedTuple):
    """The metrics of a comparison, by name."""

    declared: dict[str, MetricReport]
    """Those with a gate; they come first."""
    exploratory: dict[str, MetricReport]


def shown_metrics(comparison: ComparisonReport, report: Report) -> ShownMetrics:
    """Return the metrics of *comparison* of which something is known, or asked."""
    sides = (report.experiment(comparison.baseline), report.experiment(comparison.candidate))
    found = [run.metrics for run in sides if run is not None]
    declared, others = {}, {}
    for name, metric in comparison.metrics.items():
        if metric.declared:
            declared[name] = metric
        elif _is_known(name, (summaries[name] for summaries in found if name in summaries)):
            others[name] = metric
    return ShownMetrics(declared, others)


def shown_summaries(run: ExperimentReport) -> list[SummaryReport]:
    """Return the summaries of *run* of which something is known."""
    return [item for name, item in run.metrics.items() if _is_known(name, [item])]


def _is_known(name: str, summaries: Iterable[SummaryReport]) -> bool:
    return name not in OPERATIONAL or any(item.mean is not None for item in summaries)
