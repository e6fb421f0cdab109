"""Components of variance: balanced designs by hand, others by simulation."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import mean_interval, variance_components


def test_balanced_repeats_are_the_one_way_analysis() -> None:
    """Mean squares of scipy's F test give the components between examples and repeats."""
    rng = np.random.default_rng(31)
    table = rng.normal(size=(10, 1)) + rng.normal(0, 0.5, (10, 4))
    found = variance_components(table.ravel(), np.repeat(np.arange(10), 4).tolist())
    within = float(table.var(axis=1, ddof=1).mean())
    between = float(scipy_stats.f_oneway(*table).statistic) * within
    assert found.repeats == pytest.approx(within)
    assert found.examples == pytest.approx((between - within) / 4)
    assert (found.clusters, found.example_count, found.score_count) == (0.0, 10, 40)


def test_balanced_clusters_are_the_nested_analysis() -> None:
    """Mean squares of six clusters of four examples of three repeats, by their definition."""
    rng = np.random.default_rng(34)
    table = (
        rng.normal(0, 0.5, (6, 1, 1)) + rng.normal(0, 0.7, (6, 4, 1)) + rng.normal(size=(6, 4, 3))
    )
    examples, clusters = np.repeat(np.arange(24), 3), np.repeat(np.arange(6), 12)
    found = variance_components(table.ravel(), examples.tolist(), clusters=clusters.tolist())
    within = float(table.var(axis=2, ddof=1).mean())
    among = 3 * float(table.mean(axis=2).var(axis=1, ddof=1).mean())
    above = 12 * float(table.mean(axis=(1, 2)).var(ddof=1))
    assert among > within
    assert above > among
    assert found.repeats == pytest.approx(within)
    assert found.examples == pytest.approx((among - within) / 3)
    assert found.clusters == pytest.approx((above - among) / 12)
    expected = mean_interval(table.ravel(), clusters=clusters.tolist()).stderr
    assert found.stderr(examples=24, repeats=3, cluster_size=4) == pytest.approx(expected)


def test_the_planned_error_is_that_of_the_mean() -> None:
    """For a balanced design, the error from components is the clustered error of the mean."""
    rng = np.random.default_rng(32)
    table = rng.normal(size=(30, 1)) + rng.normal(0, 0.5, (30, 3))
    labels = np.repeat(np.arange(30), 3).tolist()
    found = variance_components(table.ravel(), labels)
    expected = mean_interval(table.ravel(), clusters=labels).stderr
    assert found.stderr(examples=30, repeats=3) == pytest.approx(expected)
    assert found.stddev(repeats=3) / math.sqrt(30) == pytest.approx(expected)
    assert found.repeat_share == pytest.approx(found.repeats / (found.examples + found.repeats))


def test_unbalanced_components_have_no_bias() -> None:
    """Three levels, unlike sizes: over 400 designs the mean estimates are the true variances."""
    rng = np.random.default_rng(33)
    per_example = rng.integers(1, 5, 60)
    examples = np.repeat(np.arange(60), per_example)
    clusters = (np.arange(60) % 15)[examples]
    estimates = []
    for _ in range(400):
        values = (
            rng.normal(0, 1.0, 15)[clusters]
            + rng.normal(0, 0.8, 60)[examples]
            + rng.normal(0, 0.6, examples.size)
        )
        found = variance_components(values, examples.tolist(), clusters=clusters.tolist())
        estimates.append((found.clusters, found.examples, found.repeats))
    stderr = np.std(estimates, axis=0) / math.sqrt(400)
    error = np.abs(np.mean(estimates, axis=0) - [1.0, 0.64, 0.36])
    assert (error < 4 * stderr).all()


def test_clusters_show_in_the_correlation() -> None:
    """Examples of a cluster that are all alike have a correlation of 1, unlike ones of 0."""
    labels, clusters = [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 0, 0, 1, 1, 1, 1]
    alike = variance_components([1, 1, 1, 1, 5, 5, 5, 5], labels, clusters=clusters)
    assert alike.icc == pytest.approx(1.0)
    assert alike.repeat_share == 0.0
    unlike = variance_components([1, 1, 5, 5, 1, 1, 5, 5], labels, clusters=clusters)
    assert unlike.icc == 0.0
    assert unlike.examples == pytest.approx(8.0)
    constant = variance_components([1.0] * 8, labels, clusters=clusters)
    assert (constant.icc, constant.repeat_share) == (0.0, 0.0)


def test_what_is_not_scored_is_dropped() -> None:
    """NaN goes with its labels."""
    nan = math.nan
    found = variance_components([1.0, nan, 2.0, 4.0, 3.0], ["a", "b", "a", "c", "c"])
    assert found == variance_components([1.0, 2.0, 4.0, 3.0], ["a", "a", "c", "c"])


def test_designs_that_say_nothing_are_refused() -> None:
    """Without repeats there is nothing to split; an example is in one cluster."""
    with pytest.raises(MetricInputError, match="no example was scored twice"):
        variance_components([1.0, 2.0], ["a", "b"])
    with pytest.raises(MetricInputError, match="no example was scored twice"):
        variance_components([], [])
    with pytest.raises(MetricInputError, match="lies in two clusters"):
        variance_components([1.0, 2.0], ["a", "a"], clusters=["x", "y"])
    with pytest.raises(MetricInputError, match="1 clusters for 2 scores"):
        variance_components([1.0, 2.0], ["a"])
