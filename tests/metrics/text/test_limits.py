"""Lengths of texts, cut as ROUGE-1.5.5.pl cuts them (test_rouge_perl.py has its numbers)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.text.limits import first_bytes, first_words, lines_of_first_bytes
from evalhub.metrics.text.rouge import Rouge


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("a b\nc d e", 3, "a b\nc"),
        ("state-of-the-art re-use", 1, "state-of-the-art"),
        ("  a \t b ", 5, "a b"),
        ("a\u00a0b c", 1, "a\u00a0b"),  # the script knows ASCII white space only
        ("a b\n\nc", 2, "a b\n\n"),
        ("", 3, ""),
    ],
)
def test_words_are_what_white_space_parts(text: str, most: int, expected: str) -> None:
    """They are counted over lines, and lines stay where they are."""
    assert first_words(text, most) == expected


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("abc def", 5, "abc d"),
        ("abc\ndef", 5, "abc\nde"),  # the end of a line is no byte
        ("  abc \ndef", 7, "  abc \nd"),  # white space is bytes
        ("café x", 4, "caf"),  # é has two bytes; half of it is dropped
        ("café x", 5, "café"),
        ("abc\ndef", 3, "abc\n"),
    ],
)
def test_bytes_are_those_of_utf8(text: str, most: int, expected: str) -> None:
    """White space around lines does not count."""
    assert first_bytes(text, most) == expected


def test_the_script_counts_an_indent_as_a_word() -> None:
    """Of each line that has any word, and only in its mode."""
    text = " a b\n \n c"
    assert first_words(text, 4, count_indents=True).split() == ["a", "b"]
    assert first_words(text, 4).split() == ["a", "b", "c"]
    values = [
        Rouge(["rouge1"], compat=compat, max_words=2).score_batch([" a b"], ["a b"])
        for compat in ("perl155", "rouge_score")
    ]
    assert [table["rouge1"].recall[0] for table in values] == [0.5, 1.0]


def test_sequences_are_cut_line_by_line_in_the_script() -> None:
    """Each line is measured for itself; reading stops at the first that is long enough."""
    assert lines_of_first_bytes("ab\ncd\nefghi\njk", 4) == "ab\ncd\nefgh"
    assert first_bytes("ab\ncd\nefghi\njk", 4) == "ab\ncd\n\n"


@given(text=st.text(), most=st.integers(1, 20))
def test_limits_hold_for_any_text(text: str, most: int) -> None:
    """No more words and bytes are left than were asked for, and a long limit changes no word."""
    words, cut = first_words(text, most), first_bytes(text, most)
    assert len(words.encode().split()) <= most
    assert len(cut.replace("\n", "").encode()) <= most
    for whole in (first_words(text, len(text) + 1), first_bytes(text, 4 * len(text) + 1)):
        assert whole.encode().split() == text.encode().split()


@pytest.mark.parametrize("settings", [{"max_words": 2}, {"max_bytes": 7}])
def test_limits_hold_for_output_and_reference(settings: dict[str, int]) -> None:
    """What comes after the first two words is not scored, and the signature tells."""
    rouge = Rouge(["rouge1", "rougeLsum"], **settings)  # type: ignore[arg-type] # integers
    table = rouge.score_batch(["the cat ran off"], ["the cat\nsat down here"])
    assert {column.values[0] for column in table.values()} == {1.0}
    assert "words:2" in rouge.signature or "bytes:7" in rouge.signature
