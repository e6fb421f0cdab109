"""ROUGE against several references, in each of the four ways."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evalhub.metrics.text.rouge import Rouge

WAYS = ("max", "best", "average", "jackknife")
VARIANTS = ("rouge1", "rouge2", "rougeL", "rougeLsum", "rougeS4", "rougeSU4", "rougeW-1.2")
PARTS = ("precision", "recall", "fmeasure")

_texts = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "f", "\n"]), max_size=12).map(" ".join)
_rows = st.lists(
    st.tuples(_texts, st.lists(_texts, min_size=1, max_size=4)), min_size=1, max_size=4
)


def _rouge(variants: Sequence[str], how: str, **settings: Any) -> Rouge:
    return Rouge(variants, multi_reference=how, no_tokens="zero", **settings)  # type: ignore[arg-type] # any of its names


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
    column = _rouge(["rouge1"], how).score_batch(["a b c d"], [["a b", "a b c x y z"]])["rouge1"]
    assert column.recall[0] == pytest.approx(recall)
    assert column.fmeasure[0] == pytest.approx(fmeasure)


def test_best_goes_by_recall_where_max_goes_by_f() -> None:
    """The output has the short reference in full, and most of the long one."""
    references = [["a", "a b c x"]]
    table = {
        how: _rouge(["rouge1"], how).score_batch(["a b c d"], references) for how in ("max", "best")
    }
    assert table["max"]["rouge1"].fmeasure[0] == pytest.approx(0.75)
    assert table["best"]["rouge1"].recall[0] == 1.0
    assert table["best"]["rouge1"].fmeasure[0] == pytest.approx(0.4)


@settings(deadline=None, max_examples=60)
@given(rows=_rows)
def test_max_is_what_score_multi_gives(rows: list[tuple[str, list[str]]]) -> None:
    """Precision and recall are those of the reference with the highest F, ties as there."""
    variants = VARIANTS[:4]
    outputs, references = [row[0] for row in rows], [row[1] for row in rows]
    table = _rouge(variants, "max").score_batch(outputs, references)
    scorer = RougeScorer(variants, use_stemmer=True)
    for i, (output, texts) in enumerate(rows):
        expected = scorer.score_multi(texts, output)
        for name in variants:
            for part in PARTS:
                ours, theirs = getattr(table[name], part)[i], getattr(expected[name], part)
                assert ours == pytest.approx(theirs, abs=1e-12)


def _jackknife(rows: Sequence[Sequence[float]]) -> list[float]:
    """Return Lin's (2004, section 2.1) mean of maxima, of P, R and F of each reference."""
    if len(rows) == 1:
        return list(rows[0])
    left = [[row for j, row in enumerate(rows) if j != i] for i in range(len(rows))]
    maxima = [max(some, key=lambda row: row[2]) for some in left]
    return [sum(column) / len(maxima) for column in zip(*maxima, strict=True)]


@settings(deadline=None, max_examples=60)
@given(rows=_rows)
def test_jackknife_is_the_mean_of_the_maxima_without_each(
    rows: list[tuple[str, list[str]]],
) -> None:
    """Computed anew from the scores against each reference alone."""
    outputs, references = [row[0] for row in rows], [row[1] for row in rows]
    table = _rouge(VARIANTS, "jackknife").score_batch(outputs, references)
    for i, (output, texts) in enumerate(rows):
        alone = _rouge(VARIANTS, "max").score_batch([output] * len(texts), texts)
        for name in VARIANTS:
            each = [[getattr(alone[name], part)[k] for part in PARTS] for k in range(len(texts))]
            got = [getattr(table[name], part)[i] for part in PARTS]
            assert got == pytest.approx(_jackknife(each), abs=1e-12)


@pytest.mark.parametrize("compat", ["rouge_score", "perl155"])
def test_one_reference_scores_alike_in_all_ways(compat: str) -> None:
    """There is nothing to choose from."""
    outputs, references = ["a b c\nd e", "x"], ["a c b\ne", "y z"]
    tables = [_rouge(VARIANTS, how, compat=compat).score_batch(outputs, references) for how in WAYS]
    for name in VARIANTS:
        for part in PARTS:
            values = [getattr(table[name], part).tolist() for table in tables]
            assert values == [values[0]] * len(WAYS)


@pytest.mark.parametrize("how", WAYS)
def test_outputs_may_have_unlike_numbers_of_references(how: str) -> None:
    """Each scores as it does alone, and an output without any is skipped."""
    outputs = ["a b c d", "a b", "c", "d a"]
    references: list[Any] = [["a b", "a b c x y z", "d"], "a", [], ["d", "a"]]
    together = _rouge(VARIANTS, how).score_batch(outputs, references)
    assert [together["rouge1"].score(i).state for i in range(4)][2] == "skipped"
    for i in (0, 1, 3):
        alone = _rouge(VARIANTS, how).score_batch([outputs[i]], [references[i]])
        for name in VARIANTS:
            assert together[name].values[i] == alone[name].values[0]


def test_average_is_the_share_of_summed_counts() -> None:
    """Hits of all references over their units: long references weigh more than short ones."""
    column = _rouge(["rouge2"], "average").score_batch(["a b c"], [["a b", "b c d e f"]])["rouge2"]
    assert (column.precision[0], column.recall[0]) == pytest.approx((2 / 4, 2 / 5))


def test_eleven_references_take_no_loop_over_their_subsets() -> None:
    """Fifty outputs of eleven references give finite scores between the mean and the maximum."""
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(list("abcdefgh"), 12)) for _ in range(50 * 12)]
    outputs, references = texts[:50], [texts[50 + 11 * i : 61 + 11 * i] for i in range(50)]
    best = _rouge(["rouge2"], "max").score_batch(outputs, references)["rouge2"].values
    jackknife = _rouge(["rouge2"], "jackknife").score_batch(outputs, references)["rouge2"].values
    assert (jackknife <= best + 1e-12).all()
    assert (jackknife >= best * 10 / 11 - 1e-12).all()
