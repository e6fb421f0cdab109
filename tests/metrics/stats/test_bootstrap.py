"""Bootstrap intervals, against scipy's on the very same draws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    bootstrap_function,
    bootstrap_mean,
    bootstrap_means,
    mean_interval,
    resampled_sums,
)
from evalhub.metrics.stats.bootstrap import BootstrapMethod
from evalhub.metrics.stats.cluster_sums import ClusterSums
from evalhub.metrics.stats.sample import Floats

_VALUES = np.random.default_rng(2).lognormal(0.0, 1.0, 40)
_METHODS: list[BootstrapMethod] = ["percentile", "bca", "studentized"]


def _ratio(means: Floats) -> Floats:
    return means[:, 0] / means[:, 1]


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_a_mean_has_the_interval_of_scipy(method: BootstrapMethod, theirs: str) -> None:
    """Drawn from the same generator, scipy's resamples and its ends are ours."""
    expected = scipy_stats.bootstrap(
        (_VALUES,), np.mean, n_resamples=2_000, method=theirs, rng=np.random.default_rng(7)
    )
    found = bootstrap_mean(_VALUES, resamples=2_000, seed=7, method=method)
    assert found.mean == pytest.approx(float(_VALUES.mean()))
    assert found.stderr == pytest.approx(float(expected.standard_error))
    assert found.lower == pytest.approx(float(expected.confidence_interval.low), abs=1e-9)
    assert found.upper == pytest.approx(float(expected.confidence_interval.high), abs=1e-9)


@pytest.mark.parametrize(("method", "theirs"), [("percentile", "percentile"), ("bca", "BCa")])
def test_a_ratio_of_means_has_the_interval_of_scipy(method: BootstrapMethod, theirs: str) -> None:
    """A function of several means, the rows drawn together."""
    table = np.stack([_VALUES, 1 + _VALUES[::-1]], axis=1)
    expected = scipy_stats.bootstrap(
        (table[:, 0], table[:, 1]),
        lambda x, y, axis: x.mean(axis=axis) / y.mean(axis=axis),
        paired=True,
        n_resamples=2_000,
        method=theirs,
        rng=np.random.default_rng(7),
    )
    found = bootstrap_function(_ratio, table, resamples=2_000, seed=7, method=method)
    assert found.lower == pytest.approx(float(expected.confidence_interval.low), abs=1e-9)
    assert found.upper == pytest.approx(float(expected.confidence_interval.high), abs=1e-9)


def test_studentised_ends_are_quantiles_of_the_resampled_t() -> None:
    """Held against a loop that takes each resample's clustered error for itself."""
    values, groups = _VALUES, np.arange(40) // 4
    members = [values[groups == number] for number in range(10)]
    own = mean_interval(values, clusters=groups.tolist())
    assert own.mean is not None
    assert own.stderr is not None
    rng, t = np.random.default_rng(3), []
    for _ in range(300):
        drawn = [members[number] for number in rng.integers(0, 10, 10)]
        labels = [place for place, part in enumerate(drawn) for _ in part]
        resample = mean_interval(np.concatenate(drawn), clusters=labels)
        assert resample.mean is not None
        assert resample.stderr is not None
        t.append((resample.mean - own.mean) / resample.stderr)
    high, low = np.quantile(t, [0.975, 0.025])
    found = bootstrap_mean(
        values, clusters=groups.tolist(), resamples=300, seed=3, method="studentized"
    )
    assert found.lower == pytest.approx(own.mean - high * own.stderr, rel=1e-9)
    assert found.upper == pytest.approx(own.mean - low * own.stderr, rel=1e-9)


def test_studentised_ratio_uses_the_error_of_its_residuals() -> None:
    """The ends scale with the linearised error of a ratio (Cochran, 1977)."""
    table = np.stack([_VALUES, 1 + _VALUES[::-1]], axis=1)
    ratio, middle = table[:, 0].sum() / table[:, 1].sum(), table[:, 1].mean()
    rng, t = np.random.default_rng(5), []
    own = mean_interval(table[:, 0] - ratio * table[:, 1]).stderr
    assert own is not None
    for _ in range(200):
        drawn = table[rng.integers(0, 40, 40)]
        theirs = drawn[:, 0].sum() / drawn[:, 1].sum()
        stderr = mean_interval(drawn[:, 0] - theirs * drawn[:, 1]).stderr
        assert stderr is not None
        t.append((theirs - ratio) / (stderr / drawn[:, 1].mean()))
    found = bootstrap_function(_ratio, table, resamples=200, seed=5, method="studentized")
    assert found.value == pytest.approx(ratio)
    assert found.lower == pytest.approx(ratio - np.quantile(t, 0.975) * own / middle, rel=1e-6)
    assert found.upper == pytest.approx(ratio - np.quantile(t, 0.025) * own / middle, rel=1e-6)


@pytest.mark.parametrize("block", [1, 700, 10**9])
def test_draws_do_not_depend_on_how_many_are_made_at_once(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit: a machine's memory must not move an interval."""
    statistics = np.random.default_rng(1).normal(size=(37, 3))
    expected = resampled_sums(statistics, resamples=50, seed=9)
    monkeypatch.setattr("evalhub.metrics.stats.bootstrap._BLOCK", block)
    assert np.array_equal(resampled_sums(statistics, resamples=50, seed=9), expected)


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 60), st.integers(2, 30), st.integers(0, 99))
def test_resampled_sums_are_those_of_the_drawn_rows(rows: int, resamples: int, seed: int) -> None:
    """As if every drawn row were fetched and added."""
    statistics = np.random.default_rng(seed).normal(size=(rows, 2))
    drawn = np.random.default_rng(seed).integers(0, rows, (resamples, rows))
    found = resampled_sums(statistics, resamples=resamples, seed=seed)
    assert found == pytest.approx(statistics[drawn].sum(axis=1), abs=1e-12)


@pytest.mark.parametrize("method", _METHODS)
def test_columns_share_their_resamples(method: BootstrapMethod) -> None:
    """Each column has the interval that it has alone, and a linear map of one maps its ends."""
    table = np.stack([_VALUES, 3 * _VALUES + 1, _VALUES[::-1]], axis=1)
    first, mapped, last = bootstrap_means(table, resamples=400, seed=1, method=method)
    assert first.lower is not None
    assert mapped.lower == pytest.approx(3 * first.lower + 1)
    alone = bootstrap_mean(_VALUES[::-1], resamples=400, seed=1, method=method)
    assert last.lower == pytest.approx(alone.lower)
    assert last.upper == pytest.approx(alone.upper)


@pytest.mark.parametrize("method", _METHODS)
def test_the_seed_fixes_the_interval(method: BootstrapMethod) -> None:
    """Same seed, same interval; another seed, another."""
    found = bootstrap_mean(_VALUES, seed=4, resamples=500, method=method)
    assert found == bootstrap_mean(_VALUES, seed=4, resamples=500, method=method)
    assert found != bootstrap_mean(_VALUES, seed=5, resamples=500, method=method)


@pytest.mark.parametrize("method", _METHODS)
def test_many_values_leave_the_t_interval(method: BootstrapMethod) -> None:
    """On 400 near-normal values all methods nearly agree; clusters widen them alike."""
    values = np.random.default_rng(2).normal(0.5, 0.2, 400)
    groups = [i // 20 for i in range(400)]
    for clusters in (None, groups):
        drawn = bootstrap_mean(values, clusters=clusters, seed=4, method=method)
        plain = mean_interval(values, clusters=clusters)
        assert drawn.stderr == pytest.approx(plain.stderr, rel=0.15)
        assert drawn.lower == pytest.approx(plain.lower, abs=0.004)
        assert drawn.upper == pytest.approx(plain.upper, abs=0.004)


def test_a_large_offset_does_not_change_a_studentised_interval() -> None:
    """A milliard added to every score leaves the digits of their spread."""
    plain = bootstrap_mean(_VALUES, resamples=300, method="studentized")
    moved = bootstrap_mean(_VALUES + 1e9, resamples=300, method="studentized")
    assert plain.lower is not None
    assert moved.lower == pytest.approx(plain.lower + 1e9, abs=1e-5)


def test_the_error_of_a_mean_is_the_clustered_one() -> None:
    """The delta method gives what ``mean_interval`` gives for clusters of one size."""
    groups = np.arange(40) // 4
    sample = ClusterSums.of(_VALUES[:, np.newaxis], groups)
    assert sample.stderr == pytest.approx(mean_interval(_VALUES, clusters=groups.tolist()).stderr)


def test_resamples_of_one_cluster_have_no_t() -> None:
    """Of three clusters one draw in nine is one cluster thrice: its error is 0, not rounding."""
    rng = np.random.default_rng(6)
    for values in rng.random((30, 9)):
        found = bootstrap_mean(
            values, clusters=[0, 0, 1, 1, 1, 2, 2, 2, 2], resamples=300, method="studentized"
        )
        assert found.lower is not None
        assert found.upper is not None
        assert found.upper - found.lower < 1e3


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_a_ratio_has_the_interval_of_its_scale(scale: float) -> None:
    """Dollars or nanoseconds: the studentised ends of a ratio do not depend on the unit."""
    table = np.stack([_VALUES, 1 + _VALUES[::-1]], axis=1)
    plain = bootstrap_function(_ratio, table, resamples=200, method="studentized")
    small = bootstrap_function(_ratio, scale * table, resamples=200, method="studentized")
    assert small.lower == pytest.approx(plain.lower, rel=1e-6)
    assert small.upper == pytest.approx(plain.upper, rel=1e-6)


def test_what_is_not_scored_is_dropped_in_its_column() -> None:
    """NaN goes with its label; a column with one value has a mean and no interval."""
    values = [0.1, math.nan, 0.4, 0.9]
    found = bootstrap_mean(values, clusters=["a", "b", "c", "d"], resamples=100)
    assert found == bootstrap_mean([0.1, 0.4, 0.9], clusters=["a", "c", "d"], resamples=100)
    table = [[0.1, math.nan], [0.5, math.nan], [0.2, 0.7], [math.nan, math.nan]]
    many, one = bootstrap_means(table, resamples=100)
    assert (many.n, one.n, one.mean, one.lower) == (3, 1, 0.7, None)
    assert many.lower is not None
    pairs = [[1.0, 2.0], [math.nan, 5.0], [3.0, 4.0], [2.0, 2.0]]
    ratio = bootstrap_function(_ratio, pairs, resamples=100)
    assert ratio.n == 3
    assert ratio.value == pytest.approx(6 / 8)


@pytest.mark.parametrize("method", _METHODS)
def test_equal_values_give_a_point(method: BootstrapMethod) -> None:
    """No variance to resample is no failure."""
    found = bootstrap_mean([0.25] * 6, resamples=50, method=method)
    assert (found.lower, found.upper, found.stderr) == (0.25, 0.25, 0.0)


def test_too_few_values_give_no_interval() -> None:
    """Nothing, one value and one cluster leave what there is."""
    assert bootstrap_mean([], resamples=50).mean is None
    assert bootstrap_mean([0.5], resamples=50).lower is None
    assert bootstrap_function(_ratio, np.empty((0, 2))).value is None
    assert bootstrap_function(_ratio, [[1.0, 2.0]]).value == 0.5
    one = bootstrap_function(_ratio, [[1.0, 2.0], [2.0, 2.0]], clusters=["a", "a"])
    assert (one.value, one.lower) == (0.75, None)


def test_a_function_that_seldom_has_a_value_has_no_interval() -> None:
    """NaN resamples are left out; when hardly any is left there is a value alone."""

    def only_as_it_is(means: Floats) -> Floats:
        return np.where(means[:, 0] == 1.5, means[:, 0], math.nan)

    table = [[0.0], [1.0], [2.0], [3.0]]
    often = bootstrap_function(only_as_it_is, table, resamples=100)
    assert (often.value, often.lower, often.upper) == (1.5, 1.5, 1.5)
    seldom = bootstrap_function(only_as_it_is, table, resamples=2, seed=0)
    assert (seldom.n, seldom.value, seldom.lower) == (4, 1.5, None)


def test_settings_that_say_nothing_are_refused() -> None:
    """Each message has the value."""
    with pytest.raises(MetricInputError, match="resamples is 1"):
        bootstrap_mean([1.0, 2.0], resamples=1)
    with pytest.raises(MetricInputError, match="method is 'magic'"):
        bootstrap_mean([1.0, 2.0], method="magic")  # type: ignore[arg-type]  # refused
    with pytest.raises(MetricInputError, match="1 dimension"):
        bootstrap_means([1.0, 2.0])
    with pytest.raises(MetricInputError, match="no cluster to draw"):
        resampled_sums(np.empty((0, 2)), resamples=10)
    with pytest.raises(MetricInputError, match="confidence is 0"):
        bootstrap_mean([1.0, 2.0], confidence=0)
