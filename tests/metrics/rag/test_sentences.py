"""Parting texts into sentences, and reading citations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.metrics.rag.citations import cited_sentences, plain_sentences
from evalhub.metrics.rag.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It is 3.5 km, v1.2 or so. Yes.", ["It is 3.5 km, v1.2 or so.", "Yes."]),
        ("Dr. A met J. R. Jones, e.g. twice. Ok.", ["Dr. A met J. R. Jones, e.g. twice.", "Ok."]),
        ("At A Inc. Rest, etc. And art. Ok", ["At A Inc.", "Rest, etc.", "And art.", "Ok"]),
        ("Lin et al. (2004), Fig. 2, p. 3. Ok.", ["Lin et al. (2004), Fig. 2, p. 3.", "Ok."]),
        ("See No. 5 there. No. 'Tis not.", ["See No. 5 there.", "No.", "'Tis not."]),
        ("He left the U.S. in May.", ["He left the U.S. in May."]),
        ('"Stop!" he said. "Why?" She left.', ['"Stop!" he said.', '"Why?"', "She left."]),
        ("今天天气很好。我们走吧！“好。”他说", ["今天天气很好。", "我们走吧！", "“好。”", "他说"]),
        ("# Title\n\n- one\n* two. three", ["Title", "one", "two. three"]),
        ("1. Four. Five\n2) six", ["Four.", "Five", "six"]),
        ("So [1]. And so. [2] Then.[3][4] End", ["So [1].", "And so. [2]", "Then.[3][4]", "End"]),
        ("Wait... what? ... ***", ["Wait... what?"]),
        ("", []),
        (" \n\t", []),
    ],
)  # fmt: skip
def test_sentences_by_hand(text: str, expected: list[str]) -> None:
    """Abbreviations, numbers, lists, quotes and citations do not part a sentence."""
    assert sentences(text) == expected


@given(st.text(alphabet=st.sampled_from("ab A1.!?。[],-– \n\"'")))
def test_nothing_that_is_said_is_lost(text: str) -> None:
    """All letters of a text are in its sentences, in their order."""
    got = [char for sentence in sentences(text) for char in sentence if char.isalpha()]
    assert got == [char for char in text if char.isalpha()]


@pytest.mark.parametrize(
    "text", ["e.g. " * 100_000, ". " * 100_000, "." * 200_000, "a [1" * 50_000, "x" + " " * 200_000]
)
def test_hostile_texts_take_no_longer_than_others(text: str) -> None:
    """With rules that try every start of a run, these would take hours."""
    assert len(cited_sentences(text)) <= 1


@pytest.mark.parametrize(
    ("mark", "numbers"),
    [
        ("[1]", (1,)),
        ("[2][3]", (2, 3)),
        ("[2] [3]", (2, 3)),
        ("[1, 4; 6]", (1, 4, 6)),
        ("[2-4]", (2, 3, 4)),
        ("[2–4, 9]", (2, 3, 4, 9)),
        ("[3, 3][3]", (3,)),
        ("[9-2]", (9, 2)),
        ("[1-99999999]", (1, 99999999)),
        ("[1](https://example.org/a)", (1,)),
        ("[a] [1.5] [] [1234567890123]", ()),
    ],
)
def test_numbers_of_citations(mark: str, numbers: tuple[int, ...]) -> None:
    """Lists and ranges are read, each number once; a range of millions is two numbers."""
    (sentence,) = cited_sentences(f"It is so {mark}.")
    assert sentence.numbers == numbers
    if numbers:
        assert sentence.text == "It is so."


def test_a_line_of_citations_belongs_to_the_sentence_before_it() -> None:
    """Some models put them below; with nothing before they belong to none."""
    found = cited_sentences("[5]\nIt is so [1].\n[2]\nAnd so.")
    assert [(item.text, item.numbers) for item in found] == [
        ("It is so.", (1, 2)),
        ("And so.", ()),
    ]


def test_plain_sentences_have_no_citations() -> None:
    """What is compared with other texts is what the sentence says."""
    assert plain_sentences("It is so [1], and so [2]. [3]") == ["It is so, and so."]


def test_cited_passages_count_from_zero_unless_one_is_absent() -> None:
    """A sentence that cites what is not there cites nothing that can be checked."""
    (sentence,) = cited_sentences("So [1][3].")
    assert (sentence.cited(3), sentence.absent(3)) == ((0, 2), ())
    assert (sentence.cited(2), sentence.absent(2)) == ((), (3,))
