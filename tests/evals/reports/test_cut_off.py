"""Answers that were cut off are counted in every form of a report, with what to do."""

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from evalhub.evals.gates.compare import compare
from evalhub.evals.reports.collect import make_report
from evalhub.evals.reports.document import read_report, write_json
from evalhub.evals.reports.junit import as_junit
from evalhub.evals.reports.markdown import as_markdown
from evalhub.evals.reports.page import as_html
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report
from evalhub.model import Experiment

MakeRun = Callable[..., Experiment]
NOTE = (
    "18 of 58 answers of candidate were cut off at the limit of tokens, and scored without the "
    "rest; raise max_tokens"
)


def cut(run: Experiment, every: int) -> Experiment:
    """Return *run* with every *every*-th answer ended by the limit of tokens."""
    results = tuple(
        replace(result, finish_reason="stop" if number % every else "length")
        if result.output is not None
        else result
        for number, result in enumerate(run.results)
    )
    return replace(run, results=results)


@pytest.fixture(scope="module")
def cut_report(make_run: MakeRun) -> Report:
    """Return the report of a candidate of whose answers a third was cut off."""
    before = make_run("baseline")
    after = cut(make_run("candidate", dropped=0.3, failing=30), 3)
    return make_report([before, after], [compare(before, after)], notes=["the tracker was slow"])


def printed(report: Report) -> str:
    """Return what the terminal shows, each line whole."""
    file = io.StringIO()
    print_report(report, console=Console(file=file, width=200, highlight=False))
    return file.getvalue()


def test_the_terminal_tells_it_beside_the_failed(cut_report: Report) -> None:
    """With the count, and a note that says what to raise; the baseline has none of it."""
    text = printed(cut_report)
    assert "candidate: 60 calls in 1 min 34 s, 2 failed, 18 cut off, $0.0240" in text
    assert f"note: {NOTE}\n" in text
    assert text.count("cut off") == 2


def test_markdown_tells_it(cut_report: Report) -> None:
    """In the table of the calls, at the texts of the worst examples, and as a note."""
    text = as_markdown(cut_report)
    assert "| target | calls | failed | cut off | cost |" in text
    assert "| candidate | 60 | 2 | 18 | $0.0240 |" in text
    assert "| baseline | 60 | 0 | 0 | $0.0240 |" in text
    worst = cut_report.comparisons[0].examples
    sides = {item.example_id: item.sides["candidate"] for item in worst}
    assert any(side.was_cut_off for side in sides.values())
    assert "> 18 of 58 answers of candidate were cut off" in text
    assert " (cut off) |" in text


def test_the_page_tells_it(cut_report: Report) -> None:
    """Above, as a fact and a note, and at each output that was cut."""
    page = as_html(cut_report)
    assert "<dt>candidate cut off</dt><dd>18 of 58</dd>" in page
    assert f'<p class="note">{NOTE}</p>' in page
    shown = [side for item in cut_report.comparisons[0].examples for side in item.sides.values()]
    count = sum(side.was_cut_off for side in shown)
    assert page.count("<span>cut off at the limit of tokens</span>") == count > 0


def test_json_and_junit_tell_it(cut_report: Report) -> None:
    """As a number for machines; a note is in both."""
    found = json.loads(write_json(cut_report))
    assert [run["cut_off"] for run in found["experiments"]] == [0, 18]
    assert NOTE in as_junit(cut_report)
    assert found["notes"][-1] == NOTE


def test_a_report_without_a_cut_says_nothing_of_it(make_run: MakeRun) -> None:
    """Neither where answers are whole, nor where nobody knows."""
    run = make_run("candidate")
    whole = [replace(result, finish_reason="stop") for result in run.results]
    unknown, known = make_report([run]), make_report([replace(run, results=tuple(whole))])
    assert known == unknown
    for text in (printed(known), as_markdown(known), as_html(known), as_junit(known)):
        assert "cut off" not in text


def test_a_report_written_before_is_read(cut_report: Report) -> None:
    """Nothing is known of cuts in it."""
    old = json.loads(write_json(cut_report))
    for run in old["experiments"]:
        del run["cut_off"]
    for item in old["comparisons"][0]["examples"]:
        for side in item["sides"].values():
            del side["was_cut_off"]
    assert [run.cut_off for run in read_report(json.dumps(old)).experiments] == [0, 0]


@pytest.mark.parametrize(
    ("params", "advice"),
    [
        ({"model": "m", "max_tokens": "200"}, "raise max_tokens, which is 200"),
        ({"huggingface": "models/base"}, "raise max_new_tokens"),
        ({"huggingface": "m", "max_new_tokens": "64"}, "raise max_new_tokens, which is 64"),
        ({"function": "app:answer"}, "raise max_tokens"),
    ],
)
def test_the_advice_names_the_targets_own_setting(
    make_run: MakeRun, params: dict[str, str], advice: str
) -> None:
    """With its value where the suite sets it."""
    run = replace(cut(make_run("candidate", 5), 5), params=params)
    expected = (
        "1 of 5 answers of candidate was cut off at the limit of tokens, and scored without the "
        f"rest; {advice}"
    )
    assert make_report([run]).notes == (expected,)
