"""Agreement coefficients against scikit-learn, statsmodels and krippendorff."""

import math
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score, matthews_corrcoef
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as reference_fleiss

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.agreement import (
    Level,
    Weights,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    matthews_correlation,
    percent_agreement,
)
from evalhub.metrics.stats.ratings import confusion_matrix

PAIRS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=2, max_size=60)
CELLS = st.lists(st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=2, max_size=30)
TABLES = st.lists(
    st.lists(st.one_of(st.just(math.nan), st.integers(0, 4)), min_size=3, max_size=3),
    min_size=2,
    max_size=30,
)

KRIPPENDORFF_2011 = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]
"""The table of four observers in Krippendorff (2011), "Computing Krippendorff's
alpha-reliability", section C."""


@settings(max_examples=60, deadline=None)
@given(PAIRS, st.sampled_from([None, "linear", "quadratic"]))
def test_kappa_is_that_of_scikit_learn(pairs: list[tuple[int, int]], weights: Weights) -> None:
    """Plain and weighted kappa equal scikit-learn 1.9.1's over any grades."""
    first, second = zip(*pairs, strict=True)
    if len(set(first) | set(second)) == 1:
        assert math.isnan(cohen_kappa(first, second, weights))
        return
    expected = cohen_kappa_score(first, second, weights=weights)
    assert cohen_kappa(first, second, weights) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_fleiss_is_that_of_statsmodels(cells: list[list[int]]) -> None:
    """Fleiss' kappa of three raters equals statsmodels 0.15.0's."""
    ratings = np.array(cells).T
    if np.unique(ratings).size == 1:
        assert math.isnan(fleiss_kappa(ratings))
        return
    expected = reference_fleiss(aggregate_raters(ratings.T)[0])
    assert fleiss_kappa(ratings) == pytest.approx(expected, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(TABLES, st.sampled_from(["nominal", "ordinal", "interval", "ratio"]))
def test_alpha_is_that_of_krippendorff(cells: list[list[float]], level: Level) -> None:
    """Alpha equals the krippendorff package 0.9.0's at each level, with labels missing."""
    ratings = np.array(cells, dtype=np.float64).T
    expected = _reference_alpha(ratings, level)
    if expected is None:
        assert math.isnan(krippendorff_alpha(ratings, level))
    else:
        assert krippendorff_alpha(ratings, level) == pytest.approx(expected, abs=1e-9)


def _reference_alpha(ratings: NDArray[np.float64], level: Level) -> float | None:
    """Return the package's alpha, None where it is undefined."""
    paired = (~np.isnan(ratings)).sum(axis=0) >= 2
    known = ratings[:, paired]
    if np.unique(known[~np.isnan(known)]).size < 2:
        return None
    return float(krippendorff.alpha(known, level_of_measurement=level))


@pytest.mark.parametrize(
    ("level", "published"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_alpha_is_the_published_one(level: Level, published: float) -> None:
    """Krippendorff's own example gives the values that he prints, missing labels and all."""
    assert round(krippendorff_alpha(KRIPPENDORFF_2011, level), 3) == published


def test_matthews_is_that_of_scikit_learn() -> None:
    """The correlation of two verdicts is scikit-learn's, whatever the labels are called."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = rng.integers(0, 2, (2, 30))
        expected = matthews_corrcoef(first, second)
        assert matthews_correlation(first, second) == pytest.approx(expected, abs=1e-12)
    assert matthews_correlation(["a", "b"], ["b", "a"]) == -1.0


def test_missing_labels_leave_their_pair_out() -> None:
    """None and NaN stand for no label: the pair counts nowhere."""
    first: list[float | None] = [1, 0, None, 1, math.nan]
    second: list[float | None] = [1, 1, 1, None, 0]
    assert confusion_matrix(first, second).counts.tolist() == [[0, 1], [0, 1]]
    assert percent_agreement(first, second) == 0.5
    assert math.isnan(percent_agreement([None], [1]))


def test_order_of_words_decides_weighted_kappa() -> None:
    """Words are weighed by their place in the scale that is given, not in the alphabet."""
    scale = ["poor", "fair", "good"]
    first, second = ["poor", "fair", "good", "good"], ["fair", "fair", "good", "poor"]
    places = [[scale.index(word) for word in column] for column in (first, second)]
    expected = cohen_kappa_score(*places, weights="quadratic")
    found = cohen_kappa(first, second, "quadratic", categories=scale)
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_grade_that_nobody_gave_keeps_its_place() -> None:
    """On a scale of 1 to 5, 1 against 5 is a worse miss than on the grades 1 and 5 alone."""
    first, second = [1, 4, 5, 5], [4, 4, 5, 1]
    whole = cohen_kappa(first, second, "linear", categories=[1, 2, 3, 4, 5])
    expected = cohen_kappa_score(first, second, weights="linear", labels=[1, 2, 3, 4, 5])
    assert whole == pytest.approx(expected, abs=1e-12)
    assert whole != pytest.approx(cohen_kappa(first, second, "linear"))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: cohen_kappa([1, 0], [1]), "raters have"),
        (lambda: cohen_kappa(["yes"], [1]), "texts ('yes') and numbers (1)"),
        (lambda: cohen_kappa("pass", "fail"), "one text, 'pass'"),
        (lambda: cohen_kappa([1, 7], [1, 2], categories=[1, 2]), "label 7 is not among 1, 2"),
        (lambda: cohen_kappa(["a", "b"], ["b", "a"], "linear"), "their order as categories"),
        (lambda: krippendorff_alpha([["a", "b"], ["a", "a"]], "interval"), "needs numbers"),
        (lambda: krippendorff_alpha([[-1, 1], [1, 1]], "ratio"), "a label is -1"),
        (lambda: fleiss_kappa([[1, 2], [1, None]]), "1, 2 ratings"),
        (lambda: matthews_correlation([1, 2, 3], [1, 2, 3]), "3 labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(call: Any, told: str) -> None:
    """The message names what is wrong, with the value."""
    with pytest.raises(MetricInputError) as caught:
        call()
    assert told in str(caught.value)
