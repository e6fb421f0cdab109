"""A report as Markdown, for a pull request or the summary page of a CI job."""

import re
from collections.abc import Iterable, Sequence

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports import figures
from evalhub.evals.reports.report import ComparisonReport, Failure, MetricReport, Report
from evalhub.evals.reports.slices import slice_rows
from evalhub.metrics.stats import PairedDifference

__all__ = ["MOST_CHARACTERS", "as_markdown"]

MOST_CHARACTERS = 60_000
"""A comment on GitHub may have 65,536; a job's summary 1 MiB."""

_MARKS = {"pass": "✅", "fail": "❌", "better": "🟢", "worse": "🔴"}
_OTHER_MARK = "⚠️"
_MOST_REGRESSIONS = 5
_TEXT_LENGTH = 300
_SPECIAL = re.compile(r"([\\`*_{}\[\]~|$])")


def as_markdown(report: Report) -> str:
    """Return *report* in GitHub's Markdown: the verdict first, details folded.

    Whatever came from data or a model is escaped: it can make no table, link, mention or tag.
    """
    parts = [_head(report), _gates(report)]
    for comparison in report.comparisons:
        parts += [_differences(comparison, report), _slices(comparison), _worst(comparison)]
    if not report.comparisons:
        parts.append(_means(report))
    parts += [_failures(report), _spending(report), _notes(report)]
    return _within("\n".join(part for part in parts if part))


def _head(report: Report) -> str:
    verdict = report.verdict or "no gate"
    mark = _MARKS.get(verdict, _OTHER_MARK) if report.verdict else "ℹ️"
    return f"## {mark} {_escape(report.suite)}: {verdict}\n\n{_escape(report.reason)}\n"


def _gates(report: Report) -> str:
    rows = [
        (
            f"{_MARKS.get(gate.verdict, _OTHER_MARK)} {gate.verdict}",
            _escape(gate.of),
            _escape(gate.demand),
            _escape(gate.reason),
        )
        for gate in report.gates
    ]
    parts = [
        (
            f"{_MARKS.get(part.verdict, _OTHER_MARK)} {part.verdict}",
            _escape(gate.demand),
            _escape(part.title),
            str(part.n),
            _escape(part.reason),
        )
        for gate in report.gates
        if len(gate.parts) > 1
        for part in gate.parts
    ]
    table = _table(("verdict", "gate", "slice", "n", "found"), parts, numeric=(3,))
    head = ("gate", "target", "demand", "found")
    return f"{_table(head, rows)}\n{_fold('Gates by slice', table)}"


def _differences(comparison: ComparisonReport, report: Report) -> str:
    title = f"### {_escape(comparison.candidate)} against {_escape(comparison.baseline)}\n\n"
    declared = [item for item in comparison.metrics.items() if item[1].declared]
    others = [item for item in comparison.metrics.items() if not item[1].declared]
    parts = [title]
    if declared:
        parts.append(_metric_table(declared, comparison, report))
    if others:
        table = _metric_table(others, comparison, report)
        parts.append(_fold(f"{len(others)} exploratory metrics", table) if declared else table)
    return "\n".join(parts)


def _metric_table(
    metrics: Iterable[tuple[str, MetricReport]], comparison: ComparisonReport, report: Report
) -> str:
    names = (comparison.baseline, comparison.candidate)
    rows = []
    for name, metric in metrics:
        means = [_mean(report, target, name) for target in names]
        rows.append((_escape(name), *means, *_difference(metric)))
    head = ("metric", *map(_escape, names), "difference [95%]", "p", "reading")
    return _table(head, rows, numeric=range(1, 5))


def _mean(report: Report, target: str, metric: str) -> str:
    run = report.experiment(target)
    summary = run.metrics.get(metric) if run else None
    return figures.UNKNOWN if summary is None else figures.number(summary.mean)


def _difference(metric: MetricReport) -> tuple[str, str, str]:
    if metric.refused is not None:
        return f"not compared: {_escape(metric.refused)}", "", ""
    found = metric.difference
    if found is None or found.difference is None:
        return figures.UNKNOWN, "", ""
    reading = f"{_MARKS.get(metric.standing, '')} {metric.standing}".strip()
    return _interval(found), _escape(figures.p_value(metric.p_adjusted)), reading


def _interval(found: PairedDifference) -> str:
    return _escape(figures.interval(found.difference, found.lower, found.upper, sign="+"))


def _means(report: Report) -> str:
    parts = []
    for run in report.experiments:
        rows = [
            (
                _escape(summary.name),
                _escape(figures.interval(summary.mean, summary.lower, summary.upper)),
                str(summary.n),
                str(summary.errored + summary.unparsed),
            )
            for summary in run.metrics.values()
        ]
        head = ("metric", "mean [95%]", "n", "no score")
        parts.append(f"### {_escape(run.target)}\n\n{_table(head, rows, numeric=range(1, 4))}")
    return "\n".join(parts)


def _slices(comparison: ComparisonReport) -> str:
    rows = [
        (
            _escape(metric),
            _escape(row.title),
            str(row.difference.n),
            figures.number(row.baseline),
            figures.number(row.candidate),
            _interval(row.difference),
        )
        for metric, row in slice_rows(comparison)
    ]
    names = map(_escape, (comparison.baseline, comparison.candidate))
    head = ("metric", "slice", "n", *names, "difference [95%]")
    return _fold(figures.plural(len(rows), "slice"), _table(head, rows, numeric=range(2, 6)))


def _worst(comparison: ComparisonReport) -> str:
    texts = {(item.example_id, item.repeat): item for item in comparison.examples}
    parts = []
    lost = [item for item in comparison.metrics.items() if item[0] not in OPERATIONAL]
    declared = [item for item in lost if item[1].declared]
    for name, metric in declared or lost[:3]:
        rows = []
        for item in metric.regressions[:_MOST_REGRESSIONS]:
            example = texts.get((item.example_id, item.repeat))
            sides = (
                [side.output or side.error or "" for side in example.sides.values()]
                if (example)
                else ["", ""]
            )
            change = f"{figures.number(item.baseline)} → {figures.number(item.candidate)}"
            trace = f"`{item.candidate_trace_id}`" if item.candidate_trace_id else ""
            rows.append((_escape(item.example_id), change, *map(_quote, sides), trace))
        head = ("example", "score", *map(_escape, (comparison.baseline, comparison.candidate)))
        table = _table((*head, "trace"), rows)
        parts.append(
            _fold(f"{_escape(name)}: the {len(rows)} worst of {metric.worse:,} regressions", table)
        )
    return "\n".join(part for part in parts if part)


def _failures(report: Report) -> str:
    rows = [
        (_escape(run.target), *_failure(failure))
        for run in report.experiments
        for failure in run.failures
    ]
    head = ("target", "what", "count", "reason", "examples")
    return _fold("Missing outputs and scores", _table(head, rows, numeric=(2,)))


def _failure(failure: Failure) -> tuple[str, str, str, str]:
    what = f"{failure.what} {failure.state}"
    return _escape(what), str(failure.count), _quote(failure.reason), _names(failure.example_ids)


def _names(names: Sequence[str]) -> str:
    return ", ".join(map(_escape, names))


def _spending(report: Report) -> str:
    rows = []
    for run in report.experiments:
        spent, latency = run.spending, run.spending.latency_ms
        rows.append(
            (
                _escape(run.target),
                str(run.examples),
                str(run.errors),
                figures.money(spent.cost_usd),
                f"{figures.count(spent.input_tokens)} / {figures.count(spent.output_tokens)}",
                figures.duration(latency.p50 if latency else None),
                figures.duration(latency.p95 if latency else None),
                f"`{run.run_id}`" if run.run_id else figures.UNKNOWN,
            )
        )
    head = ("target", "calls", "failed", "cost", "tokens in / out", "p50", "p95", "run")
    return f"### Cost and latency\n\n{_table(head, rows, numeric=range(1, 7))}"


def _notes(report: Report) -> str:
    lines = [f"> {_escape(note)}" for note in report.notes]
    versions = ", ".join(f"{name} {text}" for name, text in report.versions.items())
    data = report.experiments[-1]
    about = f"data set {data.dataset} {data.dataset_version[:12]}, {versions}"
    return "\n>\n".join([*lines, f"> <sub>{_escape(about)}</sub>"]) + "\n"


def _table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Iterable[int] = ()
) -> str:
    """Return a table of cells that are escaped already; empty when there is no row."""
    if not rows:
        return ""
    right = set(numeric)
    rule = ["---:" if place in right else "---" for place in range(len(head))]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in (head, rule, *rows))


def _fold(title: str, content: str) -> str:
    # GitHub reads Markdown within <details> only after an empty line.
    return f"<details><summary>{title}</summary>\n\n{content}\n</details>\n" if content else ""


def _quote(text: str) -> str:
    line = " ".join(text.split())
    cut = line if len(line) <= _TEXT_LENGTH else f"{line[:_TEXT_LENGTH]} …"
    return _escape(cut)


def _escape(text: str) -> str:
    """Return *text* as Markdown that shows it, on one line."""
    line = " ".join(text.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A word joiner keeps @name and #1 from mentioning, and a bare address from being a link.
    for mark in ("@", "#", "www", "http"):
        line = line.replace(mark, f"{mark}\u2060")
    return _SPECIAL.sub(r"\\\1", line)


def _within(text: str) -> str:
    """Cut *text* at a line where it is too long for a comment, and say so."""
    if len(text) <= MOST_CHARACTERS:
        return text
    kept = text[:MOST_CHARACTERS].rpartition("\n")[0]
    unclosed = kept.count("<details>") - kept.count("</details>")
    return f"{kept}\n{'</details>' * unclosed}\n\n> Cut here; the HTML report has the rest.\n"
