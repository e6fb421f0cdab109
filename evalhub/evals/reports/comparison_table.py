"""The tables of a report in the terminal. Names are folded, figures never.

Where there is no room for the intervals of both sides, that of the difference stays: it is what
decides, and the HTML has the others.
"""

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports import figures
from evalhub.evals.reports.comparison import ComparisonReport, MetricReport
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.run import ExperimentReport, SummaryReport
from evalhub.evals.reports.shown import shown_metrics, shown_summaries
from evalhub.evals.reports.slices import slice_rows
from evalhub.evals.reports.verdicts import styled, styled_standing

__all__ = ["comparison_table", "experiment_table", "slice_table"]

_NAME_WIDTH = 20
"""Columns that a metric's name is given before the intervals of both sides are."""
_HEADER_WIDTH = 12
"""Columns below which no target's name is folded."""
_REFUSAL_WIDTH = 28


class _Row(NamedTuple):
    """One metric: its name, its figures, and what it comes to."""

    name: str
    cells: Sequence[str]
    verdict: Text


def comparison_table(comparison: ComparisonReport, report: Report, *, width: int) -> Table:
    """Return the metrics of *comparison* as a table for *width* columns."""
    shown = shown_metrics(comparison, report)
    names = (comparison.baseline, comparison.candidate, "difference", "p")
    rows = _rows(comparison, report, with_intervals=True)
    if _room(rows, width) < _needed(names, [row.cells for row in rows], _HEADER_WIDTH):
        rows = _rows(comparison, report, with_intervals=False)
    run = report.experiment(comparison.candidate)
    table = _table(f"{report.suite}: {_size(run)}" if run else report.suite)
    table.add_column("metric", overflow="fold")
    _add_figures(table, names, [row.cells for row in rows], room=_room(rows, width))
    table.add_column("verdict", no_wrap=True)
    for place, row in enumerate(rows):
        if shown.declared and place == len(shown.declared):
            table.add_row(Text("exploratory", style="dim"))
        table.add_row(escape(row.name), *map(escape, row.cells), row.verdict)
    return table


def experiment_table(run: ExperimentReport, *, width: int) -> Table:
    """Return the metrics of *run*, which nothing is compared with, for *width* columns."""
    table = _table(f"{run.suite}: {_size(run)}")
    table.add_column("metric", overflow="fold")
    summaries = shown_summaries(run)
    rows = [
        (_mean(item), *map(str, (item.n, item.errored, item.unparsed, item.skipped)))
        for item in summaries
    ]
    _add_figures(
        table, (run.target, "n", "errored", "unparsed", "skipped"), rows, room=width - _NAME_WIDTH
    )
    for summary, cells in zip(summaries, rows, strict=True):
        table.add_row(escape(summary.name), *map(escape, cells))
    return table


def slice_table(comparison: ComparisonReport, *, width: int) -> Table | None:
    """Return the slices of *comparison*, those that lost most first; None without slices.

    It is for *width* columns.
    """
    found = slice_rows(comparison)
    if not found:
        return None
    table = _table(f"slices, {comparison.candidate} against {comparison.baseline}")
    for name in ("metric", "slice"):
        table.add_column(name, overflow="fold")
    rows = [
        (
            str(row.difference.n),
            figures.number(row.baseline),
            figures.number(row.candidate),
            figures.interval(
                row.difference.difference, row.difference.lower, row.difference.upper, sign="+"
            ),
            figures.p_value(row.p_adjusted),
        )
        for _, row in found
    ]
    names = ("n", comparison.baseline, comparison.candidate, "difference", "p")
    _add_figures(table, names, rows, room=width - 2 * _NAME_WIDTH)
    for (metric, row), cells in zip(found, rows, strict=True):
        table.add_row(escape(metric), escape(row.title), *map(escape, cells))
    return table


def _rows(comparison: ComparisonReport, report: Report, *, with_intervals: bool) -> list[_Row]:
    runs = [report.experiment(name) for name in (comparison.baseline, comparison.candidate)]
    shown = shown_metrics(comparison, report)
    rows = []
    for name, metric in (shown.declared | shown.exploratory).items():
        found = [run.metrics.get(name) if run else None for run in runs]
        means = [_mean(item, with_interval=with_intervals) for item in found]
        verdict = _gate_verdicts(report, name, comparison) if metric.declared else _standing(metric)
        rows.append(_Row(name, (*means, *_found(metric)), verdict))
    return rows


def _room(rows: Sequence[_Row], width: int) -> int:
    """Return the columns that names and verdicts leave to the figures of *rows*."""
    name = min(_NAME_WIDTH, max((cell_len(row.name) for row in rows), default=0))
    verdict = max(len("verdict"), *(row.verdict.cell_len for row in rows))
    return width - name - verdict - 2


def _needed(names: Sequence[str], rows: Sequence[Sequence[str]], header: int) -> int:
    """Return the columns of figures with *names* folded to *header* columns."""
    widths = zip(names, _widths(names, rows), strict=True)
    return sum(1 + max(width, min(header, cell_len(name))) for name, width in widths)


def _widths(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    lines = [[max(map(cell_len, cell.split("\n"))) for cell in row] for row in rows]
    return [max(column, default=0) for column in zip([0] * len(names), *lines, strict=True)]


def _table(title: str) -> Table:
    return Table(
        box=None, padding=(0, 1, 0, 0), header_style="bold", title=Text(title), title_justify="left"
    )


def _add_figures(
    table: Table, names: Sequence[str], rows: Sequence[Sequence[str]], *, room: int
) -> None:
    """Add a column of figures for each of *names*, which are folded as far as *room* asks for."""
    is_narrow = _needed(names, rows, _HEADER_WIDTH) > room
    header = max(_HEADER_WIDTH, *map(cell_len, names))
    while header > _HEADER_WIDTH and _needed(names, rows, header) > room:
        header -= 1
    for name, width in zip(names, _widths(names, rows), strict=True):
        folded = textwrap.fill(name, max(width, header))
        table.add_column(escape(folded), justify="right", overflow="fold", no_wrap=not is_narrow)


def _size(run: ExperimentReport) -> str:
    if run.distinct in {0, run.examples}:
        return f"{figures.plural(run.examples, 'example')} of {run.dataset}"
    distinct = figures.plural(run.distinct, "example")
    return f"{distinct} of {run.dataset}, {figures.plural(run.examples, 'call')} a target"


def _mean(summary: SummaryReport | None, *, with_interval: bool = True) -> str:
    if summary is None or summary.mean is None:
        return "unknown"
    # The digits of latency and tokens would not leave room for the difference.
    if summary.name in OPERATIONAL or not with_interval:
        return figures.number(summary.mean)
    return figures.interval(summary.mean, summary.lower, summary.upper)


def _found(metric: MetricReport) -> tuple[str, str]:
    """Return the difference and its p."""
    if metric.refused is not None:
        return textwrap.fill(f"not compared: {metric.refused}", _REFUSAL_WIDTH), ""
    found = metric.difference
    if found is None:
        return figures.UNKNOWN, figures.UNKNOWN
    difference = figures.interval(found.difference, found.lower, found.upper, sign="+")
    return difference, figures.p_value(metric.p_adjusted)


def _gate_verdicts(report: Report, metric: str, comparison: ComparisonReport) -> Text:
    found = [
        gate.verdict
        for gate in report.gates
        if (gate.metric, gate.of) == (metric, comparison.candidate)
    ]
    return Text(" ").join(styled(verdict) for verdict in dict.fromkeys(found))


def _standing(metric: MetricReport) -> Text:
    if metric.difference is None or metric.difference.difference is None:
        return Text(figures.UNKNOWN)
    return styled_standing(metric.standing)
