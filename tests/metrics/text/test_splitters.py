"""What splits texts into tokens, by name, by script and by function."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.errors import ConfigError, MetricError, MetricInputError, MissingExtraError
from evalhub.metrics.code_hash import code_hash
from evalhub.metrics.text.rouge import Rouge
from evalhub.metrics.text.splitters import (
    find_splitter,
    has_other_script,
    split_unicode,
    tokenizer_label,
)

CHINESE = "今天天气很好"


def words_of(text: str) -> list[str]:
    """Split at white space: a function that suites could name."""
    return text.split()


def bytes_of(text: str) -> Sequence[bytes]:
    """Split into what no tokenizer may give."""
    return [text.encode()]


class Pieces:
    """A tokenizer that is an object."""

    def __call__(self, text: str) -> list[str]:
        """Return pieces as subword tokenizers do: with spaces before them, or alone."""
        return [" the", "cat", " "] if text else []


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("नमस्ते दुनिया, यह हिन्दी है।", ["नमस्ते", "दुनिया", "यह", "हिन्दी", "है"]),
        ("வணக்கம் உலகம்", ["வணக்கம்", "உலகம்"]),
        ("สวัสดี GPT4", ["ส", "วั", "ส", "ดี", "gpt4"]),
        ("ກຳລາວ", ["ກຳ", "ລ", "າ", "ວ"]),
        ("ភាសា", ["ភា", "សា"]),
        ("မြန်မာ", ["မြ", "န်", "မာ"]),
        ("سَلَامٌ عليكم", ["سَلَامٌ", "عليكم"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("Привет, МИР", ["привет", "мир"]),
        ("cafe\u0301 café", ["café", "café"]),
        ("GPT-4 は東京・大阪", ["gpt", "4", "は", "東", "京", "大", "阪"]),
        ("人々 葛\ufe00", ["人", "々", "葛"]),
        ("서울", ["서", "울"]),
        ("ＡＢＣ２０２４年 ｶﾞｷﾞ", ["abc2024", "年", "ガ", "ギ"]),
        ("don't foo_bar 3.5", ["don", "t", "foo", "bar", "3", "5"]),
        ("...!?", []),
    ],
)
def test_unicode_splits_each_script_as_it_is_written(text: str, tokens: list[str]) -> None:
    """Words with their marks; characters, with their marks, where no words are parted."""
    assert split_unicode(text) == tokens


@given(st.text())
def test_unicode_tokens_are_words_without_white_space(text: str) -> None:
    """Each has a letter, a digit or a place among the CJK characters, and no white space."""
    for token in split_unicode(text):
        assert any(map(str.isalnum, token)) or has_other_script(token)
        assert not any(map(str.isspace, token))


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_unicode_and_rouge_score_agree_on_ascii(text: str) -> None:
    """So switching the tokenizer does not change plain English."""
    outputs, references = [text], ["the cat sat"]
    tables = [
        Rouge(["rouge1"], tokenizer=name, no_tokens="zero").score_batch(outputs, references)
        for name in ("unicode", "rouge_score")
    ]
    assert tables[0]["rouge1"].values[0] == tables[1]["rouge1"].values[0]


@pytest.mark.parametrize(
    ("tokenizer", "label"),
    [
        ("auto", "tok:auto(latin=rouge_score,other=unicode)|"),
        ("unicode", "tok:unicode|"),
        ("jieba", "tok:jieba-0."),
        (words_of, "test_splitters:words_of@"),
        (Pieces(), "test_splitters:Pieces@"),
    ],
)
def test_a_text_scores_1_against_itself_and_the_signature_tells_the_tokenizer(
    tokenizer: str, label: str
) -> None:
    """For Chinese as for English; only ``rouge_score`` has no token here."""
    column = Rouge(["rouge1"], tokenizer=tokenizer).score_batch([CHINESE], [CHINESE])["rouge1"]
    assert column.values[0] == pytest.approx(1.0)
    assert label in column.signature


def test_rouge_score_has_no_token_for_chinese() -> None:
    """That is an error which names the tokenizer, never a 0."""
    score = Rouge(["rouge1"], tokenizer="rouge_score").score_batch([CHINESE], [CHINESE])
    assert "tokenizer='rouge_score'" in (score["rouge1"].score(0).explanation or "")
    assert score["rouge1"].score(0).value is None


def test_jieba_finds_words_and_drops_punctuation() -> None:
    """Numbers and Latin words stay whole."""
    split = find_splitter("jieba")
    assert split is not None
    assert split("GPT-4：今天天气很好，ABC 3.5") == [
        "gpt",
        "4",
        "今天天气",
        "很",
        "好",
        "abc",
        "3.5",
    ]


def test_an_absent_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the metric is made, not at its first score."""
    monkeypatch.setitem(sys.modules, "jieba", None)
    with pytest.raises(MissingExtraError, match=r"evalhub\[jieba\]"):
        Rouge(tokenizer="jieba")


def test_a_function_decides_about_case_and_punctuation() -> None:
    """It is given the text as it is."""
    rouge = Rouge(["rouge1"], tokenizer=words_of, stemmer=False)
    column = rouge.score_batch(["The cat."], ["the cat"])["rouge1"]
    assert column.values[0] == 0.0


def test_a_function_can_be_named_as_suites_do() -> None:
    """``package.module:function``."""
    rouge = Rouge(["rouge1"], tokenizer="textwrap:wrap")
    assert "tok:textwrap:wrap@" in rouge.signature
    assert rouge.score_batch(["a b"], ["a b"])["rouge1"].values[0] == 1.0


def test_tokens_may_hold_spaces_and_are_not_parted_at_them() -> None:
    """Subword tokenizers write them; a token of nothing else is dropped."""
    split = find_splitter(Pieces())
    assert split is not None
    assert split("x") == ["\u00a0the", "cat"]


def test_what_is_no_tokenizer_is_refused() -> None:
    """A wrong name, a lambda (it has no name for the signature), a function that is not there."""
    with pytest.raises(MetricError, match="tokenizer is 'bpe'; use auto, jieba"):
        find_splitter("bpe")
    with pytest.raises(MetricError, match="tokenizer is a lambda"):
        find_splitter(lambda text: [text])
    with pytest.raises(ConfigError, match="textwrap has no 'nothing'"):
        find_splitter("textwrap:nothing")


def test_tokens_that_are_no_texts_are_refused() -> None:
    """The message names the tokenizer and what it gave."""
    rouge = Rouge(["rouge1"], tokenizer=bytes_of)  # type: ignore[arg-type] # what it is about
    with pytest.raises(MetricInputError, match=r"bytes_of gave b'a b'; give a list of texts"):
        rouge.score_batch(["a b"], ["a"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *[
            ("abc é", False),
            ("東", True),
            ("한", True),
            ("ไทย", True),
            ("・", False),
            ("ＡＢ", True),
        ],
        *[("Привет", True), ("हिन्दी", True), ("مرحبا", True), ("Ελλάδα", True), ("5 €", False)],
        *[("the α decay", False), ("ñandú", False), ("x̂", False), ("👍", False), ("“𝑥”", False)],
    ],
)
def test_words_of_other_scripts_are_found(text: str, expected: bool) -> None:
    """It decides what ``auto`` does; a single Greek letter is a symbol."""
    assert has_other_script(text) is expected


@pytest.mark.parametrize(
    ("output", "reference"),
    [
        ("В 2024 году выросли цены", "Кошка спит на диване, 2024"),
        ("السعر الآن 5 دولار", "قطة تنام 5"),
        ("ราคา iPhone วันนี้", "แมวนอนหลับ iPhone"),
        ("मूल्य 10 रुपये", "बिल्ली 10"),
    ],
)
def test_a_number_in_common_is_not_all_of_a_text(output: str, reference: str) -> None:
    """``rouge_score`` sees nothing else of them, and takes them for equal."""
    narrow = Rouge(["rouge1"], tokenizer="rouge_score").score_batch([output], [reference])
    assert narrow["rouge1"].values[0] == 1.0
    assert 0 < Rouge(["rouge1"]).score_batch([output], [reference])["rouge1"].values[0] <= 0.5


def test_labels_name_functions_by_their_module() -> None:
    """Two functions of one name in two modules are told apart."""
    label = tokenizer_label(words_of)
    assert label == f"{words_of.__module__}:words_of@{code_hash(words_of)}"


def test_a_rewritten_tokenizer_has_another_signature(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scores are not compared with those of before."""
    monkeypatch.syspath_prepend(tmp_path)
    labels = set()
    for number, body in enumerate(["text.split()", "text.lower().split()"]):
        lines = f"def words(text):\n    return {body}\n"
        (tmp_path / f"rewritten{number}.py").write_text(lines, encoding="utf-8")
        labels.add(tokenizer_label(f"rewritten{number}:words").partition("@")[2])
    assert len(labels) == 2
