"""Which slices of a comparison a report shows first."""

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports.comparison import ComparisonReport, SliceReport

__all__ = ["slice_rows"]


def slice_rows(comparison: ComparisonReport) -> list[tuple[str, SliceReport]]:
    """Return the slices of each metric with the metric's name.

    Metrics with a gate come first, and of each metric the slice that lost most.
    """
    metrics = sorted(comparison.metrics.items(), key=lambda item: not item[1].declared)
    rows = []
    for name, metric in metrics:
        if name in OPERATIONAL and not metric.declared:
            continue
        sign = -1.0 if metric.lower_is_better else 1.0
        ordered = sorted(metric.slices, key=lambda row: sign * (row.difference.difference or 0.0))
        rows += [(name, row) for row in ordered]
    return rows
