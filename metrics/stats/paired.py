"""Compare two systems on the same examples, and say what a sample can show.

NaN stands for "not scored": it is dropped, together with its pair.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.intervals import (
    Clusters,
    check_draws,
    drop_unscored,
    mean_interval,
    row_blocks,
    t_quantile,
    upper_tail,
)

__all__ = [
    "McNemar",
    "PairedDifference",
    "benjamini_hochberg",
    "mcnemar",
    "minimum_detectable_effect",
    "paired_difference",
]

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """Candidate minus baseline over the examples that both have scored."""

    n: int
    difference: float | None
    stderr: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    """Two-sided, for "no difference"."""
    effect_size: float | None
    """Mean over standard deviation of the differences (Cohen's d for pairs)."""
    dropped: int = 0
    """Pairs left out because one side was not scored."""


@dataclass(frozen=True, slots=True)
class McNemar:
    """How often two systems disagree on pass and fail."""

    n: int
    only_baseline: int
    only_candidate: int
    p_value: float


def paired_difference(
    baseline: ArrayLike,
    candidate: ArrayLike,
    *,
    rate: bool = False,
    clusters: Clusters = None,
    confidence: float = 0.95,
    permutations: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """Compare two systems on the same examples, position by position.

    The p-value is that of flipping the signs of whole clusters' differences: exactly when
    there are at most *permutations* ways to, else by that many seeded draws. With *rate*,
    that is for pass (1) and fail (0), and without clusters it is McNemar's, and the interval
    is Bonett and Price's (2012), which does not shrink to a point when no pair disagrees.

    Raises:
        MetricInputError: the lengths differ, *permutations* is below 2, or a value of a
            rate is neither 0, 1 nor NaN.
    """
    check_draws("permutations", permutations)
    first, second = _pair(baseline, candidate)
    differences = second - first
    plain = mean_interval(differences, clusters=clusters, confidence=confidence)
    kept, groups = drop_unscored(differences, clusters)
    lower, upper, p_value = plain.lower, plain.upper, None
    if rate and clusters is None and plain.n:
        p_value = mcnemar(first, second).p_value
        lower, upper = _bonett_price(kept, confidence)
    elif plain.stderr is not None:
        sums = np.bincount(groups, weights=kept).astype(np.float64)
        p_value = _sign_flip(sums, permutations, seed)
    return PairedDifference(
        n=plain.n,
        difference=plain.mean,
        stderr=plain.stderr,
        lower=lower,
        upper=upper,
        p_value=p_value,
        effect_size=_effect_size(kept),
        dropped=differences.size - plain.n,
    )


def mcnemar(baseline: ArrayLike, candidate: ArrayLike) -> McNemar:
    """Test exactly whether two systems pass equally often on the same examples.

    Raises:
        MetricInputError: the lengths differ, or a value is neither 0, 1 nor NaN.
    """
    first, second = _pair(baseline, candidate)
    if not (_is_binary(first) and _is_binary(second)):
        raise MetricInputError("McNemar's test compares pass and fail; give values of 0, 1 or NaN")
    differences, _ = drop_unscored(second - first, None)
    losses, wins = int((differences < 0).sum()), int((differences > 0).sum())
    return McNemar(
        differences.size, losses, wins, _binomial_two_sided(min(losses, wins), losses + wins)
    )


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return *p_values* adjusted for their number, in their order.

    Calling those below q significant keeps the expected share of false ones below q
    (Benjamini and Hochberg, 1995).
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(-p)
    ranks = np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(np.minimum(p[order] * p.size / ranks, 1.0))
    return [float(value) for value in adjusted]


def minimum_detectable_effect(
    n: int, *, stddev: float, confidence: float = 0.95, power: float = 0.8
) -> float:
    """Return the smallest true mean difference that *n* pairs would reveal.

    ``stddev`` is that of the differences between pairs; *power* is the chance to find it.

    Raises:
        MetricInputError: *n* is below 2, or *power* or *confidence* is not between 0 and 1.
    """
    if n < 2:
        raise MetricInputError(f"{n} example(s) reveal no difference; give 2 or more")
    if not 0 < power < 1:
        raise MetricInputError(f"power is {power}; give a number between 0 and 1")
    reach = t_quantile(upper_tail(confidence), n - 1) + t_quantile(power, n - 1)
    return reach * stddev / math.sqrt(n)


def _pair(baseline: ArrayLike, candidate: ArrayLike) -> tuple[_Floats, _Floats]:
    first = np.asarray(baseline, dtype=np.float64)
    second = np.asarray(candidate, dtype=np.float64)
    if first.shape != second.shape:
        raise MetricInputError(
            f"{first.size} baseline and {second.size} candidate scores; pair them by example first"
        )
    return first, second


def _is_binary(values: _Floats) -> bool:
    return bool(np.all((values == 0) | (values == 1) | np.isnan(values)))


def _effect_size(differences: _Floats) -> float | None:
    if differences.size < 2:
        return None
    stddev = float(differences.std(ddof=1))
    return float(differences.mean()) / stddev if stddev > 0 else None


def _bonett_price(differences: _Floats, confidence: float) -> tuple[float, float]:
    n = differences.size + 2
    gain = (int((differences > 0).sum()) + 1) / n
    loss = (int((differences < 0).sum()) + 1) / n
    centre = gain - loss
    margin = NormalDist().inv_cdf(upper_tail(confidence)) * math.sqrt(
        (gain + loss - centre * centre) / n
    )
    return max(-1.0, centre - margin), min(1.0, centre + margin)


def _binomial_two_sided(fewer: int, n: int) -> float:
    """Return the chance that a fair coin's rarer side shows at most *fewer* times."""
    tail = sum(math.comb(n, k) for k in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << n))


def _sign_flip(sums: _Floats, permutations: int, seed: int) -> float:
    sums = sums[sums != 0]  # their sign does not matter
    if not sums.size:
        return 1.0
    # Sums of the same numbers in another order differ in their last bits.
    limit = abs(float(sums.sum())) - 1e-9 * float(np.abs(sums).sum())
    # The first sign may stay: the other half of the flips mirrors this one.
    if sums.size - 1 <= math.log2(permutations):
        return float(np.mean(np.abs(_all_flips(sums)) >= limit))
    rng = np.random.default_rng(seed)
    extreme = 0
    for rows in row_blocks(permutations, sums.size):
        signs = rng.integers(0, 2, (rows, sums.size), dtype=np.int8) * 2 - 1
        extreme += int((np.abs(signs @ sums) >= limit).sum())
    return (extreme + 1) / (permutations + 1)


def _all_flips(sums: _Floats) -> _Floats:
    """Return the total of *sums* under each choice of signs, the first sign kept."""
    totals = sums[:1]
    for value in sums[1:]:
        totals = np.concatenate([totals + value, totals - value])
    return totals
