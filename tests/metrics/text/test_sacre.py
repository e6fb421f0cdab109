"""BLEU, chrF and TER against sacreBLEU 2.6.0's public interface, and published examples."""

import json
import math
import sys
from importlib.metadata import version
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.base import Metric as SacreMetric
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from sacrebleu.metrics.ter import TER

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics import load
from evalhub.metrics.corpus import CorpusColumn
from evalhub.metrics.text.bleu import Bleu
from evalhub.metrics.text.chrf import ChrF
from evalhub.metrics.text.ter import Ter
from evalhub.model import ScoreState

Ours = Bleu | ChrF | Ter

PAIRS: list[tuple[Ours, SacreMetric, SacreMetric]] = [
    (Bleu(), BLEU(effective_order=True), BLEU()),
    (
        Bleu(smoothing="add-k", lowercase=True, tokenizer="intl", max_order=3),
        BLEU(True, False, "intl", "add-k", None, 3, effective_order=True),
        BLEU(True, False, "intl", "add-k", None, 3),
    ),
    (
        Bleu(smoothing="floor"),
        BLEU(smooth_method="floor", effective_order=True),
        BLEU(smooth_method="floor"),
    ),
    (ChrF(), CHRF(), CHRF()),
    (ChrF(word_order=2, lowercase=True), CHRF(6, 2, 2, True), CHRF(6, 2, 2, True)),
    (Ter(), TER(), TER()),
    (
        Ter(normalized=True, no_punctuation=True, asian_support=True, case_sensitive=True),
        TER(True, True, True, True),
        TER(True, True, True, True),
    ),
]
"""Ours, sacreBLEU's for one example, and sacreBLEU's for the corpus."""

# Few words, so that n-grams meet; letters of several scripts and punctuation among them.
WORDS = st.sampled_from(["the", "The", "cat", "sat", "on", "mat", ".", "!", "naïve", "天气", "x-y"])
TEXTS = st.one_of(st.lists(WORDS, max_size=12).map(" ".join), st.text(max_size=20))
ROWS = st.lists(st.tuples(TEXTS, st.lists(TEXTS, min_size=2, max_size=2)), min_size=1, max_size=5)


def _value(metric: Ours, output: str, references: list[str]) -> float:
    return float(metric.score_batch([output], [references])[metric.name].values[0])


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].signature)
@settings(max_examples=40, deadline=None)
@given(rows=ROWS)
def test_examples_and_corpus_equal_sacrebleu(
    pair: tuple[Ours, SacreMetric, SacreMetric], rows: list[tuple[str, list[str]]]
) -> None:
    """Each example is sacreBLEU's sentence score, the corpus its corpus score."""
    ours, sentence, corpus = pair
    outputs, references = [row[0] for row in rows], [row[1] for row in rows]
    table = ours.score_batch(outputs, references)
    expected = [sentence.sentence_score(output, row).score for output, row in rows]
    assert table[ours.name].values.tolist() == pytest.approx(expected, abs=1e-9)
    streams = [list(stream) for stream in zip(*references, strict=True)]
    score = ours.corpus(table, bootstrap=0)[ours.name]
    assert score.value == pytest.approx(corpus.corpus_score(outputs, streams).score, abs=1e-9)
    assert score.n == len(rows)


def test_bleu_clips_as_in_its_paper() -> None:
    """The modified unigram precision of Papineni et al. (2002), section 2.1, is 2/7."""
    references = ["The cat is on the mat.", "There is a cat on the mat."]
    metric = Bleu(max_order=1, lowercase=True)
    assert _value(metric, "the the the the the the the", references) == pytest.approx(200 / 7)


def test_ter_counts_shifts_as_in_its_paper() -> None:
    """The example of Snover et al. (2006), section 3: 4 edits over 13 words."""
    output = "THIS WEEK THE SAUDIS denied information published in the new york times"
    reference = "SAUDI ARABIA denied THIS WEEK information published in the AMERICAN new york times"
    assert _value(Ter(), output, [reference]) == pytest.approx(400 / 13)


def test_more_references_than_one_need_not_be_equally_many() -> None:
    """Examples with one and with three references stand in one corpus."""
    outputs, references = ["the cat sat", "a dog"], [["the cat sat"], ["x", "a dog", "y z"]]
    for metric in (Bleu(), ChrF()):
        table = metric.score_batch(outputs, references)
        assert table[metric.name].values.tolist() == pytest.approx([100, 100])
    streams: list[Any] = [["the cat sat", "x"], [None, "a dog"], [None, "y z"]]
    metric = Bleu()
    score = metric.corpus(metric.score_batch(outputs, references), bootstrap=0)["bleu"]
    assert score.value == pytest.approx(BLEU().corpus_score(outputs, streams).score)


def test_what_is_not_scored_is_left_out_of_the_corpus() -> None:
    """A missing output is errored, one without reference skipped; neither changes the corpus."""
    metric = Bleu()
    table = metric.score_batch(["a b c d e", None, "x"], ["a b c d e", "a", None])
    column = table["bleu"]
    assert column.states == (ScoreState.SCORED, ScoreState.ERRORED, ScoreState.SKIPPED)
    assert np.isnan(column.statistics).any(axis=1).tolist() == [False, True, True]
    score = metric.corpus(table)["bleu"]
    assert score.value == pytest.approx(100)
    assert (score.n, score.lower) == (1, None)


def test_nothing_scored_is_no_score() -> None:
    """Without a scored example there is no corpus score, and it is not 0."""
    metric = ChrF()
    score = metric.corpus(metric.score_batch([None], ["a"]))["chrf"]
    assert (score.value, score.lower, score.upper, score.n) == (None, None, None, 0)
    assert metric.score_batch([], [])["chrf"].values.size == 0


def _many() -> tuple[Bleu, dict[str, CorpusColumn]]:
    rng = np.random.default_rng(3)
    words = np.array(["the", "cat", "sat", "on", "a", "mat", "dog", "ran"])
    texts = [" ".join(rng.choice(words, 8)) for _ in range(120)]
    metric = Bleu()
    return metric, metric.score_batch(texts[:60], texts[60:])


def test_intervals_are_seeded_and_hold_the_value() -> None:
    """The same seed gives the same interval; another seed another."""
    metric, table = _many()
    first, again = metric.corpus(table)["bleu"], metric.corpus(table)["bleu"]
    other = metric.corpus(table, seed=1)["bleu"]
    assert first == again
    assert (first.lower, first.upper) != (other.lower, other.upper)
    assert first.seed == 0
    assert other.seed == 1
    assert first.value is not None
    assert first.lower is not None
    assert first.upper is not None
    assert first.lower < first.value < first.upper


def test_intervals_agree_with_sacrebleu_s_own() -> None:
    """The half width is that of sacreBLEU's bootstrap, within the error of 1,000 draws."""
    metric, table = _many()
    rng = np.random.default_rng(3)
    words = np.array(["the", "cat", "sat", "on", "a", "mat", "dog", "ran"])
    texts = [" ".join(rng.choice(words, 8)) for _ in range(120)]
    theirs = json.loads(
        BLEU()
        .corpus_score(texts[:60], [texts[60:]], n_bootstrap=1000)
        .format(is_json=True, width=6, signature="a:b")
    )
    ours = metric.corpus(table)["bleu"]
    assert ours.lower is not None
    assert ours.upper is not None
    assert (ours.upper - ours.lower) / 2 == pytest.approx(theirs["confidence_var"], rel=0.1)


def test_clusters_are_drawn_whole() -> None:
    """Examples that are all alike in their cluster make the interval wider."""
    metric = Bleu()
    outputs = ["the cat sat on the mat"] * 10 + ["a dog ran off with it"] * 10
    references = ["the cat sat on the mat"] * 10 + ["a dog ran far off with it"] * 10
    table = metric.score_batch(outputs, references)
    plain = metric.corpus(table)["bleu"]
    clustered = metric.corpus(table, clusters=[0] * 10 + [1] * 10)["bleu"]
    assert plain.lower is not None
    assert clustered.lower is not None
    assert clustered.lower < plain.lower
    with pytest.raises(MetricInputError, match="clusters"):
        metric.corpus(table, clusters=[1])


def test_signatures_are_sacrebleu_s() -> None:
    """Ours holds sacreBLEU's settings and version, and does not change with use."""
    metric = ChrF(word_order=2)
    before = metric.signature
    metric.score_batch(["a"], [["a", "b"]])
    assert metric.signature == before
    assert (
        before
        == f"chrf++|case:mixed|eff:yes|nc:6|nw:2|space:no|sacrebleu:{version('sacrebleu')}|v:1"
    )
    table = Bleu().score_batch(["a"], ["a"])
    assert "eff:yes" in table["bleu"].signature
    assert "eff:no" in Bleu().corpus(table)["bleu"].signature


def test_bounds_say_the_scale() -> None:
    """BLEU and chrF go to 100; TER has no end."""
    assert Bleu().score_batch(["a"], ["a"])["bleu"].bounds == (0, 100)
    assert Ter().score_batch(["a b c"], ["a"])["ter"].bounds == (0, math.inf)
    assert _value(Ter(), "a b c d", ["a"]) == pytest.approx(300)


def test_names_load_them() -> None:
    """Suite files name each by its own name."""
    for name in ("bleu", "chrf", "chrf++", "ter"):
        assert load(name).name == name


@pytest.mark.parametrize(
    ("name", "setting", "message"),
    [
        ("bleu", {"tokenizer": "14a"}, "'14a'.*13a"),
        ("bleu", {"tokenizer": "flores200"}, "'flores200'.*13a"),
        ("bleu", {"smoothing": "some"}, "'some'.*exp"),
        ("bleu", {"max_order": 0}, "max_order is 0"),
        ("chrf", {"char_order": 0}, "char_order is 0"),
        ("chrf", {"beta": 0}, "beta is 0"),
    ],
)
def test_bad_settings_are_refused(name: str, setting: dict[str, object], message: str) -> None:
    """The message names the value and what there is."""
    with pytest.raises(MetricError, match=message):
        load(name, **setting)


def test_a_tokenizer_s_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice of sacreBLEU comes as one line, before anything is scored."""
    monkeypatch.setitem(sys.modules, "MeCab", None)
    monkeypatch.delitem(sys.modules, "sacrebleu.tokenizers.tokenizer_ja_mecab", raising=False)
    with pytest.raises(MetricError, match=r"cannot make BLEU: .*sacrebleu\[ja\]"):
        Bleu(tokenizer="ja-mecab")


def test_bad_columns_are_refused() -> None:
    """Unlike lengths and what is no text are said with the place."""
    with pytest.raises(MetricInputError, match="2 outputs, 1 references"):
        Bleu().score_batch(["a", "b"], ["a"])
    with pytest.raises(MetricInputError, match=r"output 0 is b'a'"):
        Bleu().score_batch([b"a"], ["a"])  # type: ignore[list-item]  # what is tested
