"""A report in the terminal."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from evalhub.evals.reports.report import Report
from evalhub.evals.reports.run import SummaryReport
from evalhub.evals.reports.terminal import print_report
from evalhub.metrics.stats import PairedDifference


def printed(report: Report, *, width: int = 100, slices: bool = False, colour: bool = False) -> str:
    """Return what is printed on a console of *width* columns."""
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False, force_terminal=colour)
    print_report(report, console=console, slices=slices)
    return file.getvalue()


def test_declared_metrics_come_first(report: Report) -> None:
    """Then the exploratory ones, the worst examples with their traces, the verdict."""
    text = printed(report)
    names = ["rouge1 ", "exact_match ", "cost_usd ", "exploratory", "faithful ", "latency_ms "]
    places = [text.index(f"\n{name}") for name in names]
    assert places == sorted(places)
    assert "verdict: fail" in text
    regression = report.comparisons[0].metrics["rouge1"].regressions[0]
    assert f"trace {regression.candidate_trace_id}" in text
    assert "candidate: call errored 2 times, TimeoutError: no answer within 30 s" in text
    assert (
        "candidate: 60 calls in 1 min 34 s, 2 failed, $0.0240, 6,000 tokens in, 1,200 out" in text
    )


@pytest.mark.parametrize("name", ["candidate", "a-very-long-name-of-a-target" * 3])
@pytest.mark.parametrize("slices", [False, True])
def test_it_fits_100_columns(report: Report, name: str, slices: bool) -> None:
    """Wide names are folded, figures are not: each interval is on one line."""
    runs = tuple(
        replace(run, target=name) if run.target == "candidate" else run
        for run in report.experiments
    )
    compared = tuple(replace(item, candidate=name) for item in report.comparisons)
    gates = tuple(replace(gate, of=name) for gate in report.gates)
    renamed = replace(report, experiments=runs, comparisons=compared, gates=gates)
    text = printed(renamed, slices=slices)
    assert max(map(len, text.splitlines())) <= 100
    found = report.comparisons[0].metrics["rouge1"].difference
    assert found is not None
    assert found.difference is not None
    assert f"{found.difference:+.3f} [{found.lower:+.3f}, {found.upper:+.3f}]" in text


WIDE = PairedDifference(2, -127.0, 2_070.0, -26_442.0, 26_188.0, None, -0.1)


@pytest.mark.parametrize(("width", "intervals"), [(80, 1), (100, 3)])
def test_huge_intervals_are_not_folded(report: Report, width: int, intervals: int) -> None:
    """Where there is no room for three, those of the sides go and that of the difference stays."""
    (compared,) = report.comparisons
    name = "candidate-structured"
    metrics = {
        metric: replace(item, difference=WIDE) if metric == "rouge1" else item
        for metric, item in compared.metrics.items()
    }
    wide = replace(
        report,
        experiments=(report.experiments[0], replace(report.experiments[1], target=name)),
        comparisons=(replace(compared, candidate=name, metrics=metrics),),
    )
    lines = printed(wide, width=width, slices=True).splitlines()
    assert max(map(len, lines)) <= width
    (row,) = [line for line in lines if line.startswith("rouge1") and "topic" not in line]
    assert "-127 [-26,442, +26,188]" in row
    assert row.count("[") == intervals


def test_a_narrow_terminal_loses_nothing(report: Report) -> None:
    """Where even that has no room figures are folded, not cut."""
    text = printed(report, width=50)
    assert max(map(len, text.splitlines())) <= 50
    assert "…" not in text


def test_what_nobody_knows_has_no_row(report: Report) -> None:
    """Tokens that no call tells of are no row of dashes; with a gate on them they are."""
    runs = tuple(
        replace(run, metrics={**run.metrics, "input_tokens": unknown(run.metrics["input_tokens"])})
        for run in report.experiments
    )
    silent = replace(report, experiments=runs)
    assert "input_tokens" in printed(report)
    assert "input_tokens" not in printed(silent)
    assert "input_tokens" not in printed(replace(silent, comparisons=()))
    (compared,) = report.comparisons
    asked = {name: replace(item, declared=True) for name, item in compared.metrics.items()}
    gated = replace(silent, comparisons=(replace(compared, metrics=asked),))
    assert "input_tokens" in printed(gated)


def unknown(summary: SummaryReport) -> SummaryReport:
    """Return *summary* with nothing known."""
    return replace(summary, n=0, mean=None, stderr=None, lower=None, upper=None)


def test_incomplete_says_why(report: Report) -> None:
    """What is missing may be no gate's; calls that were not made did not fail."""
    gates = tuple(replace(gate, verdict="pass") for gate in report.gates)
    runs = tuple(replace(run, errors=12, not_called=10) for run in report.experiments)
    text = printed(
        replace(
            report, verdict="incomplete", reason="the budget is over", gates=gates, experiments=runs
        )
    )
    assert "verdict: incomplete, the budget is over" in text
    assert "candidate: 50 calls in 1 min 34 s, 2 failed, 10 not made" in text


def test_of_many_slices_those_that_did_not_pass(report: Report) -> None:
    """A gate on two hundred slices does not fill the screen."""
    part = replace(report.gates[0].parts[0], verdict="pass", title="topic=tea")
    parts = (*[part] * 200, replace(part, verdict="fail", title="topic=kettles"))
    text = printed(replace(report, gates=(replace(report.gates[0], parts=parts),)))
    assert text.count("topic=tea") == 4
    assert "    topic=kettles: fail" in text
    assert "    196 more slices: 196 pass" in text


def test_slices_when_asked(report: Report) -> None:
    """They are a table of their own, and not there otherwise."""
    assert "topic=kettles" in printed(report, slices=True).partition("verdict:")[0]
    assert "topic=kettles" not in printed(report).partition("verdict:")[0]


def test_colours_only_on_a_terminal(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets none, and NO_COLOR is kept."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[" not in printed(report)
    assert "\x1b[31mfail" in printed(report, colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "[31m" not in printed(report, colour=True)


def test_markup_in_texts_is_text(report: Report) -> None:
    """Square brackets of a model's output are no style."""
    gate = replace(report.gates[0], reason="[red]x[/red] [bold")
    text = printed(replace(report, gates=(gate,), notes=("[link=x]y",)))
    assert "[red]x[/red] [bold" in text
    assert "note: [link=x]y" in text
