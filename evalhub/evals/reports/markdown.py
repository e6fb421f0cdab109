"""A report as Markdown, for a pull request or the summary page of a CI job."""

from collections.abc import Mapping, Sequence

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports import figures
from evalhub.evals.reports.comparison import ComparisonReport, MetricReport, RegressionReport
from evalhub.evals.reports.example import ExampleReport, SideReport
from evalhub.evals.reports.markdown_text import code, escaped, fold, quote, table, within
from evalhub.evals.reports.readable import readable
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.run import Failure
from evalhub.evals.reports.shown import shown_metrics, shown_summaries
from evalhub.evals.reports.slices import slice_rows
from evalhub.evals.reports.totals import MOST_IDS
from evalhub.metrics.stats import PairedDifference

__all__ = ["MOST_CHARACTERS", "as_markdown"]

MOST_CHARACTERS = 60_000
"""A comment on GitHub may have 65,536; a job's summary 1 MiB."""

_MARKS = {"pass": "✅", "fail": "❌", "better": "🟢", "worse": "🔴"}
_OTHER_MARK = "⚠️"
_MOST_REGRESSIONS = 5
_MOST_EXPLORATORY = 3
_MOST_SLICES = 60
_INPUT_LENGTH = 150


def as_markdown(report: Report, *, most: int = MOST_CHARACTERS) -> str:
    """Return *report* in GitHub's Markdown: the verdict first, details folded.

    Whatever came from data or a model is escaped: it can make no table, link, mention or tag.
    It is cut at *most* characters, so what a reader needs least comes last.
    """
    report = readable(report)
    parts = [_head(report), _gates(report)]
    for comparison in report.comparisons:
        parts += [_differences(comparison, report), _worst(comparison)]
    if not report.comparisons:
        parts.append(_means(report))
    parts += [_failures(report), _spending(report), *map(_slices, report.comparisons)]
    parts.append(_notes(report))
    return within("\n".join(part for part in parts if part), most)


def _head(report: Report) -> str:
    verdict = report.verdict or "no gate"
    mark = _MARKS.get(verdict, _OTHER_MARK) if report.verdict else "ℹ️"
    return f"## {mark} {escaped(report.suite)}: {verdict}\n\n{escaped(report.reason)}\n"


def _gates(report: Report) -> str:
    rows = [
        (
            f"{_MARKS.get(gate.verdict, _OTHER_MARK)} {gate.verdict}",
            escaped(gate.of),
            escaped(gate.demand),
            escaped(gate.reason),
        )
        for gate in report.gates
    ]
    parts = [
        (
            f"{_MARKS.get(part.verdict, _OTHER_MARK)} {part.verdict}",
            escaped(gate.demand),
            escaped(part.title),
            str(part.n),
            escaped(part.reason),
        )
        for gate in report.gates
        if len(gate.parts) > 1
        for part in gate.parts
    ]
    by_slice = table(("verdict", "gate", "slice", "n", "found"), parts, numeric=(3,))
    head = ("gate", "target", "demand", "found")
    return f"{table(head, rows)}\n{fold('Gates by slice', by_slice)}"


def _differences(comparison: ComparisonReport, report: Report) -> str:
    title = f"### {escaped(comparison.candidate)} against {escaped(comparison.baseline)}\n\n"
    declared, others = shown_metrics(comparison, report)
    parts = [title]
    if declared:
        parts.append(_metric_table(declared, comparison, report))
    if others:
        rest = _metric_table(others, comparison, report)
        title = figures.plural(len(others), "exploratory metric")
        parts.append(fold(title, rest) if declared else rest)
    return "\n".join(parts)


def _metric_table(
    metrics: Mapping[str, MetricReport], comparison: ComparisonReport, report: Report
) -> str:
    names = (comparison.baseline, comparison.candidate)
    rows = []
    for name, metric in metrics.items():
        means = [_mean(report, target, name) for target in names]
        rows.append((escaped(name), *means, *_difference(metric)))
    head = ("metric", *map(escaped, names), "difference [95%]", "p", "reading")
    return table(head, rows, numeric=range(1, 5))


def _mean(report: Report, target: str, metric: str) -> str:
    run = report.experiment(target)
    summary = run.metrics.get(metric) if run else None
    return figures.UNKNOWN if summary is None else figures.number(summary.mean)


def _difference(metric: MetricReport) -> tuple[str, str, str]:
    if metric.refused is not None:
        return f"not compared: {escaped(metric.refused)}", "", ""
    found = metric.difference
    if found is None or found.difference is None:
        return figures.UNKNOWN, "", ""
    reading = f"{_MARKS.get(metric.standing, '')} {metric.standing}".strip()
    return _interval(found), escaped(figures.p_value(metric.p_adjusted)), reading


def _interval(found: PairedDifference) -> str:
    return escaped(figures.interval(found.difference, found.lower, found.upper, sign="+"))


def _means(report: Report) -> str:
    parts = []
    for run in report.experiments:
        rows = [
            (
                escaped(summary.name),
                escaped(figures.interval(summary.mean, summary.lower, summary.upper)),
                str(summary.n),
                str(summary.errored + summary.unparsed),
            )
            for summary in shown_summaries(run)
        ]
        head = ("metric", "mean [95%]", "n", "no score")
        parts.append(f"### {escaped(run.target)}\n\n{table(head, rows, numeric=range(1, 4))}")
    return "\n".join(parts)


def _slices(comparison: ComparisonReport) -> str:
    found = slice_rows(comparison)
    rows = [
        (
            escaped(metric),
            escaped(row.title),
            str(row.difference.n),
            figures.number(row.baseline),
            figures.number(row.candidate),
            _interval(row.difference),
        )
        for metric, row in found[:_MOST_SLICES]
    ]
    names = map(escaped, (comparison.baseline, comparison.candidate))
    head = ("metric", "slice", "n", *names, "difference [95%]")
    more = len(found) - len(rows)
    rest = f"\n{more:,} more are in the JSON report.\n" if more else ""
    title = f"{figures.plural(len(found), 'slice')} of {comparison.candidate}"
    return fold(title, f"{table(head, rows, numeric=range(2, 6))}{rest}" if rows else "")


def _worst(comparison: ComparisonReport) -> str:
    texts = {(item.example_id, item.repeat): item for item in comparison.examples}
    lost = [item for item in comparison.metrics.items() if item[0] not in OPERATIONAL]
    declared = [item for item in lost if item[1].declared]
    parts = []
    for name, metric in declared or lost[:_MOST_EXPLORATORY]:
        worst = metric.regressions[:_MOST_REGRESSIONS]
        rows = [
            _regression(name, item, texts.get((item.example_id, item.repeat))) for item in worst
        ]
        names = map(escaped, (comparison.baseline, comparison.candidate))
        head = ("example", "input", "score", *names, "why", "trace")
        title = f"{name}: the {len(rows)} worst of {figures.plural(metric.worse, 'regression')}"
        parts.append(fold(title, table(*_filled(head, rows))))
    return "\n".join(part for part in parts if part)


def _filled(
    head: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[Sequence[str], Sequence[Sequence[str]]]:
    """Return the columns in which a row has something."""
    kept = [place for place in range(len(head)) if any(row[place] for row in rows)]
    return [head[place] for place in kept], [[row[place] for place in kept] for row in rows]


def _regression(
    metric: str, item: RegressionReport, example: ExampleReport | None
) -> tuple[str, ...]:
    """Return one row; an example whose texts are not in the report has its scores only."""
    change = f"{figures.number(item.baseline)} → {figures.number(item.candidate)}"
    trace = code(item.candidate_trace_id or "")
    name = escaped(f"{item.example_id}{figures.repeat(item.repeat)}")
    if example is None:
        return (name, "", change, "", "", "", trace)
    sides = list(example.sides.values())
    asked = next(iter(example.inputs.values()), "")
    score = sides[-1].scores.get(metric)
    reason = (score and score.explanation) or ""
    return (
        name,
        quote(asked, _INPUT_LENGTH),
        change,
        *map(_said, sides),
        quote(reason),
        trace,
    )


def _said(side: SideReport) -> str:
    return f"{quote(side.output or side.error or '')}{' (cut off)' if side.was_cut_off else ''}"


def _failures(report: Report) -> str:
    rows = [
        (escaped(run.target), *_failure(failure))
        for run in report.experiments
        for failure in run.failures
    ]
    head = ("target", "what", "count", "reason", "examples")
    return fold("Missing outputs and scores", table(head, rows, numeric=(2,)))


def _failure(failure: Failure) -> tuple[str, str, str, str]:
    what = f"{failure.what} {failure.state}"
    more = ["…"] if failure.count > len(failure.example_ids) >= MOST_IDS else []
    examples = ", ".join([*map(escaped, failure.example_ids), *more])
    return escaped(what), str(failure.count), quote(failure.reason), examples


def _spending(report: Report) -> str:
    rows = []
    has_cut = any(run.cut_off for run in report.experiments)
    for run in report.experiments:
        spent, latency = run.spending, run.spending.latency_ms
        rows.append(
            (
                escaped(run.target),
                str(run.called),
                str(run.failed),
                str(run.cut_off) if has_cut else "",
                figures.money(spent.cost_usd),
                f"{figures.count(spent.input_tokens)} / {figures.count(spent.output_tokens)}",
                figures.duration(latency.p50 if latency else None),
                figures.duration(latency.p95 if latency else None),
                code(run.run_id or figures.UNKNOWN),
            )
        )
    head = ("target", "calls", "failed", "cut off", "cost", "tokens in / out", "p50", "p95", "run")
    kept, cells = _filled(head, rows)
    return f"### Cost and latency\n\n{table(kept, cells, numeric=range(1, len(kept) - 1))}"


def _notes(report: Report) -> str:
    lines = [f"> {escaped(note)}" for note in report.notes]
    versions = ", ".join(f"{name} {text}" for name, text in report.versions.items())
    data = report.experiments[-1]
    about = f"data set {data.dataset} {data.dataset_version[:12]}, {versions}"
    return "\n>\n".join([*lines, f"> <sub>{escaped(about)}</sub>"]) + "\n"
