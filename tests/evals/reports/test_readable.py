"""What cannot be seen is made visible in every form for people."""

import io
import json

import pytest
from rich.console import Console

from evalhub._readable import readable_text
from evalhub.evals.reports.document import read_report, write_json
from evalhub.evals.reports.markdown import as_markdown
from evalhub.evals.reports.page import as_html
from evalhub.evals.reports.readable import readable
from evalhub.evals.reports.report import Report
from evalhub.evals.reports.terminal import print_report

CLIPBOARD = "\x1b]52;c;aGVsbG8=\x07"
TURNED = "\u202egnp.exe"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("bell\x07, null\x00, back\x08", "bell␇, null␀, back␈"),
        ("over\rwritten", "over␍written"),
        ("two\r\nlines\tand\ttabs", "two\nlines\tand\ttabs"),
        ("\x7f\x9b31m", "␡<U+009B>31m"),
        (TURNED, "<U+202E>gnp.exe"),
        ("half of a pair \ud83d", "half of a pair <U+D83D>"),
        ("שלום، مرحبا \u200f", "שלום، مرحبا \u200f"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
    ],
)
def test_marks_stand_for_what_is_obeyed(text: str, shown: str) -> None:
    """Escapes and turned directions are seen; letters of any script and emoji are as they were."""
    assert readable_text(text) == shown


def hostile(report: Report) -> Report:
    """Return *report* with escapes wherever a name, a reason or an output is."""
    text = write_json(report)
    marks = json.dumps(CLIPBOARD + TURNED)[1:-1]
    for found in ("support-answers", "rouge1", "kettles", "q0000", "Refunds", "TimeoutError"):
        text = text.replace(found, f"{marks}{found}")
    return read_report(text)


@pytest.mark.parametrize("form", ["terminal", "markdown", "html"])
def test_no_form_for_people_holds_them(report: Report, form: str) -> None:
    """A model's answer cannot fill the clipboard of the one who reads the report."""
    given = hostile(report)
    assert CLIPBOARD in given.suite
    if form == "terminal":
        file = io.StringIO()
        print_report(given, console=Console(file=file, width=100), slices=True)
        text = file.getvalue()
    else:
        text = as_markdown(given) if form == "markdown" else as_html(given)
    assert not {"\x1b", "\x07", "\u202e"} & {*text}
    assert "␛" in text


def test_a_plain_report_is_as_it_was(report: Report) -> None:
    """Nothing else of a report changes, and its JSON keeps what was said."""
    assert write_json(readable(report)) == write_json(report)
    assert CLIPBOARD in read_report(write_json(hostile(report))).suite
