"""Markdown for GitHub, as a CommonMark parser with tables reads it."""

from dataclasses import replace

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from evalhub.evals.reports.markdown import MOST_CHARACTERS, as_markdown
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.samples import take_turns

HOSTILE = (
    "<script>alert(1)</script> | a | b |\n| - | - |\n![x](http://127.0.0.1/p.png) "
    "[link](javascript:alert(1)) @someone #12 **bold** `code` </details> https://example.org $x$"
)


def parsed(text: str) -> list[Token]:
    """Return the tokens of *text*, with tables and raw HTML as on GitHub."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def test_verdict_gates_and_differences_are_there(report: Report) -> None:
    """The first line is the verdict; gates are a table; the rest is folded."""
    text = as_markdown(report)
    assert text.splitlines()[0] == "## ❌ support-answers: fail"
    assert "| ❌ fail | candidate | exact\\_match not worse than baseline (0.02) |" in text
    assert "<details><summary>4 exploratory metrics</summary>" in text
    assert "Gates by slice" in text
    assert text.count("<details>") == text.count("</details>")
    tables = [token for token in parsed(text) if token.type == "table_open"]
    assert len(tables) >= 6


def test_every_row_has_as_many_cells_as_its_head(report: Report) -> None:
    """A pipe in a text makes no cell."""
    (comparison,) = report.comparisons
    shown = comparison.examples[0]
    sides = {name: replace(side, output=HOSTILE, error=None) for name, side in shown.sides.items()}
    hostile = replace(comparison, examples=(replace(shown, sides=sides), *comparison.examples[1:]))
    tokens = parsed(as_markdown(replace(report, comparisons=(hostile,))))
    rows = [token.type for token in tokens if token.type in {"tr_open", "th_open", "td_open"}]
    sizes = "".join({"tr_open": "\n", "th_open": "h", "td_open": "d"}[kind] for kind in rows)
    for table in sizes.split("\nh")[1:]:
        head, *body = f"h{table}".split("\n")
        assert {len(row) for row in body} == {len(head)}


def test_texts_cannot_act(report: Report) -> None:
    """No tag but ours, no image, no link, no mention, from any text of the report."""
    gate = replace(report.gates[0], demand=HOSTILE, reason=HOSTILE, of=HOSTILE)
    hostile = replace(
        report, suite=HOSTILE, reason=HOSTILE, notes=(HOSTILE,), gates=(gate, *report.gates)
    )
    tokens = parsed(as_markdown(hostile))
    assert not {"image", "link_open", "strong_open", "code_inline"} & {
        token.type for token in tokens if "run" not in token.content and len(token.content) != 32
    }
    tags = {token.content for token in tokens if token.type in {"html_inline", "html_block"}}
    assert all("script" not in tag for tag in tags)
    text = as_markdown(hostile)
    assert "@someone" not in text
    assert "#12" not in text
    assert "https://" not in text


def test_a_folded_title_is_plain(report: Report) -> None:
    """GitHub reads no Markdown in the line of a tag: a backslash there would be seen."""
    text = as_markdown(report)
    titles = [line for line in text.splitlines() if "<summary>" in line]
    assert any("exact_match: the 5 worst of" in title for title in titles)
    assert not any("\\" in title for title in titles)
    (compared,) = report.comparisons
    named = {HOSTILE: compared.metrics["exact_match"]}
    hostile = replace(report, comparisons=(replace(compared, metrics=named),))
    (title,) = [line for line in as_markdown(hostile).splitlines() if "5 worst" in line]
    assert "<script" not in title
    assert "@someone" not in title


def test_a_regression_tells_what_was_asked_and_why(report: Report) -> None:
    """The one who reviews a change sees the question and the judge's reason without a click."""
    text = as_markdown(report)
    head, _, *rows = text.partition("exact_match: the 5 worst")[2].splitlines()[2:5]
    assert head == "| example | input | score | baseline | candidate | trace |"
    (compared,) = report.comparisons
    first = compared.metrics["exact_match"].regressions[0].example_id
    asked = {item.example_id: item.inputs["question"] for item in compared.examples}[first]
    assert rows[0].startswith(f"| {first} | {asked} | 1.000 → 0.000 |")
    judged = {"faithful": replace(compared.metrics["faithful"], declared=True)}
    text = as_markdown(replace(report, comparisons=(replace(compared, metrics=judged),)))
    assert "| why |" in text
    assert "of the fact is there." in text


@pytest.mark.parametrize(
    "text", ["HTTPS://x.example", "Www.x.example", "gh-12", "FTP://x", "a@b.c"]
)
def test_an_address_is_no_link(report: Report, text: str) -> None:
    """GitHub links addresses in any case, and its own short references."""
    assert text in as_markdown(replace(report, reason=text)).replace("\u2060", "")
    assert text not in as_markdown(replace(report, reason=text))


def test_what_is_cut_is_needed_least(report: Report) -> None:
    """A thousand slices do not push the worst examples out."""
    (compared,) = report.comparisons
    rouge = compared.metrics["rouge1"]
    metrics = {
        name: replace(item, slices=rouge.slices * 400 if name == "rouge1" else ())
        for name, item in compared.metrics.items()
    }
    text = as_markdown(replace(report, comparisons=(replace(compared, metrics=metrics),)))
    assert "worst of" in text
    assert "<summary>1,200 slices of candidate</summary>" in text
    assert "1,140 more are in the JSON report" in text
    assert "Cut here" not in text


def test_a_comment_has_room_for_it(report: Report) -> None:
    """A longer text is cut at a line, says so, and leaves nothing open."""
    long = replace(report, gates=report.gates * 400)
    text = as_markdown(long)
    assert len(text) <= MOST_CHARACTERS + 200
    assert "Cut here" in text
    assert text.count("<details>") == text.count("</details>")


def test_metrics_take_turns() -> None:
    """The first of each list comes before the second of any, each once."""
    lists = [[("a", 0), ("b", 0), ("c", 0)], [("b", 0), ("d", 0)]]
    assert take_turns(lists, 3) == [("a", 0), ("b", 0), ("d", 0)]
    assert take_turns([], 3) == []
