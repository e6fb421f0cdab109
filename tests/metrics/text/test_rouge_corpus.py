"""ROUGE of a corpus: means with bootstrap intervals."""

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer
from rouge_score.scoring import BootstrapAggregator

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.text.rouge import Rouge

VARIANTS = ("rouge1", "rougeL")


def _texts(n: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(list("abcdefghij"), rng.integers(3, 15))) for _ in range(n)]


def test_mean_is_that_of_the_examples_that_have_a_score() -> None:
    """Precision, recall and F each; what is not scored is not counted."""
    rouge = Rouge(VARIANTS)
    table = rouge.score_batch([*_texts(20, 1), None, "..."], [*_texts(20, 2), "a", "a"])
    for name, score in rouge.corpus(table).items():
        column = table[name]
        assert score.n == 20
        assert score.value == score.fmeasure.mean == pytest.approx(np.nanmean(column.values))
        assert score.precision.mean == pytest.approx(np.nanmean(column.precision))
        assert score.recall.mean == pytest.approx(np.nanmean(column.recall))
        assert (score.name, score.signature) == (name, column.signature)


def test_a_seed_gives_the_same_interval_and_is_reported() -> None:
    """Another seed gives another one, of about the same width."""
    rouge = Rouge(VARIANTS)
    table = rouge.score_batch(_texts(60, 3), _texts(60, 4))
    first, again, other = (rouge.corpus(table, seed=seed)["rouge1"] for seed in (7, 7, 8))
    assert first == again
    assert (first.seed, first.resamples, other.seed) == (7, 1000, 8)
    assert first.lower != other.lower
    widths = [score.fmeasure.upper - score.fmeasure.lower for score in (first, other)]  # type: ignore[operator] # sixty examples give an interval
    assert widths[0] == pytest.approx(widths[1], rel=0.15)


def test_intervals_are_those_of_googles_aggregator_but_for_its_draws() -> None:
    """Its ``mid`` is the median of unseeded resamples: near the mean, and never twice the same."""
    outputs, references = _texts(200, 5), _texts(200, 6)
    scorer, aggregator = RougeScorer(VARIANTS, use_stemmer=True), BootstrapAggregator()
    for output, reference in zip(outputs, references, strict=True):
        aggregator.add_scores(scorer.score(reference, output))
    np.random.seed(0)  # the generator that it draws from
    theirs = aggregator.aggregate()
    rouge = Rouge(VARIANTS)
    ours = rouge.corpus(rouge.score_batch(outputs, references))
    for name in VARIANTS:
        for part in ("precision", "recall", "fmeasure"):
            interval = getattr(ours[name], part)
            low, mid, high = (getattr(end, part) for end in theirs[name])
            # A median of 1,000 means is off by 1.25 / sqrt(1000) standard errors; four times.
            assert interval.mean == pytest.approx(mid, abs=0.16 * interval.stderr)
            assert interval.lower == pytest.approx(low, abs=0.12 * (high - low))
            assert interval.upper == pytest.approx(high, abs=0.12 * (high - low))


def test_no_interval_where_none_is_asked_for_or_one_example_allows_none() -> None:
    """The mean is there all the same, and no seed is claimed."""
    rouge = Rouge(["rouge1"])
    table = rouge.score_batch(["a b", "c"], ["a", "c"])
    single = rouge.score_batch(["a b"], ["a"])
    for score in (rouge.corpus(table, bootstrap=0), rouge.corpus(single)):
        rouge1 = score["rouge1"]
        assert rouge1.value is not None
        assert (rouge1.lower, rouge1.upper, rouge1.seed, rouge1.resamples) == (None, None, None, 0)


def test_no_example_has_no_mean() -> None:
    """Nothing scored is no 0."""
    rouge = Rouge(["rouge1"])
    score = rouge.corpus(rouge.score_batch([None], ["a"]))["rouge1"]
    assert (score.value, score.n) == (None, 0)


def test_clusters_widen_the_interval() -> None:
    """Ten copies of each example say no more than the examples."""
    rouge = Rouge(["rouge1"])
    outputs, references = _texts(30, 8) * 10, _texts(30, 9) * 10
    table = rouge.score_batch(outputs, references)
    plain = rouge.corpus(table)["rouge1"].fmeasure
    clustered = rouge.corpus(table, clusters=list(range(30)) * 10)["rouge1"].fmeasure
    assert clustered.stderr / plain.stderr == pytest.approx(10**0.5, rel=0.15)  # type: ignore[operator] # both have an interval


def test_one_resample_is_refused() -> None:
    """It would say nothing of the spread."""
    rouge = Rouge(["rouge1"])
    with pytest.raises(MetricInputError, match="resamples is 1"):
        rouge.corpus(rouge.score_batch(["a", "b"], ["a", "c"]), bootstrap=1)


def test_micro_is_the_summed_hits_over_the_summed_counts() -> None:
    """By hand: 2 + 1 of 3 + 5 tokens, and of 2 + 4."""
    rouge = Rouge(["rouge1", "rougeW1.2"])
    table = rouge.score_batch(["a b c", "a x y z w", None], ["a b", "a p q r", "a"])
    score = rouge.corpus(table, average="micro")["rouge1"]
    assert score.precision.mean == pytest.approx(3 / 8)
    assert score.recall.mean == pytest.approx(3 / 6)
    assert score.value == pytest.approx(6 / 14)
    assert (score.n, score.seed) == (2, 0)
    assert score.signature.endswith("|corpus:micro|v:3")
    weighted = rouge.corpus(table, average="micro")["rougeW1.2"]
    runs = 2**1.2 + 1
    assert weighted.precision.mean == pytest.approx((runs / (3**1.2 + 5**1.2)) ** (1 / 1.2))


@pytest.mark.parametrize("how", ["max", "best", "average"])
def test_micro_of_one_example_is_its_score(how: str) -> None:
    """Of several references those counts are taken that the score is made of."""
    rouge = Rouge(VARIANTS, multi_reference=how)  # type: ignore[arg-type] # one of its values
    table = rouge.score_batch(["the cat on the mat"], [["the cat sat", "a cat sat on a mat"]])
    for name, score in rouge.corpus(table, average="micro").items():
        assert score.value == pytest.approx(table[name].values[0])
        assert score.lower is None


def test_micro_has_an_interval_that_clusters_widen() -> None:
    """It is drawn as that of the means is."""
    rouge = Rouge(["rouge1"])
    outputs, references = _texts(30, 8) * 10, _texts(30, 9) * 10
    table = rouge.score_batch(outputs, references)
    plain = rouge.corpus(table, average="micro")["rouge1"].fmeasure
    clusters = list(range(30)) * 10
    clustered = rouge.corpus(table, average="micro", clusters=clusters)["rouge1"].fmeasure
    assert clustered.mean == plain.mean
    assert clustered.stderr / plain.stderr == pytest.approx(10**0.5, rel=0.15)  # type: ignore[operator] # both have an interval


def test_micro_of_nothing_or_of_a_jackknife_has_no_value() -> None:
    """Nothing scored is None; a jackknife is of several counts, which is told."""
    rouge = Rouge(["rouge1"], multi_reference="jackknife")
    assert rouge.corpus(rouge.score_batch([None], ["a"]), average="micro")["rouge1"].value is None
    table = rouge.score_batch(["a b"], [["a", "b c"]])
    with pytest.raises(MetricInputError, match="rouge1 has no counts to sum"):
        rouge.corpus(table, average="micro")
    with pytest.raises(MetricError, match="average is 'sum'; use macro or micro"):
        rouge.corpus(table, average="sum")  # type: ignore[arg-type] # what it is about
