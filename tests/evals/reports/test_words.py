"""The word diff: nothing is lost, and what did not change is not marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.evals.reports.words import MOST_WORDS, Part, diff_words

TEXTS = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            "cat",
            " ",
            "\n",
            ",",
            "é",
            "e\u0301",
            "中文",
            "<b>",
            "हिन्दी",
            "ไปเที่ยว",
            "👩\u200d👧",
            "\u200d",
        ]
    )
).map("".join)


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


@pytest.mark.parametrize(
    ("before", "after", "gone", "new"),
    [
        ("今天天气很好，我们去公园。", "今天天气不好，我们去公园。", ["很"], ["不"]),
        ("हिन्दी भाषा", "हिन्दू भाषा", ["हिन्दी"], ["हिन्दू"]),
        ("ที่", "ที", ["ที่"], ["ที"]),
        ("so 👩\u200d👧 it is", "so 👩\u200d👦 it is", ["👩\u200d👧"], ["👩\u200d👦"]),
        ("cafe\u0301 au lait", "cafe au lait", ["cafe\u0301"], ["cafe"]),
    ],
)
def test_words_of_any_script_are_whole(
    before: str, after: str, gone: list[str], new: list[str]
) -> None:
    """No mark falls off its letter, no emoji apart; without spaces each letter is a word."""
    left, right = diff_words(before, after)
    assert [part.text for part in left if not part.is_same] == gone
    assert [part.text for part in right if not part.is_same] == new


@pytest.mark.parametrize("looped", ["a ", "| a | b |\n"])
def test_a_model_that_repeats_itself(looped: str) -> None:
    """Two such answers took a minute each, and a page has forty of them."""
    before, after = looped * 400, f"{looped}new " * 200
    left, right = diff_words(before, after)
    assert "".join(part.text for part in left) == before
    assert [part.text for part in right if not part.is_same] == ["new"] * 200


def test_very_long_texts_are_not_compared() -> None:
    """They are shown whole, and nothing hangs."""
    long = "word " * (MOST_WORDS + 1)
    assert diff_words(long, "word") == ([Part(False, long)], [Part(False, "word")])
