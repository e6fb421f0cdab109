"""Reading PDFs: what was rendered comes back, and typesetting is undone."""

from pathlib import Path

import pytest

from evalhub.errors import ConfigError
from evalhub.recipes.pdf import extract_text, join_lines
from evalhub.recipes.render import render_pdf

_FULL = "a line that is as long as the others are on this page"


def test_paragraphs_come_back_as_paragraphs(tmp_path: Path) -> None:
    """Title, byline, headings and paragraphs are parted, lines of a paragraph joined."""
    text = "# On kerbs\nA. Author\n\n## Method\n" + "We counted bicycles. " * 40
    render_pdf(text, tmp_path / "kerbs.pdf")
    blocks = extract_text(tmp_path / "kerbs.pdf").split("\n\n")
    assert blocks[:3] == ["On kerbs", "A. Author", "Method"]
    assert blocks[3] == ("We counted bicycles. " * 40).strip()


def test_text_runs_over_a_page_break(tmp_path: Path) -> None:
    """A paragraph that continues on the next page loses no word."""
    words = [f"word{number}" for number in range(3_000)]
    render_pdf(" ".join(words), tmp_path / "long.pdf")
    assert extract_text(tmp_path / "long.pdf").split() == words


def test_a_hyphenated_word_is_joined() -> None:
    """The hyphen at a line's end goes when the rest of the word follows."""
    lines = [_FULL, "the irrigation of vegetables depends on the measure-", "ment of soil"]
    assert "the measurement of soil" in join_lines(lines)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("a line that turns and goes to the south-", "West of here", "south-West of"),
        ("a kerb-protected lane is not like a kerb-", "protected road", "kerb-protected road"),
    ],
)
def test_a_compound_keeps_its_hyphen(first: str, second: str, expected: str) -> None:
    """A capital, or the same compound elsewhere, shows that the hyphen is the word's own."""
    assert expected in join_lines([_FULL, first, second])


def test_no_lines_are_no_text() -> None:
    """An empty page gives an empty text."""
    assert join_lines([]) == ""


def test_a_file_that_is_no_pdf_is_refused(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "notes.pdf"
    path.write_text("these are notes")
    with pytest.raises(ConfigError, match=r"cannot read .*notes\.pdf as a PDF"):
        extract_text(path)


def test_a_pdf_without_text_is_refused(tmp_path: Path) -> None:
    """A page without text says what a scan needs."""
    render_pdf(" ", tmp_path / "scan.pdf")
    with pytest.raises(ConfigError, match=r"scan\.pdf holds no text; a scanned PDF needs OCR"):
        extract_text(tmp_path / "scan.pdf")


def test_a_character_outside_the_font_is_refused(tmp_path: Path) -> None:
    """Rendering names the character and writes nothing."""
    with pytest.raises(ConfigError, match=r"cannot render '天' \(U\+5929\)"):
        render_pdf("On 天", tmp_path / "cjk.pdf")
    assert not list(tmp_path.glob("cjk*"))
