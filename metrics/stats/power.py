"""What a sample can show: power, minimum detectable effects, and how many examples are needed.

Means are compared by the paired t test and rates by McNemar's exact test, both two-sided. Give the
standard deviation of *differences* between two systems, from an earlier comparison or from
:func:`~evalhub.metrics.stats.variance_components` for a plan with repeats.
"""

import importlib
import math
from collections.abc import Callable

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import (
    noncentral_t_below,
    noncentrality,
    t_quantile,
    upper_tail,
)

__all__ = [
    "design_effect",
    "detection_power",
    "examples_needed",
    "gate_power",
    "minimum_detectable_effect",
    "minimum_detectable_rate_effect",
    "rate_examples_needed",
    "rate_power",
]

_MOST = 10**9
"""Examples beyond which no plan is sought."""


def design_effect(cluster_size: float, icc: float) -> float:
    """Return by how much clusters inflate the variance of a mean: 1 + (size - 1) * icc (Kish).

    Raises:
        MetricInputError: *cluster_size* is below 1, or *icc* is not between 0 and 1.
    """
    if cluster_size < 1:
        raise MetricInputError(f"cluster_size is {cluster_size}; give 1 or more")
    if not 0 <= icc <= 1:
        raise MetricInputError(f"icc is {icc}; give a number from 0 to 1")
    return 1 + (cluster_size - 1) * icc


def minimum_detectable_effect(
    n: int,
    *,
    stddev: float,
    confidence: float = 0.95,
    power: float = 0.8,
    cluster_size: float = 1.0,
    icc: float = 0.0,
) -> float:
    """Return the smallest true mean difference that *n* pairs would reveal.

    *stddev* is that of the differences between pairs; *power* is the chance to find it. With
    *cluster_size* examples a cluster that correlate by *icc*, degrees of freedom are
    those of the clusters. The chance to find the opposite sign is left out: nothing at any
    power worth planning for.

    Raises:
        MetricInputError: *n* is below two clusters, or a setting is out of its range.
    """
    _check_power(power)
    stderr, degrees = _error(n, stddev, cluster_size, icc)
    critical = t_quantile(upper_tail(confidence), degrees)
    return max(0.0, noncentrality(1 - power, degrees, critical)) * stderr


def detection_power(
    effect: float,
    n: int,
    *,
    stddev: float,
    confidence: float = 0.95,
    cluster_size: float = 1.0,
    icc: float = 0.0,
) -> float:
    """Return the chance that *n* pairs reveal a true mean difference of *effect*.

    Settings and errors are those of :func:`minimum_detectable_effect`.
    """
    stderr, degrees = _error(n, stddev, cluster_size, icc)
    critical = t_quantile(upper_tail(confidence), degrees)
    if stderr == 0:
        return 1.0 if effect else 0.0
    return _beyond(critical, degrees, abs(effect) / stderr) + noncentral_t_below(
        -critical, degrees, abs(effect) / stderr
    )


def examples_needed(
    effect: float,
    *,
    stddev: float,
    confidence: float = 0.95,
    power: float = 0.8,
    cluster_size: float = 1.0,
    icc: float = 0.0,
) -> int:
    """Return the fewest pairs that reveal a true mean difference of *effect*.

    Settings are those of :func:`minimum_detectable_effect`.

    Raises:
        MetricInputError: a setting is out of its range, or a billion pairs would not do.
    """
    _check_power(power)

    def reached(n: int) -> float:
        return detection_power(
            effect,
            n,
            stddev=stddev,
            confidence=confidence,
            cluster_size=cluster_size,
            icc=icc,
        )

    return _fewest(reached, power, start=math.ceil(2 * cluster_size), effect=effect)


def gate_power(
    margin: float,
    n: int,
    *,
    stddev: float,
    true_difference: float = 0.0,
    confidence: float = 0.95,
    cluster_size: float = 1.0,
    icc: float = 0.0,
) -> float:
    """Return the chance that a non-inferiority gate with *margin* passes.

    A candidate that is truly no worse by *true_difference* of 0 should pass; plan for 0.8 or more.
    Settings and errors are those of :func:`minimum_detectable_effect`.
    """
    stderr, degrees = _error(n, stddev, cluster_size, icc)
    room = true_difference + margin
    if stderr == 0:
        return 1.0 if room >= 0 else 0.0
    return _beyond(t_quantile(upper_tail(confidence), degrees), degrees, room / stderr)


def rate_power(effect: float, n: int, *, discordance: float, confidence: float = 0.95) -> float:
    """Return the chance that McNemar's exact test on *n* pairs reveals a change of a pass rate.

    *effect* is the true change and *discordance* the share of examples on which the two systems
    disagree; the test sees only these. Computed exactly, over all outcomes.

    Raises:
        MetricInputError: *discordance* is not between 0 and 1, *effect* is larger than it,
            or *n* is below 1.
    """
    if n < 1:
        raise MetricInputError(f"{n} example(s) reveal no difference; give 1 or more")
    if not (0 <= discordance <= 1 and abs(effect) <= discordance):
        raise MetricInputError(
            f"a change of {effect} with a share of {discordance} examples that differ cannot be; "
            "give a discordance from the size of the change to 1"
        )
    if discordance == 0:
        return 0.0
    binomial = importlib.import_module("scipy.stats").binom
    differing, level = np.arange(n + 1), 1 - upper_tail(confidence)
    reach = binomial.ppf(level, differing, 0.5)
    # The largest count whose tail is still within the level.
    reach -= binomial.cdf(reach, differing, 0.5) > level
    share = (1 + abs(effect) / discordance) / 2
    lost, won = reach, differing - reach
    found = binomial.cdf(lost, differing, share) + binomial.sf(won - 1, differing, share)
    return float(binomial.pmf(differing, n, discordance) @ found)


def minimum_detectable_rate_effect(
    n: int, *, discordance: float, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """Return the smallest change of a pass rate that *n* pairs would reveal, or None.

    None says that even a change of *discordance*, all of it one way, would not be revealed.
    Exact to 1e-6.

    Raises:
        MetricInputError: a setting is out of its range.
    """
    _check_power(power)
    low, high = 0.0, discordance
    if rate_power(high, n, discordance=discordance, confidence=confidence) < power:
        return None
    while high - low > 1e-6:
        middle = (low + high) / 2
        if rate_power(middle, n, discordance=discordance, confidence=confidence) < power:
            low = middle
        else:
            high = middle
    return high


def rate_examples_needed(
    effect: float, *, discordance: float, confidence: float = 0.95, power: float = 0.8
) -> int:
    """Return how many pairs reveal a change of a pass rate of *effect*.

    An exact test's power rises in teeth as pairs are added: at the number given it is reached, and
    a few pairs fewer may reach it as well.

    Raises:
        MetricInputError: a setting is out of its range, or a million pairs would not do.
    """
    _check_power(power)

    def reached(n: int) -> float:
        return rate_power(effect, n, discordance=discordance, confidence=confidence)

    return _fewest(reached, power, start=1, effect=effect, most=10**6)


def _error(n: int, stddev: float, cluster_size: float, icc: float) -> tuple[float, float]:
    """Return the standard error of the mean difference, and its degrees of freedom."""
    inflation = design_effect(cluster_size, icc)
    if n < 2 * cluster_size:
        least = math.ceil(2 * cluster_size)
        raise MetricInputError(f"{n} example(s) reveal no difference; give {least} or more")
    if not 0 <= stddev < math.inf:
        raise MetricInputError(f"stddev is {stddev}; give that of the differences, 0 or more")
    return stddev * math.sqrt(inflation / n), n / cluster_size - 1


def _check_power(power: float) -> None:
    if not 0 < power < 1:
        raise MetricInputError(f"power is {power}; give a number between 0 and 1")


def _beyond(critical: float, degrees: float, shift: float) -> float:
    return 1 - noncentral_t_below(critical, degrees, shift)


def _fewest(
    reached: Callable[[int], float], power: float, *, start: int, effect: float, most: int = _MOST
) -> int:
    low, high = start - 1, start
    while reached(high) < power:
        low, high = high, 2 * high
        if high > most:
            raise MetricInputError(
                f"{most} examples do not reveal an effect of {effect}; give a larger one"
            )
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) >= power else (middle, high)
    return high
