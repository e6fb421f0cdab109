"""ROUGE against Google's package, against the Perl script, and at its edges."""

import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.registry import load
from evalhub.metrics.text.rouge import Rouge
from evalhub.metrics.text.splitters import has_other_script
from evalhub.model import ScoreState

GOOGLE = ("rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum")
PARTS = ("precision", "recall", "fmeasure")

_words = st.sampled_from(
    [
        "the",
        "a",
        "police",
        "killed",
        "killing",
        "gunman",
        "news",
        "skies",
        "dying",
        "happily",
        "state-of-the-art",
        "3.2%",
        "café",
        "naïve",
        "İstanbul",
        "ſhort",
        "K",
        "\n",
        "\n\n",
        "x",
        "y",
        "z",
        "relational",
        "flies",
    ]
)
_sentences = st.lists(_words, max_size=40).map(" ".join)
_texts = st.one_of(_sentences, st.text(max_size=60))


def _assert_equal_to_google(
    outputs: list[str], references: list[list[str]], *, stemmer: bool, tokenizer: str
) -> None:
    rouge = Rouge(GOOGLE, stemmer=stemmer, tokenizer=tokenizer, no_tokens="zero")
    table = rouge.score_batch(outputs, references)
    scorer = RougeScorer(GOOGLE, use_stemmer=stemmer)
    for i, (output, texts) in enumerate(zip(outputs, references, strict=True)):
        expected = scorer.score_multi(texts, output)
        for variant in GOOGLE:
            for part in PARTS:
                got = getattr(table[variant], part)[i]
                assert got == pytest.approx(getattr(expected[variant], part), abs=1e-12)


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(_texts, st.lists(_texts, min_size=1, max_size=3)), max_size=4),
    stemmer=st.booleans(),
)
def test_any_unicode_scores_as_in_googles_package(
    rows: list[tuple[str, list[str]]], stemmer: bool
) -> None:
    """With its tokenizer, every text scores what rouge_score gives, to 1e-12."""
    outputs, references = [row[0] for row in rows], [row[1] for row in rows]
    _assert_equal_to_google(outputs, references, stemmer=stemmer, tokenizer="rouge_score")


@settings(deadline=None, max_examples=100)
@given(output=_texts, reference=_texts)
def test_default_tokenizer_scores_as_googles_in_latin_script(output: str, reference: str) -> None:
    """``auto`` differs from rouge_score only where a text has words of another script."""
    if not (has_other_script(output) or has_other_script(reference)):
        _assert_equal_to_google([output], [[reference]], stemmer=True, tokenizer="auto")


def test_long_texts_of_many_lines_score_as_in_googles_package() -> None:
    """Sixty lines against forty, from a small vocabulary, meet every tie of the table."""
    rng = np.random.default_rng(7)
    words = np.array(["alpha", "beta", "gamma", "delta", "running", "runs", "ran", "the"])
    texts = ["\n".join(" ".join(rng.choice(words, 9)) for _ in range(n)) for n in (60, 40)]
    _assert_equal_to_google(texts[:1], [texts[1:]], stemmer=True, tokenizer="auto")


@pytest.mark.parametrize(
    "text", ["今天天气很好", "東京は晴れです", "서울은 맑음", "GPT-4 今天天气很好"]
)
def test_cjk_text_scores_1_against_itself(text: str) -> None:
    """The regular expression of rouge_score would leave nothing of it."""
    table = Rouge().score_batch([text], [text])
    for column in table.values():
        assert column.values[0] == pytest.approx(1.0)


def test_ten_thousand_tokens_score_as_in_googles_package() -> None:
    """Against as many tokens for n-grams; against 200 for what that package does slowly."""
    rng = np.random.default_rng(11)
    words = np.array([f"word{i}" for i in range(3_000)])
    long, other, short = (
        "\n".join(" ".join(line) for line in rng.choice(words, (rows, 50)))
        for rows in (200, 200, 4)
    )
    n_grams = Rouge(GOOGLE[:3]).score_batch([long], [other])
    expected = RougeScorer(GOOGLE[:3], use_stemmer=True).score(other, long)
    for variant in GOOGLE[:3]:
        assert n_grams[variant].values[0] == pytest.approx(expected[variant].fmeasure, abs=1e-12)
    _assert_equal_to_google([long, short], [[short], [long]], stemmer=True, tokenizer="auto")


@pytest.mark.parametrize("text", ["", "one", "the"])
def test_shortest_texts_score_as_in_googles_package(text: str) -> None:
    """Nothing, one token, and one token that a longer text has as well."""
    _assert_equal_to_google(
        [text] * 3, [[text], ["one or the other"], ["", "one"]], stemmer=True, tokenizer="auto"
    )


def test_cjk_characters_are_tokens_and_latin_runs_are_kept() -> None:
    """Four of five tokens are shared: gpt, 4, 天, 气."""
    column = Rouge(["rouge1"]).score_batch(["GPT 4 天气好"], ["gpt-4 天气坏"])["rouge1"]
    assert column.values[0] == pytest.approx(0.8)


def test_text_without_tokens_is_an_error_not_zero() -> None:
    """Punctuation alone, or a script that the tokenizer drops, has no score."""
    column = Rouge(["rouge1"]).score_batch(["...", "👍", "a"], ["a", "👍", "!"])["rouge1"]
    assert [column.score(i).state for i in range(3)] == [ScoreState.ERRORED] * 3
    narrow = Rouge(["rouge1"], tokenizer="rouge_score").score_batch(["Привет"], ["Привет"])
    assert narrow["rouge1"].score(0).state is ScoreState.ERRORED
    assert np.isnan(column.values).all()
    assert np.isnan(column.precision).all()
    assert "tokenizer='auto'" in (column.score(1).explanation or "")


@pytest.mark.parametrize("tokenizer", ["auto", "unicode"])
def test_other_scripts_score_with_the_unicode_tokenizer(tokenizer: str) -> None:
    """Which is what ``auto`` takes for them."""
    rouge = Rouge(["rouge1"], tokenizer=tokenizer)
    column = rouge.score_batch(["Привет мир"], ["привет, мир!"])
    assert column["rouge1"].values[0] == pytest.approx(1.0)


def test_missing_output_is_an_error_and_missing_reference_is_skipped() -> None:
    """Neither is a 0, and the others keep their scores."""
    references: list[str | list[str] | None] = ["a b", None, [], ["a", "b c"]]
    column = Rouge(["rouge1"]).score_batch([None, "a", "a", "a"], references)["rouge1"]
    states = [column.score(i).state for i in range(4)]
    assert states == ["errored", "skipped", "skipped", "scored"]
    assert column.score(3).value == pytest.approx(1.0)
    assert column.score(0).value is None


def test_empty_output_scores_zero_as_in_googles_package() -> None:
    """An output of no text has said nothing of the reference."""
    assert Rouge(["rouge1"]).score_batch([""], ["a b"])["rouge1"].values[0] == 0.0


def test_no_examples_give_empty_columns() -> None:
    """An empty data set is not an error of the metric."""
    assert all(len(column) == 0 for column in Rouge().score_batch([], []).values())


def test_batches_do_not_change_scores() -> None:
    """Five thousand pairs are scored in several batches, each pair as if alone."""
    outputs = [f"the cat number {i} sat on {i % 7} mats" for i in range(5_000)]
    references = [f"a cat numbered {i} sits on {i % 5} mats" for i in range(5_000)]
    rouge = Rouge(["rouge2", "rougeSU4"])
    together = rouge.score_batch(outputs, references)
    for i in (0, 2_047, 2_048, 4_999):
        alone = rouge.score_batch([outputs[i]], [references[i]])
        for name, column in alone.items():
            assert together[name].values[i] == column.values[0]


@pytest.mark.parametrize(
    ("alpha", "expected"), [(0.0, 0.5), (1.0, 1.0), (0.5, 2 / 3), (0.2, 0.5 / 0.9)]
)
def test_alpha_moves_f_from_recall_to_precision(alpha: float, expected: float) -> None:
    """F is P R / ((1 - a) P + a R)."""
    column = Rouge(["rouge1"], alpha=alpha).score_batch(["a"], ["a b"])["rouge1"]
    assert column.fmeasure[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("variant", "output", "fmeasure"),
    [
        # Lin (2004), section 5: against "police killed the gunman".
        ("rougeS*", "police kill the gunman", 3 / 6),
        ("rougeS*", "the gunman kill police", 1 / 6),
        ("rougeS*", "the gunman police killed", 2 / 6),
        ("rougeS0", "the gunman police killed", 2 / 3),
        ("rougeSU*", "gunman the killed police", 4 / 10),
        ("rougeW-1.2", "police kill the gunman", (1 + 2**1.2) ** (1 / 1.2) / 4),
    ],
)
def test_paper_examples(variant: str, output: str, fmeasure: float) -> None:
    """The examples of the paper score what it says."""
    rouge = Rouge([variant], stemmer=False)
    column = rouge.score_batch([output], ["police killed the gunman"])[variant]
    assert column.fmeasure[0] == pytest.approx(fmeasure)


def test_skip_bigrams_of_one_token_count_its_unigram() -> None:
    """The Perl script gives 0 here; the paper's start marker gives 1."""
    assert Rouge(["rougeSU4"]).score_batch(["one"], ["one"])["rougeSU4"].values[0] == 1.0
    perl = Rouge(["rougeSU4"], compat="perl155")
    assert perl.score_batch(["one"], ["one"])["rougeSU4"].values[0] == 0.0


def test_signatures_name_what_changes_the_score() -> None:
    """A column's signature begins with its variant, however the metric was made."""
    rouge = Rouge()
    assert rouge.signature.startswith(
        "rouge|stem:porter|tok:auto(latin=rouge_score,other=unicode)|compat:rouge_score|"
    )
    assert rouge.signature.endswith("|v:3")
    alone = Rouge(["rouge1"]).score_batch(["a"], ["a"])["rouge1"]
    assert alone.signature == rouge.score_batch(["a"], ["a"])["rouge1"].signature
    assert alone.signature.startswith("rouge1|")
    assert Rouge(["rouge1"], stemmer=False).signature != Rouge(["rouge1"]).signature


def test_name_is_the_variant_where_there_is_one() -> None:
    """Suite files name variants."""
    assert (Rouge(["rougeL"]).name, Rouge().name) == ("rougeL", "rouge")


@pytest.mark.parametrize(
    "variant", ["rouge0", "rouge10", "rougeX", "rougeW-0.5", "rougeS", "L", ""]
)
def test_unknown_variants_are_refused(variant: str) -> None:
    """The message names the variants there are."""
    with pytest.raises(MetricError, match="rougeSU4"):
        Rouge([variant])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"compat": "perl"}, "compat is 'perl'; use rouge_score or perl155"),
        ({"alpha": 2}, "alpha is 2"),
        ({"variants": "rouge1"}, "give a list"),
        ({"variants": []}, "give a list"),
        ({"multi_reference": "mean"}, "multi_reference is 'mean'; use max or best or average"),
        ({"no_tokens": "skip"}, "no_tokens is 'skip'; use error or zero"),
        ({"max_words": 0}, "max_words is 0; give 1 or more"),
        ({"max_words": "5"}, "max_words is '5'; give 1 or more"),
        ({"max_bytes": -1}, "max_bytes is -1; give 1 or more"),
        ({"max_words": 5, "max_bytes": 5}, "give one of them"),
        ({"exceptions": "x", "stemmer": False}, "set stemmer"),
        ({"exceptions": "/nowhere/x.exc"}, "cannot read /nowhere/x.exc"),
        ({"stopwords": "/nowhere/y.txt"}, "cannot read /nowhere/y.txt"),
        ({"tokenizer": "words"}, "tokenizer is 'words'; use auto, jieba"),
        ({"sentences": "dots"}, "sentences is 'dots'; use newline, sentencex"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    """When the metric is made, with the value and what to do."""
    with pytest.raises(MetricError, match=message):
        Rouge(**settings)


@pytest.mark.parametrize(
    ("outputs", "references", "message"),
    [
        (["a", "b"], ["a"], "2 outputs, 1 references"),
        ("a", ["a"], "outputs is one string"),
        (["a"], "a", "references is one string"),
        (["a", 3], ["a", "b"], r"output 1 is 3 \(int\)"),
        (["a", b"caf"], ["a", "b"], r"output 1 is b'caf' \(bytes\)"),
        (["a", "b"], ["a", b"caf"], r"reference 1 is b'caf' \(bytes\)"),
        (["a", "b"], [["a"], ["b", b"c"]], r"reference 1 is b'c' \(bytes\)"),
        (["a"], [[3]], r"reference 0 is 3 \(int\)"),
    ],
)
def test_columns_that_do_not_fit_are_refused(outputs: Any, references: Any, message: str) -> None:
    """Lengths and types are checked before anything is scored; the place and type are told."""
    with pytest.raises(MetricInputError, match=message):
        Rouge().score_batch(outputs, references)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("rougeW1.2", "rougeW-1.2"),
        ("rougeW-1.2", "rougeW-1.2"),
        ("rougeW-1.20", "rougeW-1.2"),
        ("rougeW2", "rougeW-2"),
        ("rougeS*", "rougeS*"),
        ("rougeSU04", "rougeSU4"),
    ],
)
def test_a_column_is_named_as_written_and_signed_in_one_way(written: str, canonical: str) -> None:
    """So aliases can be compared with each other."""
    table = Rouge([written]).score_batch(["a b c"], ["a c b"])
    assert table[written].name == written
    assert table[written].signature.startswith(f"{canonical}|")
    same = Rouge([canonical]).score_batch(["a b c"], ["a c b"])[canonical]
    assert table[written].values[0] == same.values[0]


def test_signature_holds_each_setting_that_changes_a_score(tmp_path: Path) -> None:
    """No two of these metrics can be compared with each other."""
    stop, exceptions = tmp_path / "stop.txt", tmp_path / "verb.exc"
    stop.write_text("the\n", encoding="utf-8")
    exceptions.write_text("ran run\n", encoding="utf-8")
    settings: list[dict[str, Any]] = [
        {},
        {"stemmer": False},
        {"compat": "perl155"},
        {"alpha": 0.2},
        {"multi_reference": "jackknife"},
        {"tokenizer": "unicode"},
        {"tokenizer": "jieba"},
        {"max_words": 5},
        {"max_bytes": 5},
        {"sentences": "sentencex"},
        {"sentences": "sentencex:de"},
        {"stopwords": stop},
        {"exceptions": exceptions},
        {"no_tokens": "zero"},
    ]
    assert len({Rouge(**one).signature for one in settings}) == len(settings)


def test_suites_load_a_variant_by_its_name_with_settings() -> None:
    """An alias as well, and words of YAML are enough for each setting."""
    rouge = load("rougeW1.2", sentences="sentencex", tokenizer="textwrap:wrap", max_words=5)
    assert rouge.name == "rougeW1.2"
    assert "|words:5|" in rouge.signature


def test_a_metric_can_be_pickled() -> None:
    """Workers of other processes score with it as well."""
    rouge = Rouge(["rouge1"], sentences="sentencex", max_words=3)
    copy = pickle.loads(pickle.dumps(rouge))
    assert copy == rouge
    assert copy.signature == rouge.signature
    assert copy.score_batch(["a b c d"], ["a"])["rouge1"].values[0] == pytest.approx(0.5)


def test_zero_is_scored_for_a_text_without_tokens_where_asked() -> None:
    """As in both packages, and the signature tells."""
    column = Rouge(["rouge1"], no_tokens="zero").score_batch(["...", ""], ["a", "a"])["rouge1"]
    assert column.values.tolist() == [0.0, 0.0]
    assert "no_tokens:zero" in column.signature


def test_values_are_nan_exactly_where_unscored() -> None:
    """Averaging a column cannot take a missing score for a 0."""
    column = Rouge(["rouge1"]).score_batch(["a", None], ["a", "a"])["rouge1"]
    assert [math.isnan(value) for value in column.values] == [False, True]
    assert column.values.dtype == np.float64
