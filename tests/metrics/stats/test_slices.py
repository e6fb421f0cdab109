"""Means by slice, and the price of looking at many."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    benjamini_hochberg,
    mean_interval,
    slice_means,
    wilson_interval,
    worst_slice,
)

_RNG = np.random.default_rng(51)
_VALUES = _RNG.normal(0.6, 0.2, 120)
_LANGUAGE = ["en", "de", "fr"] * 40
_TOPIC = ["law"] * 50 + ["health"] * 70


def test_each_slice_is_held_against_the_rest() -> None:
    """Its own interval, Welch's p against all others, and adjusted over all attributes' slices."""
    found = slice_means(_VALUES, {"language": _LANGUAGE, "topic": _TOPIC})
    names = [(one.attribute, one.label) for one in found]
    assert names == [
        ("language", "en"),
        ("language", "de"),
        ("language", "fr"),
        ("topic", "law"),
        ("topic", "health"),
    ]
    german = np.array(_LANGUAGE) == "de"
    assert found[1].interval == mean_interval(_VALUES[german])
    assert found[1].rest == pytest.approx(float(_VALUES[~german].mean()))
    welch = scipy_stats.ttest_ind(_VALUES[german], _VALUES[~german], equal_var=False)
    assert found[1].p_value == pytest.approx(float(welch.pvalue))
    p_values = [one.p_value for one in found if one.p_value is not None]
    assert [one.p_adjusted for one in found] == benjamini_hochberg(p_values)
    assert found[1].simultaneous == mean_interval(_VALUES[german], confidence=1 - 0.05 / 5)


def test_rates_and_clusters_have_their_own_intervals() -> None:
    """Wilson's for passes and fails; with clusters the clustered one."""
    passes = (_VALUES > 0.5).astype(float)
    law = slice_means(passes, {"topic": _TOPIC}, rate=True)[0]
    assert law.interval == wilson_interval(int(passes[:50].sum()), 50)
    groups = [i // 4 for i in range(120)]
    clustered = slice_means(passes, {"topic": _TOPIC}, rate=True, clusters=groups)[0]
    assert clustered.interval == mean_interval(passes[:50], clusters=groups[:50])


def test_what_is_not_scored_is_left_out() -> None:
    """NaN leaves its slice; a slice of nothing but NaN is none; one slice has no rest."""
    nan = math.nan
    found = slice_means([0.5, nan, 0.7, nan, 0.2], {"a": ["x", "x", "x", "y", "z"]})
    assert [(one.label, one.interval.n) for one in found] == [("x", 2), ("z", 1)]
    (only,) = slice_means([0.5, 0.6], {"a": ["x", "x"]})
    assert (only.rest, only.p_value, only.p_adjusted) == (None, None, None)
    assert slice_means([], {"a": []}) == ()


def test_the_worst_slice_is_the_lowest_that_is_large_enough() -> None:
    """A slice of two examples is no evidence."""
    values, labels = np.concatenate([_VALUES, [0.0, 0.1]]), [*_LANGUAGE, "xx", "xx"]
    values[::3] -= 0.3
    found = slice_means(values, {"language": labels})
    worst = worst_slice(found)
    assert worst is not None
    assert (worst.label, worst.p_adjusted is not None) == ("en", True)
    tiny = worst_slice(found, least=2)
    assert tiny is not None
    assert tiny.label == "xx"
    assert worst_slice(found, least=1_000) is None


def test_no_slice_is_worst_by_chance_alone() -> None:
    """Of 20 alike slices, one is called different in 5% of 300 runs, and unadjusted in most.

    The worst slice's simultaneous interval holds the truth in 95%, its plain one in far fewer.
    """
    rng = np.random.default_rng(52)
    labels = [i % 20 for i in range(400)]
    alarms = plain_alarms = covered = plain_covered = 0
    for values in rng.normal(0.0, 1.0, (300, 400)):
        found = slice_means(values, {"slice": labels})
        alarms += any((one.p_adjusted or 1.0) < 0.05 for one in found)
        plain_alarms += any((one.p_value or 1.0) < 0.05 for one in found)
        worst = worst_slice(found)
        assert worst is not None
        covered += (worst.simultaneous.upper or 0.0) >= 0.0
        plain_covered += (worst.interval.upper or 0.0) >= 0.0
    assert alarms <= scipy_stats.binom.ppf(0.9999, 300, 0.05)
    assert plain_alarms > 150
    assert covered >= scipy_stats.binom.ppf(0.0001, 300, 0.95)
    assert plain_covered < 240


def test_columns_have_to_fit() -> None:
    """Each message has the value."""
    with pytest.raises(MetricInputError, match="'language' has 1 labels for 2 scores"):
        slice_means([0.1, 0.2], {"language": ["en"]})
    with pytest.raises(MetricInputError, match="0, 1 or NaN"):
        slice_means([0.1, 0.2], {"language": ["en", "de"]}, rate=True)
    with pytest.raises(MetricInputError, match="2 clusters for 3 scores"):
        slice_means([0.1, 0.2, 0.3], {"a": ["x", "x", "y"]}, clusters=["p", "q"])
