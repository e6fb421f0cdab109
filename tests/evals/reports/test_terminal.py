"""A report in the terminal."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report


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
