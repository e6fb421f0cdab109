"""The word diff: nothing is lost, and what did not change is not marked."""

from hypothesis import given
from hypothesis import strategies as st

from evalhub.evals.reports.words import MOST_WORDS, Part, diff_words

TEXTS = st.lists(st.sampled_from(["a", "b", "cat", " ", "\n", ",", "é", "中文", "<b>"])).map(
    "".join
)


def test_only_what_changed_is_marked() -> None:
    """Marks stand around words, without the space before them."""
    before, after = diff_words("Refunds take five days.", "Refunds take ten days!")
    assert before == [
        Part(True, "Refunds take"),
        Part(True, " "),
        Part(False, "five"),
        Part(True, " days"),
        Part(False, "."),
    ]
    assert [part.text for part in after if not part.is_same] == ["ten", "!"]


def test_white_space_is_no_difference() -> None:
    """A text that was only laid out anew has no mark."""
    before, after = diff_words("one two\nthree", "one  two three")
    assert all(part.is_same for part in before + after)


@given(TEXTS, TEXTS)
def test_the_parts_make_up_the_texts(before: str, after: str) -> None:
    """Each side can be put together again, and both sides' same words are the same."""
    left, right = diff_words(before, after)
    assert "".join(part.text for part in left) == before
    assert "".join(part.text for part in right) == after
    same = ["".join(part.text for part in side if part.is_same).split() for side in (left, right)]
    assert "".join(same[0]) == "".join(same[1])


def test_very_long_texts_are_not_compared() -> None:
    """They are shown whole, and nothing hangs."""
    long = "word " * (MOST_WORDS + 1)
    assert diff_words(long, "word") == ([Part(False, long)], [Part(False, "word")])
