"""A report as one HTML file that needs nothing else: no network, no script."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports import figures
from evalhub.evals.reports.charts import Bar, Histogram, difference_bars, histogram
from evalhub.evals.reports.comparison import (
    ComparisonReport,
    MetricReport,
    RegressionReport,
    SliceReport,
)
from evalhub.evals.reports.example import ExampleReport
from evalhub.evals.reports.readable import readable
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.run import ExperimentReport, SummaryReport
from evalhub.evals.reports.shown import shown_metrics, shown_summaries
from evalhub.evals.reports.slices import slice_rows
from evalhub.evals.reports.totals import MOST_IDS
from evalhub.evals.reports.words import Part, diff_words

__all__ = ["as_html"]

_TEMPLATES = Path(__file__).parent / "templates"
_MOST_SLICES = 60


@dataclass(frozen=True, slots=True)
class _Row:
    """One metric of a comparison, as the table shows it."""

    name: str
    metric: MetricReport
    baseline: SummaryReport | None
    candidate: SummaryReport | None
    bar: Bar | None
    verdict: str
    """The gate's, or the reading where there is none."""


@dataclass(frozen=True, slots=True)
class _Card:
    """One example of a comparison."""

    example: ExampleReport
    losses: dict[str, RegressionReport]
    before: list[Part]
    """The baseline's text."""
    after: list[Part]


@dataclass(frozen=True, slots=True)
class _Section:
    """One comparison."""

    comparison: ComparisonReport
    declared: list[_Row]
    exploratory: list[_Row]
    scale: str
    relative_scale: str
    slices: list[tuple[str, SliceReport]]
    more_slices: int
    cards: list[_Card]
    lost: list[str]
    """Metrics with a regression that a card shows."""


def as_html(report: Report) -> str:
    """Return *report* as a page that opens offline; every text in it is escaped."""
    report = readable(report)
    runs = report.experiments
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            report=report,
            candidate=runs[-1],
            style=(_TEMPLATES / "report.css").read_text(encoding="utf-8"),
            sections=[_section(item, report) for item in report.comparisons],
            histograms=list(_histograms(report)),
            params=_params(runs),
            signatures=_signatures(runs),
            alone=_alone(report),
        )
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["figures"] = figures
    environment.globals["most_ids"] = MOST_IDS
    environment.filters["tone"] = _tone
    return environment


def _tone(verdict: str | None) -> str:
    tones = {"pass": "good", "better": "good", "fail": "bad", "worse": "bad"}
    plain = ("unclear", "changed", figures.UNKNOWN, "", None)
    return "plain" if verdict in plain else tones.get(str(verdict), "warn")


def _alone(report: Report) -> list[tuple[ExperimentReport, list[SummaryReport]]]:
    """Return the runs that nothing is compared with, each with what it scored."""
    compared = {side for item in report.comparisons for side in (item.baseline, item.candidate)}
    return [(run, shown_summaries(run)) for run in report.experiments if run.target not in compared]


def _section(comparison: ComparisonReport, report: Report) -> _Section:
    bars, scale, relative = difference_bars(comparison, report.experiments)
    shown = shown_metrics(comparison, report)
    declared, exploratory = (
        [_row(name, comparison, report, bars.get(name)) for name in part] for part in shown
    )
    slices = slice_rows(comparison)
    cards = [_card(example, comparison) for example in comparison.examples]
    return _Section(
        comparison=comparison,
        declared=declared,
        exploratory=exploratory,
        scale=scale,
        relative_scale=relative,
        slices=slices[:_MOST_SLICES],
        more_slices=len(slices[_MOST_SLICES:]),
        cards=cards,
        lost=[
            row.name
            for row in (*declared, *exploratory)
            if any(row.name in card.losses for card in cards)
        ],
    )


def _row(name: str, comparison: ComparisonReport, report: Report, bar: Bar | None) -> _Row:
    metric = comparison.metrics[name]
    sides = [report.experiment(target) for target in (comparison.baseline, comparison.candidate)]
    before, after = (run.metrics.get(name) if run else None for run in sides)
    gates = [
        gate.verdict
        for gate in report.gates
        if (gate.metric, gate.of) == (name, comparison.candidate)
    ]
    is_known = metric.difference is not None and metric.difference.difference is not None
    reading = metric.standing if is_known else figures.UNKNOWN
    return _Row(name, metric, before, after, bar, " ".join(dict.fromkeys(gates)) or reading)


def _card(example: ExampleReport, comparison: ComparisonReport) -> _Card:
    losses = {
        name: item
        for name, metric in comparison.metrics.items()
        if name not in OPERATIONAL
        for item in metric.regressions
        if (item.example_id, item.repeat) == (example.example_id, example.repeat)
    }
    texts = [side.output or "" for side in example.sides.values()]
    before, after = diff_words(texts[0], texts[-1])
    return _Card(example, losses, before, after)


def _histograms(report: Report) -> Iterator[Histogram]:
    targets = [run.target for run in report.experiments]
    for item in report.distributions:
        if any(sum(counts) for counts in item.counts.values()):
            yield histogram(item, targets)


def _params(runs: Sequence[ExperimentReport]) -> list[tuple[str, list[str], bool]]:
    """Return each param with its value by run, and whether the runs differ in it."""
    names = dict.fromkeys(name for run in runs for name in run.params)
    rows = []
    for name in names:
        values = [run.params.get(name, figures.UNKNOWN) for run in runs]
        rows.append((name, values, len(set(values)) > 1))
    return rows


def _signatures(runs: Sequence[ExperimentReport]) -> dict[str, list[str]]:
    """Return the signatures of each metric: one, or several where the runs differ."""
    found: dict[str, dict[str, Any]] = {}
    for run in runs:
        for summary in run.metrics.values():
            found.setdefault(summary.name, {})[summary.signature] = None
    return {name: list(signatures) for name, signatures in found.items()}
