"""A report for the terminal; it fits 80 columns."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.text import Text

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports import figures
from evalhub.evals.reports.comparison import ComparisonReport, RegressionReport
from evalhub.evals.reports.comparison_table import comparison_table, experiment_table, slice_table
from evalhub.evals.reports.readable import readable
from evalhub.evals.reports.report import GatePart, Report
from evalhub.evals.reports.run import ExperimentReport
from evalhub.evals.reports.verdicts import styled

__all__ = ["print_report"]

_MOST_REGRESSIONS = 3
_MOST_PARTS = 5
_NO_SLICES = Text("no slices: name columns under 'slices' in the suite file")


def print_report(report: Report, *, console: Console, slices: bool = False) -> None:
    """Print *report*: a table a comparison, the worst examples, the verdict.

    The metrics that gates are on come first. With *slices*, a table of the slices follows.
    """
    report = readable(report)
    parts: list[RenderableType] = []
    for comparison in report.comparisons:
        parts.append(comparison_table(comparison, report, width=console.width))
        parts += _regressions(comparison)
        if slices:
            parts.append(slice_table(comparison, width=console.width) or _NO_SLICES)
        parts.append("")
    compared = {side for item in report.comparisons for side in (item.baseline, item.candidate)}
    for run in report.experiments:
        if run.target not in compared:
            parts += [experiment_table(run, width=console.width), ""]
    parts += [*_spending_lines(report), *_failure_lines(report), *_verdict_lines(report)]
    parts += [Text(f"note: {note}") for note in report.notes]
    console.print(Group(*parts))


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
            before, after, change = _change(item)
            which = f"  {item.example_id}{figures.repeat(item.repeat)}"
            yield Text(f"{which}: {before} to {after} ({change}){trace}", overflow="fold")


def _change(item: RegressionReport) -> tuple[str, str, str]:
    """Return both scores and their difference, with the same decimals."""
    values = (item.baseline, item.candidate, item.difference)
    before, after = (figures.number(value, like=values) for value in values[:2])
    return before, after, figures.number(item.difference, sign="+", like=values)


def _spending_lines(report: Report) -> Iterator[Text]:
    for run in report.experiments:
        yield Text(f"{run.target}: {', '.join(_spending(run))}", overflow="fold")


def _spending(run: ExperimentReport) -> Iterator[str]:
    spent = run.spending
    yield f"{figures.plural(run.called, 'call')} in {figures.time_taken(run.seconds)}"
    if run.failed:
        yield f"{run.failed:,} failed"
    if run.cut_off:
        yield f"{run.cut_off:,} cut off"
    if run.not_called:
        yield f"{run.not_called:,} not made"
    if spent.cost_usd is not None:
        yield figures.money(spent.cost_usd)
    if spent.input_tokens is not None or spent.output_tokens is not None:
        tokens = map(figures.count, (spent.input_tokens, spent.output_tokens))
        yield "{} tokens in, {} out".format(*tokens)
    if spent.latency_ms is not None:
        yield f"p95 {figures.duration(spent.latency_ms.p95)}"


def _failure_lines(report: Report) -> Iterator[Text]:
    for run in report.experiments:
        for failure in run.failures:
            if failure.state != "skipped":
                times = figures.plural(failure.count, "time")
                what = f"{run.target}: {failure.what} {failure.state} {times}"
                reason = f", {failure.reason}" if failure.reason else ""
                yield Text(f"{what}{reason}", style="dim", overflow="fold")


def _verdict_lines(report: Report) -> Iterator[Text]:
    if report.verdict is None:
        return
    # What is missing is not always a gate's: a budget that was spent, a metric that is silent.
    is_told_below = any(gate.reason in report.reason for gate in report.gates)
    is_missing = report.verdict == "incomplete" and not is_told_below
    reason = f", {report.reason}" if is_missing else ""
    yield Text.assemble("verdict: ", styled(report.verdict, weight="bold"), reason, overflow="fold")
    for gate in report.gates:
        yield Text.assemble(
            f"  {gate.metric}: ", styled(gate.verdict), f", {gate.reason}", overflow="fold"
        )
        if len(gate.parts) > 1:
            yield from _part_lines(gate.parts)


def _part_lines(parts: Sequence[GatePart]) -> Iterator[Text]:
    """Give the slices of a gate; of many those that did not pass, and how the others fared."""
    ordered = sorted(parts, key=lambda part: part.verdict == "pass")
    for part in ordered[:_MOST_PARTS]:
        yield Text.assemble(
            f"    {part.title}: ", styled(part.verdict), f", {part.reason}", overflow="fold"
        )
    rest = Counter(part.verdict for part in ordered[_MOST_PARTS:])
    if rest:
        fared = ", ".join(f"{count:,} {verdict}" for verdict, count in rest.items())
        yield Text(f"    {figures.plural(rest.total(), 'more slice')}: {fared}", overflow="fold")
