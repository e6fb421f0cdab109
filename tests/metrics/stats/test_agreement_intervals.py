"""Intervals of kappa and alpha: their coverage, and what they say where nothing varies."""

import numpy as np
import pytest
from numpy.typing import NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.agreement import cohen_kappa, disagreement_weights, kappas
from evalhub.metrics.stats.agreement_intervals import alpha_interval, kappa_interval

BALANCED = np.array([[0.45, 0.05], [0.05, 0.45]])
NEARLY_ALIKE = np.array([[0.49, 0.01], [0.01, 0.49]])
SKEWED = np.array([[0.10, 0.05], [0.05, 0.80]])


def _pairs(
    table: NDArray[np.float64], n: int, rng: np.random.Generator
) -> tuple[list[int], list[int]]:
    drawn = rng.choice(table.size, n, p=table.ravel())
    first, second = np.divmod(drawn, len(table))
    return first.tolist(), second.tolist()


@pytest.mark.parametrize("table", [BALANCED, NEARLY_ALIKE, SKEWED], ids=["even", "alike", "skewed"])
@pytest.mark.parametrize("n", [30, 150])
def test_intervals_hold_the_truth(table: NDArray[np.float64], n: int) -> None:
    """Of 300 simulated label sets, 90 to 99% of the 95% intervals hold the true kappa."""
    rng = np.random.default_rng(7)
    truth = float(kappas(table, disagreement_weights(2, None)))
    held = []
    for seed in range(300):
        found = kappa_interval(*_pairs(table, n, rng), categories=(0, 1), draws=400, seed=seed)
        if found.lower is not None and found.upper is not None:
            held.append(found.lower <= truth <= found.upper)
    assert len(held) > 280
    assert 0.90 <= np.mean(held) <= 0.995


def test_weighted_intervals_hold_the_truth() -> None:
    """Quadratic kappa and ordinal alpha on five grades are held in 90% or more as well."""
    places = np.arange(5)
    table = np.exp(-np.abs(places[:, None] - places) / 0.45)
    table /= table.sum()
    truth = float(kappas(table, disagreement_weights(5, "quadratic")))
    rng = np.random.default_rng(3)
    held = []
    for seed in range(200):
        pair = _pairs(table, 60, rng)
        found = kappa_interval(*pair, "quadratic", categories=range(5), draws=400, seed=seed)
        assert found.lower is not None
        assert found.upper is not None
        held.append(found.lower <= truth <= found.upper)
    assert 0.90 <= np.mean(held) <= 0.995


def test_clustered_intervals_hold_the_truth() -> None:
    """Where clusters differ in how right the judge is, only intervals by cluster hold in 90%."""
    rng = np.random.default_rng(6)
    truth = cohen_kappa(*_clustered(50_000, rng))
    told: list[bool] = []
    blind: list[bool] = []
    for seed in range(200):
        human, judge = _clustered(30, rng)
        groups = np.repeat(np.arange(30), 10).tolist()
        for clusters, held in ((groups, told), (None, blind)):
            found = kappa_interval(human, judge, clusters=clusters, draws=400, seed=seed)
            assert found.lower is not None
            assert found.upper is not None
            held.append(found.lower <= truth <= found.upper)
    assert np.mean(blind) < 0.88
    assert np.mean(told) >= 0.90


def _clustered(clusters: int, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Return people's and a judge's verdicts on ten outputs of each cluster."""
    passing, right = rng.beta(2, 2, (clusters, 1)), rng.beta(8, 2, (clusters, 1))
    human = rng.random((clusters, 10)) < passing
    judge = human == (rng.random((clusters, 10)) < right)
    return human.astype(int).ravel().tolist(), judge.astype(int).ravel().tolist()


def test_perfect_agreement_of_few_leaves_doubt() -> None:
    """20 of 20 alike is kappa 1 with a lower end below .9, and 200 of 200 with one above .95."""
    few = kappa_interval([0, 1] * 10, [0, 1] * 10)
    many = kappa_interval([0, 1] * 100, [0, 1] * 100)
    assert few.value == few.upper == many.value == 1.0
    assert few.lower is not None
    assert many.lower is not None
    assert 0.6 < few.lower < 0.9
    assert 0.95 < many.lower < 1.0


def test_alpha_and_kappa_of_two_raters_are_as_wide() -> None:
    """Both are made in the same way: their widths differ by a fifth at most."""
    first, second = _pairs(BALANCED, 100, np.random.default_rng(1))
    kappa, alpha = kappa_interval(first, second), alpha_interval([first, second])
    assert kappa.lower is not None
    assert kappa.upper is not None
    assert alpha.lower is not None
    assert alpha.upper is not None
    assert (alpha.upper - alpha.lower) == pytest.approx(kappa.upper - kappa.lower, rel=0.2)


def test_clusters_widen_the_interval() -> None:
    """The same labels four times over say no more than once, when each four are a cluster."""
    first, second = _pairs(BALANCED, 40, np.random.default_rng(2))
    once = kappa_interval(first, second)
    blind = kappa_interval(first * 4, second * 4)
    told = kappa_interval(first * 4, second * 4, clusters=list(range(40)) * 4)
    widths = [item.upper - item.lower for item in (once, blind, told) if item.upper and item.lower]
    assert len(widths) == 3
    assert widths[1] < 0.7 * widths[0]
    assert widths[2] == pytest.approx(widths[0], rel=0.15)
    alpha = alpha_interval([first * 4, second * 4], clusters=list(range(40)) * 4)
    assert alpha.upper is not None
    assert alpha.lower is not None
    assert alpha.upper - alpha.lower == pytest.approx(widths[0], rel=0.25)


def test_one_label_throughout_has_no_value_and_a_reason() -> None:
    """Where chance explains everything there is no number, and the reason says so."""
    for found in (kappa_interval([1, 1, 1], [1, 1, 1]), alpha_interval([[1, 1], [1, 1]])):
        assert found.value is None
        assert found.lower is None
        assert "one and the same label" in (found.reason or "")
    assert "no unit" in (kappa_interval([None], [1]).reason or "")


def test_same_seed_gives_the_same_interval() -> None:
    """Intervals are random numbers with a seed: equal seeds agree, others need not."""
    first, second = _pairs(SKEWED, 50, np.random.default_rng(4))
    assert kappa_interval(first, second, seed=3) == kappa_interval(first, second, seed=3)
    assert kappa_interval(first, second, seed=3) != kappa_interval(first, second, seed=4)
    with pytest.raises(MetricInputError, match="draws is 1"):
        kappa_interval(first, second, draws=1)
