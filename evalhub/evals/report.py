"""Comparisons and verdicts as tables for people and as plain data for JSON."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from evalhub.evals.compare import Comparison, MetricComparison
from evalhub.evals.gate import Decision, Verdict
from evalhub.model import Experiment, MetricSummary

__all__ = [
    "as_json",
    "comparison_table",
    "decision_lines",
    "experiment_table",
    "print_report",
    "regression_lines",
]

_STYLES = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.INCOMPLETE: "yellow",
}


def print_report(
    experiments: Sequence[Experiment],
    comparisons: Sequence[Comparison],
    decision: Decision | None,
    *,
    console: Console,
) -> None:
    """Print a table a comparison (or of the one experiment), then the verdict."""
    parts: list[RenderableType] = []
    for comparison in comparisons:
        parts += [comparison_table(comparison, decision), *regression_lines(comparison), ""]
    if not comparisons:
        parts += [item for run in experiments for item in (experiment_table(run), "")]
    if decision is not None:
        parts += decision_lines(decision)
    console.print(Group(*parts))


def comparison_table(comparison: Comparison, decision: Decision | None = None) -> Table:
    """Return one row a metric; at least 100 columns wide it needs no second line."""
    table = Table(
        box=None,
        padding=(0, 1, 0, 0),
        header_style="bold",
        title=_title(comparison.baseline),
        title_justify="left",
    )
    table.add_column("metric", overflow="fold")
    for name in (comparison.baseline.target, comparison.candidate.target, "difference", "p"):
        table.add_column(escape(name), justify="right")
    table.add_column("verdict")
    for metric in comparison.metrics:
        table.add_row(*_row(metric, comparison, decision))
    return table


def experiment_table(experiment: Experiment) -> Table:
    """Return one row a metric of *experiment*, with what is not scored."""
    table = Table(box=None, header_style="bold", title=_title(experiment), title_justify="left")
    table.add_column("metric")
    for name in (experiment.target, "n", "errored", "unparsed", "skipped"):
        table.add_column(escape(name), justify="right")
    for summary in experiment.summaries:
        counts = (summary.n, summary.errored, summary.unparsed, summary.skipped)
        table.add_row(escape(summary.name), _summary(summary), *map(str, counts))
    return table


def regression_lines(comparison: Comparison, *, most: int = 3) -> list[Text]:
    """Return where the candidate lost most, for the first metric where it lost."""
    for metric in comparison.metrics:
        if metric.regressions and not metric.lower_is_better:
            lines = [Text(f"worst on {metric.name}:", style="bold")]
            for item in metric.regressions[:most]:
                trace = f"  trace {item.candidate_trace_id}" if item.candidate_trace_id else ""
                lines.append(
                    Text(
                        f"  {item.example_id}: {item.baseline:.3f} to {item.candidate:.3f}"
                        f" ({item.difference:+.3f}){trace}"
                    )
                )
            return lines
    return []


def decision_lines(decision: Decision) -> list[Text]:
    """Return the verdict and the reason of each gate."""
    lines = [
        Text.assemble("verdict: ", (decision.verdict.value, f"bold {_STYLES[decision.verdict]}"))
    ]
    for result in decision.results:
        lines.append(
            Text.assemble(
                f"  {result.gate.metric}: ",
                (result.verdict.value, _STYLES[result.verdict]),
                f", {result.reason}",
            )
        )
    return lines


def as_json(
    experiments: Sequence[Experiment],
    comparisons: Sequence[Comparison],
    decision: Decision | None,
) -> dict[str, Any]:
    """Return everything but the examples' results as plain data."""
    return {
        "experiments": [_experiment(experiment) for experiment in experiments],
        "comparisons": [_comparison(comparison) for comparison in comparisons],
        "verdict": None if decision is None else decision.verdict.value,
        "gates": [] if decision is None else [asdict(item) for item in decision.results],
    }


def _title(experiment: Experiment) -> Text:
    count = len(experiment.results)
    noun = "example" if count == 1 else "examples"
    return Text(f"{experiment.suite}: {count} {noun} of {experiment.dataset_name}")


def _row(
    metric: MetricComparison, comparison: Comparison, decision: Decision | None
) -> list[str | Text]:
    cells: list[str | Text] = [
        escape(metric.name),
        _summary(metric.baseline),
        _summary(metric.candidate),
    ]
    if metric.refused is not None:
        return [*cells, Text(f"not compared: {metric.refused}", style="yellow"), "", ""]
    found = metric.difference
    difference = "–"
    if found is not None and found.difference is not None:
        difference = _interval(found.difference, found.lower, found.upper, sign="+")
    return [*cells, difference, _p(metric.p_adjusted), _verdict(metric, comparison, decision)]


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "<.001" if value < 0.001 else f"{value:.3f}"


def _verdict(metric: MetricComparison, comparison: Comparison, decision: Decision | None) -> Text:
    for result in decision.results if decision else ():
        of = result.gate.of or comparison.candidate.target
        if (result.gate.metric, of) == (metric.name, comparison.candidate.target):
            return Text(result.verdict.value, style=_STYLES[result.verdict])
    if metric.difference is None or metric.difference.difference is None:
        return Text("–")
    return Text(metric.standing)


def _summary(summary: MetricSummary | None) -> str:
    if summary is None or summary.mean is None:
        return "unknown"
    return _interval(summary.mean, summary.lower, summary.upper)


def _interval(mean: float, lower: float | None, upper: float | None, *, sign: str = "") -> str:
    """Return ``mean [lower, upper]``, all with the decimals that their size asks for."""
    decimals = _decimals([mean, lower or 0.0, upper or 0.0])
    text = f"{mean:{sign}.{decimals}f}"
    if lower is None or upper is None:
        return text
    return f"{text} [{lower:{sign}.{decimals}f}, {upper:{sign}.{decimals}f}]"


def _decimals(values: Sequence[float]) -> int:
    largest = max(map(abs, values))
    if largest >= 100:
        return 0
    if largest >= 10:
        return 1
    return 3 if largest >= 0.01 or largest == 0 else 6


def _experiment(experiment: Experiment) -> dict[str, Any]:
    return {
        "run_id": experiment.run_id,
        "name": experiment.name,
        "suite": experiment.suite,
        "target": experiment.target,
        "dataset": experiment.dataset_name,
        "dataset_version": experiment.dataset_version,
        "examples": len(experiment.results),
        "errors": sum(result.error is not None for result in experiment.results),
        "params": dict(experiment.params),
        "metrics": {summary.name: asdict(summary) for summary in experiment.summaries},
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "baseline": comparison.baseline.target,
        "baseline_run_id": comparison.baseline.run_id,
        "candidate": comparison.candidate.target,
        "candidate_run_id": comparison.candidate.run_id,
        "metrics": {
            metric.name: {
                "difference": None if metric.difference is None else asdict(metric.difference),
                "p_adjusted": metric.p_adjusted,
                "standing": metric.standing,
                "refused": metric.refused,
                "unscored": metric.unscored,
                "regressions": [asdict(item) for item in metric.regressions],
            }
            for metric in comparison.metrics
        },
    }
