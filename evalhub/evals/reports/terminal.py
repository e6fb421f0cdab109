"""A report for the terminal; it fits 100 columns."""

from collections.abc import Iterator, Mapping

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports import figures
from evalhub.evals.reports.report import (
    ComparisonReport,
    ExperimentReport,
    MetricReport,
    Report,
    SummaryReport,
)
from evalhub.evals.reports.slices import slice_rows

__all__ = ["print_report"]

_STYLES = {"pass": "green", "fail": "red", "better": "green", "worse": "red"}
_OTHER_VERDICT = "yellow"
_MOST_REGRESSIONS = 3
_MOST_PARTS = 5


def print_report(report: Report, *, console: Console, slices: bool = False) -> None:
    """Print *report*: a table a comparison, the worst examples, the verdict.

    The metrics that gates are on come first. With *slices*, a table of the slices follows.
    """
    parts: list[RenderableType] = []
    for comparison in report.comparisons:
        parts += [_comparison_table(comparison, report), *_regressions(comparison)]
        if slices:
            parts += _slice_tables(comparison)
        parts.append("")
    compared = {side for item in report.comparisons for side in (item.baseline, item.candidate)}
    for run in report.experiments:
        if run.target not in compared:
            parts += [_experiment_table(run), ""]
    parts += [*_spending_lines(report), *_failure_lines(report), *_verdict_lines(report)]
    parts += [Text(f"note: {note}") for note in report.notes]
    console.print(Group(*parts))


def _comparison_table(comparison: ComparisonReport, report: Report) -> Table:
    sides = {
        name: run.metrics if (run := report.experiment(name)) else {}
        for name in (comparison.baseline, comparison.candidate)
    }
    table = _table(_title(report, comparison.candidate))
    table.add_column("metric", overflow="fold")
    for name in (*sides, "difference", "p"):
        table.add_column(escape(name), justify="right", overflow="fold")
    table.add_column("verdict")
    declared = {name: item for name, item in comparison.metrics.items() if item.declared}
    others = {name: item for name, item in comparison.metrics.items() if not item.declared}
    for name, metric in declared.items():
        table.add_row(*_row(name, metric, sides), _gate_verdict(report, name, comparison))
    if declared and others:
        table.add_row(Text("exploratory", style="dim"))
    for name, metric in others.items():
        table.add_row(*_row(name, metric, sides), _standing(metric))
    return table


def _experiment_table(run: ExperimentReport) -> Table:
    table = _table(Text(f"{run.suite}: {_size(run)}"))
    table.add_column("metric", overflow="fold")
    for name in (run.target, "n", "errored", "unparsed", "skipped"):
        table.add_column(escape(name), justify="right", overflow="fold")
    for summary in run.metrics.values():
        counts = (summary.n, summary.errored, summary.unparsed, summary.skipped)
        table.add_row(escape(summary.name), _mean(summary), *map(str, counts))
    return table


def _table(title: Text) -> Table:
    return Table(
        box=None, padding=(0, 1, 0, 0), header_style="bold", title=title, title_justify="left"
    )


def _title(report: Report, target: str) -> Text:
    run = report.experiment(target)
    return Text(f"{report.suite}: {_size(run)}" if run else report.suite)


def _size(run: ExperimentReport) -> str:
    return f"{figures.plural(run.examples, 'example')} of {run.dataset}"


def _row(
    name: str, metric: MetricReport, sides: Mapping[str, Mapping[str, SummaryReport]]
) -> list[str | Text]:
    cells: list[str | Text] = [escape(name)]
    cells += [_mean(summaries.get(name)) for summaries in sides.values()]
    if metric.refused is not None:
        return [*cells, Text(f"not compared: {metric.refused}", style=_OTHER_VERDICT), ""]
    found = metric.difference
    if found is None:
        return [*cells, figures.UNKNOWN, figures.UNKNOWN]
    difference = figures.interval(found.difference, found.lower, found.upper, sign="+")
    return [*cells, difference, figures.p_value(metric.p_adjusted)]


def _mean(summary: SummaryReport | None) -> str:
    if summary is None or summary.mean is None:
        return "unknown"
    if summary.name in OPERATIONAL:
        # Their digits would not leave room for the difference.
        return figures.number(summary.mean)
    return figures.interval(summary.mean, summary.lower, summary.upper)


def _gate_verdict(report: Report, metric: str, comparison: ComparisonReport) -> Text:
    found = [
        gate.verdict
        for gate in report.gates
        if (gate.metric, gate.of) == (metric, comparison.candidate)
    ]
    return Text(" ").join(_styled(verdict) for verdict in dict.fromkeys(found))


def _standing(metric: MetricReport) -> Text:
    if metric.difference is None or metric.difference.difference is None:
        return Text(figures.UNKNOWN)
    return Text(metric.standing, style=_STYLES.get(metric.standing, ""))


def _styled(verdict: str, *, weight: str = "") -> Text:
    return Text(verdict, style=f"{weight} {_STYLES.get(verdict, _OTHER_VERDICT)}".strip())


def _regressions(comparison: ComparisonReport) -> Iterator[Text]:
    """Give where the candidate lost most, on the metrics with a gate or else on the first."""
    lost = [
        (name, metric)
        for name, metric in comparison.metrics.items()
        if metric.regressions and name not in OPERATIONAL
    ]
    shown = [item for item in lost if item[1].declared] or lost[:1]
    for name, metric in shown:
        of = f" of {metric.worse:,}" if metric.worse > _MOST_REGRESSIONS else ""
        yield Text(f"worst{of} on {name}:", style="bold")
        for item in metric.regressions[:_MOST_REGRESSIONS]:
            trace = f"  trace {item.candidate_trace_id}" if item.candidate_trace_id else ""
            change = f"{item.baseline:.3f} to {item.candidate:.3f} ({item.difference:+.3f})"
            yield Text(f"  {item.example_id}: {change}{trace}", overflow="fold")


def _slice_tables(comparison: ComparisonReport) -> Iterator[RenderableType]:
    rows = slice_rows(comparison)
    if not rows:
        yield Text("no slices: name columns under 'slices' in the suite file")
        return
    table = _table(Text(f"slices, {comparison.candidate} against {comparison.baseline}"))
    for name in ("metric", "slice"):
        table.add_column(name, overflow="fold")
    for name in ("n", comparison.baseline, comparison.candidate, "difference", "p"):
        table.add_column(escape(name), justify="right", overflow="fold")
    for metric, row in rows:
        found = row.difference
        values = (figures.number(row.baseline), figures.number(row.candidate))
        difference = figures.interval(found.difference, found.lower, found.upper, sign="+")
        cells = (metric, row.title, str(found.n), *values, difference)
        table.add_row(*map(escape, (*cells, figures.p_value(row.p_adjusted))))
    yield table


def _spending_lines(report: Report) -> Iterator[Text]:
    for run in report.experiments:
        spent = run.spending
        parts = [f"{figures.plural(run.examples, 'call')} in {figures.time_taken(run.seconds)}"]
        if run.errors:
            parts.append(f"{run.errors:,} failed")
        if spent.cost_usd is not None:
            parts.append(figures.money(spent.cost_usd))
        if spent.input_tokens is not None or spent.output_tokens is not None:
            tokens = map(figures.count, (spent.input_tokens, spent.output_tokens))
            parts.append("{} tokens in, {} out".format(*tokens))
        if spent.latency_ms is not None:
            parts.append(f"p95 {figures.duration(spent.latency_ms.p95)}")
        yield Text(f"{run.target}: {', '.join(parts)}", overflow="fold")


def _failure_lines(report: Report) -> Iterator[Text]:
    for run in report.experiments:
        for failure in run.failures:
            if failure.state != "skipped":
                what = f"{run.target}: {failure.what} {failure.state} {failure.count:,} times"
                reason = f", {failure.reason}" if failure.reason else ""
                yield Text(f"{what}{reason}", style="dim", overflow="fold")


def _verdict_lines(report: Report) -> Iterator[Text]:
    if report.verdict is None:
        return
    yield Text.assemble("verdict: ", _styled(report.verdict, weight="bold"))
    for gate in report.gates:
        head = (f"  {gate.metric}: ", _styled(gate.verdict))
        yield Text.assemble(*head, f", {gate.reason}", overflow="fold")
        if len(gate.parts) > 1:
            for part in gate.parts:
                yield Text.assemble(
                    f"    {part.title}: ", _styled(part.verdict), f", {part.reason}"
                )
