"""ROUGE against Google's package, against the Perl script, and at its edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.text.rouge import Rouge
from evalhub.metrics.text.tokenize import has_cjk
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
    rouge = Rouge(GOOGLE, stemmer=stemmer, tokenizer=tokenizer)  # type: ignore[arg-type] # any of its names
    table = rouge.score_batch(outputs, references)
    scorer = RougeScorer(GOOGLE, use_stemmer=stemmer)
    for i, (output, texts) in enumerate(zip(outputs, references, strict=True)):
        expected = scorer.score_multi(texts, output)
        for variant in GOOGLE:
            if table[variant].score(i).state is ScoreState.ERRORED:
                continue  # a text without tokens, which has a test of its own
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
def test_default_tokenizer_scores_as_googles_unless_there_is_cjk(
    output: str, reference: str
) -> None:
    """``auto`` differs from rouge_score only where a CJK character is."""
    if not (has_cjk(output) or has_cjk(reference)):
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


def test_cjk_characters_are_tokens_and_latin_runs_are_kept() -> None:
    """Four of five tokens are shared: gpt, 4, 天, 气."""
    column = Rouge(["rouge1"]).score_batch(["GPT 4 天气好"], ["gpt-4 天气坏"])["rouge1"]
    assert column.values[0] == pytest.approx(0.8)


def test_text_without_tokens_is_an_error_not_zero() -> None:
    """Punctuation alone, or a script that the tokenizer drops, has no score."""
    column = Rouge(["rouge1"]).score_batch(["...", "Привет", "a"], ["a", "Привет", "!"])["rouge1"]
    assert [column.score(i).state for i in range(3)] == [ScoreState.ERRORED] * 3
    assert np.isnan(column.values).all()
    assert np.isnan(column.precision).all()
    assert "tokenizer='auto'" in (column.score(1).explanation or "")


def test_other_scripts_score_with_the_unicode_tokenizer() -> None:
    """The error of the default tokenizer can be helped."""
    column = Rouge(["rouge1"], tokenizer="unicode").score_batch(["Привет мир"], ["привет, мир!"])
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
    ("how", "recall", "fmeasure"),
    [
        # Against "a b" the output "a b c d" has P 1/2, R 1; against "a b c x y z" P 3/4, R 1/2.
        ("max", 1.0, 2 / 3),
        ("best", 1.0, 2 / 3),
        ("average", 5 / 8, 0.625),  # 5 hits, 8 in the outputs, 8 in the references
        ("jackknife", 0.75, (2 / 3 + 0.6) / 2),
    ],
)
def test_references_are_reduced_as_named(how: str, recall: float, fmeasure: float) -> None:
    """Each way is computed by hand."""
    rouge = Rouge(["rouge1"], multi_reference=how)  # type: ignore[arg-type] # any of its names
    column = rouge.score_batch(["a b c d"], [["a b", "a b c x y z"]])["rouge1"]
    assert column.recall[0] == pytest.approx(recall)
    assert column.fmeasure[0] == pytest.approx(fmeasure)


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
    assert rouge.signature.startswith("rouge|stem:porter|tok:auto|compat:rouge_score|")
    assert rouge.signature.endswith("|v:1")
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


def test_unknown_settings_are_refused() -> None:
    """Each message has the value and the choices."""
    with pytest.raises(MetricError, match=r"compat is 'perl'; use rouge_score or perl155"):
        Rouge(compat="perl")  # type: ignore[arg-type] # what a suite file may hold
    with pytest.raises(MetricError, match="alpha is 2"):
        Rouge(alpha=2)
    with pytest.raises(MetricError, match="give a list"):
        Rouge(variants="rouge1")


def test_columns_that_do_not_fit_are_refused() -> None:
    """Lengths and types are checked before anything is scored."""
    with pytest.raises(MetricInputError, match="2 outputs, 1 references"):
        Rouge().score_batch(["a", "b"], ["a"])
    with pytest.raises(MetricInputError, match="outputs is one string"):
        Rouge().score_batch("a", ["a"])
    with pytest.raises(MetricInputError, match="output 0 is 3"):
        Rouge().score_batch([3], ["a"])  # type: ignore[list-item] # what a target may give


def test_values_are_nan_exactly_where_unscored() -> None:
    """Averaging a column cannot take a missing score for a 0."""
    column = Rouge(["rouge1"]).score_batch(["a", None], ["a", "a"])["rouge1"]
    assert [math.isnan(value) for value in column.values] == [False, True]
    assert column.values.dtype == np.float64
