"""What splits texts into sentences for ROUGE-Lsum and the Perl script's L and W."""

import sys

import pytest

from evalhub.errors import MetricError, MetricInputError, MissingExtraError
from evalhub.metrics.text.rouge import Rouge
from evalhub.metrics.text.sentences import find_sentence_splitter, sentences_label

TEXT = 'Mr. Smith paid $3.50 in the U.S. yesterday. Did he? "Yes!" she said.\nA new line. It\'s on'
LINES = [
    "Mr. Smith paid $3.50 in the U.S. yesterday.",
    "Did he?",
    '"Yes!" she said.',
    "A new line.",
    "It's on",
]


def at_semicolons(text: str) -> list[str]:
    """Split as no library does."""
    return text.split(";")


def numbers(text: str) -> list[int]:
    """Split into what no splitter may give."""
    return [len(text)]


def test_sentencex_parts_sentences_and_keeps_lines() -> None:
    """Abbreviations, numbers and quotations do not end a sentence; a line does."""
    split = find_sentence_splitter("sentencex")
    assert split is not None
    assert split(TEXT).split("\n") == LINES


def test_sentencex_knows_other_languages() -> None:
    """Chinese has its own full stop; "Dr." and "z. B." are German abbreviations."""
    chinese, german = find_sentence_splitter("sentencex:zh"), find_sentence_splitter("sentencex:de")
    assert chinese is not None
    assert german is not None
    assert chinese("今天天气很好。我们去公园吧！") == "今天天气很好。\n我们去公园吧！"
    assert german("Dr. Meier kommt. Er bringt z. B. Brot.") == (
        "Dr. Meier kommt.\nEr bringt z. B. Brot."
    )


@pytest.mark.parametrize(
    ("compat", "variant"),
    [("rouge_score", "rougeLsum"), ("perl155", "rougeL"), ("perl155", "rougeW-1.2")],
)
def test_sentences_score_as_lines_do(compat: str, variant: str) -> None:
    """A text split by the library scores what it scores with its sentences on lines."""
    texts = "A cat sat. The dog ate a log.", "The dog ate the log. A cat sat there."
    lines = texts[0].replace(". ", ".\n"), texts[1].replace(". ", ".\n")

    def score(output: str, reference: str, sentences: str) -> float:
        rouge = Rouge([variant], compat=compat, sentences=sentences)  # type: ignore[arg-type] # any of its names
        return float(rouge.score_batch([output], [reference])[variant].values[0])

    split = score(*texts, "sentencex")
    assert split == score(*lines, "newline")
    assert split > score(*texts, "newline")


def test_variants_without_sentences_do_not_change() -> None:
    """N-grams run on over the ends of sentences."""
    texts = ["A cat sat. The dog ate."], ["The cat sat. A dog ate."]
    for variant in ("rouge2", "rougeL", "rougeS4"):
        values = [
            Rouge([variant], sentences=how).score_batch(*texts)[variant].values[0]
            for how in ("newline", "sentencex")
        ]
        assert values[0] == values[1]


def test_a_function_splits_and_is_named_in_the_signature() -> None:
    """The reference's two parts are met in the other order."""
    rouge = Rouge(["rougeLsum"], sentences=at_semicolons)
    column = rouge.score_batch(["c d; a b"], ["a b; c d"])["rougeLsum"]
    assert column.values[0] == 1.0
    assert "test_sentences:at_semicolons" in column.signature


def test_signature_names_library_version_and_language() -> None:
    """Lines, which are the default, are not mentioned."""
    assert sentences_label("newline") is None
    assert (sentences_label("sentencex") or "").startswith("sentencex-1.")
    assert (sentences_label("sentencex:de") or "").endswith(":de")
    assert (sentences_label("textwrap:wrap") or "").startswith("textwrap:wrap@")


def test_what_is_no_splitter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong name, results that are no texts, and a package that is not there."""
    with pytest.raises(MetricError, match="sentences is 'dots'; use newline, sentencex"):
        find_sentence_splitter("dots")
    rouge = Rouge(["rougeLsum"], sentences=numbers)  # type: ignore[arg-type] # what it is about
    with pytest.raises(MetricInputError, match="numbers gave 3; give a list of texts"):
        rouge.score_batch(["a b"], ["a"])
    monkeypatch.setitem(sys.modules, "sentencex", None)
    with pytest.raises(MissingExtraError, match=r"evalhub\[sentences\]"):
        Rouge(sentences="sentencex")
