"""Measures of rankings, by trec_eval."""

import math
import random
import sys
from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, ndcg_score

from evalhub.errors import MetricError, MetricInputError, MissingExtraError
from evalhub.metrics import load
from evalhub.metrics.rag.retrieval import Measure, Retrieval


def _score(
    measure: Measure, k: int | None, ranking: list[str], relevant: Sequence[str] | Mapping[str, int]
) -> float:
    metric = Retrieval(measure, k)
    return float(metric.score_batch([ranking], [relevant])[metric.name].values[0])


@pytest.mark.parametrize(
    ("measure", "k", "expected"),
    [
        ("recall", 2, 1 / 3),
        ("precision", 2, 1 / 2),
        ("precision", 10, 2 / 10),
        ("hit", 1, 0.0),
        ("hit", 2, 1.0),
        ("mrr", None, 1 / 2),
        ("mrr", 1, 0.0),
        ("map", None, (1 / 2 + 2 / 4) / 3),
        ("map", 2, (1 / 2) / 3),
        (
            "ndcg",
            4,
            (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / math.log2(4)),
        ),
    ],
)
def test_measures_by_hand(measure: Measure, k: int | None, expected: float) -> None:
    """Second and fourth of four are relevant; a third relevant id is not found."""
    got = _score(measure, k, ["x", "r1", "y", "r2"], ["r1", "r2", "r3"])
    assert got == pytest.approx(expected, abs=1e-6)


_RANKING = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8)
_GAINS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(-1, 4), min_size=1).filter(
    lambda gains: any(gain > 0 for gain in gains.values())
)


def _by_definition(
    measure: Measure, k: int | None, ranking: list[str], gains: dict[str, int]
) -> float:
    """Return the measure as trec_eval's documentation defines it, written out."""
    ranked = [gains.get(item, 0) for item in dict.fromkeys(ranking)]
    seen = ranked[:k]
    total = sum(gain > 0 for gain in gains.values())
    hits = sum(gain > 0 for gain in seen)
    places = [rank for rank, gain in enumerate(seen, start=1) if gain > 0]
    best = sorted((gain for gain in gains.values() if gain > 0), reverse=True)[:k]
    return {
        "recall": hits / total,
        "set_recall": hits / total,
        "precision": hits / (k or 1),
        "set_precision": hits / len(seen),
        "hit": float(hits > 0),
        "mrr": 1 / places[0] if places else 0.0,
        "map": sum(n / rank for n, rank in enumerate(places, start=1)) / total,
        "ndcg": _gain([max(gain, 0) for gain in seen]) / _gain(best),
    }[measure]


def _gain(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


@settings(deadline=None)
@given(_RANKING, _GAINS, st.integers(1, 12))
def test_measures_by_their_definitions(ranking: list[str], gains: dict[str, int], k: int) -> None:
    """Graded gains, negative ones, repeated ids, and depths beyond the ranking."""
    for measure in get_args(Measure):
        depths: list[int | None] = [None, k]
        if measure in {"recall", "precision", "hit"}:
            depths = [k]
        if measure.startswith("set_"):
            depths = [None]
        for depth in depths:
            metric = Retrieval(measure, depth)
            got = metric.score_batch([ranking], [gains])[metric.name].values[0]
            expected = _by_definition(measure, depth, ranking, gains)
            assert got == pytest.approx(expected, abs=1e-5), (measure, depth)


def test_gains_and_average_precision_are_those_of_scikit_learn() -> None:
    """Where every relevant id is ranked, the other package's definitions are the same."""
    seeded = random.Random(0)
    for _ in range(40):
        ranking = seeded.sample("abcdefghij", 10)
        gains = {item: seeded.randint(1, 3) for item in seeded.sample(ranking, 4)}
        truth = np.array([[gains.get(item, 0) for item in ranking]])
        scores = np.arange(10, 0, -1)[None, :]
        average = average_precision_score(truth[0] > 0, scores[0])
        assert _score("map", None, ranking, gains) == pytest.approx(average, abs=1e-5)
        for k in (None, 4):
            expected = ndcg_score(truth, scores, k=k)
            assert _score("ndcg", k, ranking, gains) == pytest.approx(expected, abs=1e-5)


@settings(deadline=None)
@given(st.permutations(["d", "a", "c", "b", "e"]))
def test_order_is_the_ranking_not_the_alphabet(ranking: list[str]) -> None:
    """trec_eval breaks ties by id; the order given must win."""
    expected = 1 / (ranking.index("a") + 1)
    assert _score("mrr", None, ranking, ["a"]) == pytest.approx(expected)


def test_nothing_retrieved_scores_zero_and_nothing_relevant_is_skipped() -> None:
    """A search without results failed; a question without an answer says nothing."""
    column = Retrieval("recall", 5).score_batch([[], ["a"], ["a"], None], [["a"], [], None, ["a"]])
    states = [column["recall_at_5"].score(i).state for i in range(4)]
    assert states == ["scored", "skipped", "skipped", "errored"]
    assert column["recall_at_5"].score(0).value == 0.0


def test_repeated_ids_count_once() -> None:
    """Two chunks of one document do not make a recall of 2."""
    assert _score("recall", 3, ["a", "a", "b"], ["a"]) == 1.0
    assert _score("precision", 2, ["a", "a", "b"], ["a", "b"]) == 1.0


def test_gains_weigh_ndcg() -> None:
    """The better document first scores 1, the other order less."""
    metric = Retrieval("ndcg", 2)
    gains = {"good": 3, "fair": 1}
    values = metric.score_batch([["good", "fair"], ["fair", "good"]], [gains, gains])
    assert values["ndcg_at_2"].values[0] == pytest.approx(1.0)
    assert values["ndcg_at_2"].values[1] < 0.9


def test_bad_settings_and_columns_are_refused() -> None:
    """The message has the value and what to give."""
    with pytest.raises(MetricError, match="measure is 'f1'"):
        Retrieval("f1")  # type: ignore[arg-type] # what a suite file may hold
    with pytest.raises(MetricError, match="recall needs k"):
        Retrieval("recall")
    with pytest.raises(MetricError, match="k is 0"):
        Retrieval("recall", 0)
    with pytest.raises(MetricError, match="k is True"):
        Retrieval("recall", True)
    with pytest.raises(MetricError, match="set_recall counts all ids; leave out k, which is 3"):
        Retrieval("set_recall", 3)
    for gain in (0.5, "2", math.nan, math.inf, None, 10**12):
        with pytest.raises(MetricInputError, match=r"the gain of 'a' is .*; give a whole number"):
            Retrieval("ndcg").score_batch([["a"]], [{"a": gain}])
    with pytest.raises(MetricInputError, match="give a list of ids"):
        Retrieval("mrr").score_batch(["abc"], [["a"]])


def test_an_absent_package_is_named_before_anything_is_retrieved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The measure itself cannot be made, so that no target is called for it."""
    monkeypatch.setitem(sys.modules, "pytrec_eval", None)
    with pytest.raises(MissingExtraError, match=r"evalhub\[retrieval\]"):
        load("recall_at_5")


@pytest.mark.parametrize("strange", ["\ud800", "a\0b", "", " ", "a b\n", "x" * 100_000])
def test_any_text_is_an_id(strange: str) -> None:
    """A lone surrogate crashes trec_eval, which ends ids at a zero byte."""
    table = Retrieval("recall", 2).score_batch(
        [[strange], ["a\0c"]], [[strange, "other"], ["a\0b"]]
    )
    assert table["recall_at_2"].values.tolist() == [0.5, 0.0]


def test_ids_that_are_no_list_are_refused() -> None:
    """For both columns, with the value."""
    with pytest.raises(MetricInputError, match="retrieved ids are 5; give a list"):
        Retrieval("mrr").score_batch([5], [["a"]])  # type: ignore[list-item] # what it is about
    with pytest.raises(MetricInputError, match="relevant ids are 5; give a list"):
        Retrieval("mrr").score_batch([["a"]], [5])  # type: ignore[list-item] # what it is about
