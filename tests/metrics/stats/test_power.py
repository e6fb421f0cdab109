"""What a sample can show, against statsmodels and by counting every outcome."""

import importlib
import itertools
import math

import numpy as np
import pytest

from evalhub.errors import MetricInputError
from evalhub.metrics.stats import (
    design_effect,
    detection_power,
    examples_needed,
    gate_power,
    mcnemar,
    minimum_detectable_effect,
    minimum_detectable_rate_effect,
    rate_examples_needed,
    rate_power,
)


@pytest.mark.parametrize("n", [8, 30, 500])
@pytest.mark.parametrize("effect", [0.0, 0.05, -0.2])
def test_power_is_that_of_statsmodels(n: int, effect: float) -> None:
    """The paired t test's, on both sides; none but the level where nothing differs."""
    power = importlib.import_module("statsmodels.stats.power")
    expected = power.TTestPower().power(effect / 0.4, n, 0.05)
    assert detection_power(effect, n, stddev=0.4) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("n", [8, 30, 500])
def test_minimum_effect_has_the_power_it_promises(n: int) -> None:
    """Statsmodels gives the t test that power at that effect."""
    power = importlib.import_module("statsmodels.stats.power")
    effect = minimum_detectable_effect(n, stddev=0.4)
    assert power.TTestPower().power(effect / 0.4, n, 0.05) == pytest.approx(0.8, abs=1e-4)
    sure = minimum_detectable_effect(n, stddev=0.4, confidence=0.99, power=0.95)
    assert power.TTestPower().power(sure / 0.4, n, 0.01) == pytest.approx(0.95, abs=1e-4)


@pytest.mark.parametrize("effect", [0.05, 0.13, 0.5])
def test_examples_needed_are_the_fewest(effect: float) -> None:
    """Statsmodels' number, rounded up; one fewer does not reach the power."""
    power = importlib.import_module("statsmodels.stats.power")
    expected = power.TTestPower().solve_power(effect / 0.4, alpha=0.05, power=0.8)
    n = examples_needed(effect, stddev=0.4)
    assert n == math.ceil(float(np.ravel(expected)[0]))
    assert detection_power(effect, n, stddev=0.4) >= 0.8
    assert detection_power(effect, n - 1, stddev=0.4) < 0.8


def test_clusters_cost_what_the_design_effect_says() -> None:
    """Ten alike examples a cluster are worth one; independent ones cost degrees of freedom only."""
    assert design_effect(10, 0.0) == 1
    assert design_effect(10, 0.5) == pytest.approx(5.5)
    alike = minimum_detectable_effect(400, stddev=0.4, cluster_size=10, icc=1.0)
    assert alike == pytest.approx(minimum_detectable_effect(40, stddev=0.4))
    needed = examples_needed(0.1, stddev=0.4, cluster_size=10, icc=0.2)
    assert needed > 2.7 * examples_needed(0.1, stddev=0.4)


def test_clustered_power_is_what_simulation_finds() -> None:
    """Paired t tests on 20 cluster means find the effect as often as planned."""
    stats = importlib.import_module("scipy.stats")
    rng = np.random.default_rng(3)
    planned = detection_power(0.25, 100, stddev=1.0, cluster_size=5, icc=0.3)
    shared = rng.normal(0, math.sqrt(0.3), (4_000, 20, 1))
    means = (0.25 + shared + rng.normal(0, math.sqrt(0.7), (4_000, 20, 5))).mean(axis=2)
    found = float((stats.ttest_1samp(means, 0.0, axis=1).pvalue < 0.05).mean())
    assert found == pytest.approx(planned, abs=4 * math.sqrt(0.25 / 4_000))


def test_gate_power_is_that_of_a_one_sided_test() -> None:
    """At the margin itself a gate passes in 2.5%; well inside it nearly always."""
    power = importlib.import_module("statsmodels.stats.power")
    expected = power.TTestPower().power(0.1 / 0.4, 120, 0.025, alternative="larger")
    assert gate_power(0.1, 120, stddev=0.4) == pytest.approx(expected, abs=1e-6)
    at_margin = gate_power(0.1, 120, stddev=0.4, true_difference=-0.1)
    assert at_margin == pytest.approx(0.025)
    assert gate_power(0.0, 120, stddev=0.0) == 1.0
    assert (detection_power(0.1, 9, stddev=0.0), detection_power(0.0, 9, stddev=0.0)) == (1, 0)
    assert gate_power(0.1, 120, stddev=0.0, true_difference=-0.2) == 0.0


@pytest.mark.parametrize(
    ("effect", "discordance", "level"), [(0.3, 0.5, 0.05), (-0.6, 0.6, 0.05), (0.0, 0.4, 0.5)]
)
def test_rate_power_counts_every_outcome(effect: float, discordance: float, level: float) -> None:
    """Seven pairs have 2,187 outcomes; the power is the chance of those with p at the level."""
    chances = {
        1: (discordance + effect) / 2,
        -1: (discordance - effect) / 2,
        0: 1 - discordance,
    }
    power = 0.0
    for outcome in itertools.product(chances, repeat=7):
        wins, losses = outcome.count(1), outcome.count(-1)
        p_value = mcnemar([0] * wins + [1] * losses, [1] * wins + [0] * losses).p_value
        if p_value <= level:
            power += math.prod(chances[sign] for sign in outcome)
    found = rate_power(effect, 7, discordance=discordance, confidence=1 - level)
    assert found == pytest.approx(power, abs=1e-12)


def test_rate_plans_reach_their_power() -> None:
    """Effect and number that are given back have the power, and hardly more."""
    effect = minimum_detectable_rate_effect(200, discordance=0.2)
    assert effect is not None
    assert rate_power(effect, 200, discordance=0.2) == pytest.approx(0.8, abs=1e-4)
    n = rate_examples_needed(0.1, discordance=0.2)
    assert 0.8 <= rate_power(0.1, n, discordance=0.2) < 0.83
    assert minimum_detectable_rate_effect(20, discordance=0.1) is None
    assert rate_power(0.0, 20, discordance=0.0) == 0.0


def test_plans_refuse_what_they_cannot_say() -> None:
    """Each message has the value."""
    with pytest.raises(MetricInputError, match=r"1 example\(s\) reveal no difference; give 2"):
        minimum_detectable_effect(1, stddev=0.4)
    with pytest.raises(MetricInputError, match=r"15 example\(s\) .* give 20 or more"):
        minimum_detectable_effect(15, stddev=0.4, cluster_size=10)
    with pytest.raises(MetricInputError, match=r"power is 1\.5"):
        minimum_detectable_effect(9, stddev=0.4, power=1.5)
    with pytest.raises(MetricInputError, match="stddev is -1"):
        detection_power(0.1, 9, stddev=-1)
    with pytest.raises(MetricInputError, match="icc is 2"):
        design_effect(3, 2)
    with pytest.raises(MetricInputError, match=r"cluster_size is 0\.5"):
        design_effect(0.5, 0)
    with pytest.raises(MetricInputError, match="do not reveal an effect of 0"):
        examples_needed(0.0, stddev=0.4)
    with pytest.raises(MetricInputError, match=r"a change of 0\.3 with a share of 0\.2"):
        rate_power(0.3, 10, discordance=0.2)
    with pytest.raises(MetricInputError, match="0 example"):
        rate_power(0.1, 0, discordance=0.2)
