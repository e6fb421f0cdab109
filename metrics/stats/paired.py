"""Compare two systems on the same examples.

NaN stands for "not scored": it is dropped, together with its pair.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import fair_coin_at_most, normal_quantile, upper_tail
from evalhub.metrics.stats.intervals import mean_interval
from evalhub.metrics.stats.permutation import sign_flip
from evalhub.metrics.stats.sample import (
    Clusters,
    Floats,
    as_pair,
    check_draws,
    drop_unscored,
    is_binary,
    total_by,
)

__all__ = ["McNemar", "PairedDifference", "mcnemar", "paired_difference"]

_COUNTED = 1_000
"""Disagreements up to which p is counted in whole numbers; their time grows as the square."""


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
    is Bonett and Price's (2012), which does not shrink to a point when no pair disagrees. With
    clusters that all agree it is theirs as well, a pair for each cluster.

    Raises:
        MetricInputError: the lengths differ, *permutations* is below 2, or a value of a
            rate is neither 0, 1 nor NaN.
    """
    check_draws("permutations", permutations)
    first, second = as_pair(baseline, candidate)
    differences = second - first
    plain = mean_interval(differences, clusters=clusters, confidence=confidence)
    kept, groups = drop_unscored(differences, clusters)
    lower, upper, p_value = plain.lower, plain.upper, None
    if rate and clusters is None and plain.n:
        p_value = mcnemar(first, second).p_value
        lower, upper = _bonett_price(kept, confidence)
    elif plain.stderr is not None:
        p_value = sign_flip(total_by(groups, kept), permutations, seed)
        if rate and kept.min() == kept.max():
            # All alike leaves no variance to estimate; each cluster is then one trial.
            lower, upper = _bonett_price(np.full(int(groups.max()) + 1, kept[0]), confidence)
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


def mcnemar(baseline: ArrayLike, candidate: ArrayLike, *, mid_p: bool = False) -> McNemar:
    """Test exactly whether two systems pass equally often on the same examples.

    *mid_p* counts half of the chance of just what was seen: closer to the nominal level where the
    exact test stays below it, at the price of no longer guaranteeing it (Fagerland et al., 2013).

    Raises:
        MetricInputError: the lengths differ, or a value is neither 0, 1 nor NaN.
    """
    first, second = as_pair(baseline, candidate)
    if not (is_binary(first) and is_binary(second)):
        raise MetricInputError("McNemar's test compares pass and fail; give values of 0, 1 or NaN")
    differences, _ = drop_unscored(second - first, None)
    losses, wins = int((differences < 0).sum()), int((differences > 0).sum())
    p_value = _binomial_two_sided(min(losses, wins), losses + wins, mid_p=mid_p)
    return McNemar(differences.size, losses, wins, p_value)


def _effect_size(differences: Floats) -> float | None:
    if differences.size < 2:
        return None
    stddev = float(differences.std(ddof=1))
    return float(differences.mean()) / stddev if stddev > 0 else None


def _bonett_price(differences: Floats, confidence: float) -> tuple[float, float]:
    n = differences.size + 2
    gain = (int((differences > 0).sum()) + 1) / n
    loss = (int((differences < 0).sum()) + 1) / n
    centre = gain - loss
    margin = normal_quantile(upper_tail(confidence)) * math.sqrt(
        (gain + loss - centre * centre) / n
    )
    return max(-1.0, centre - margin), min(1.0, centre + margin)


def _binomial_two_sided(fewer: int, n: int, *, mid_p: bool) -> float:
    """Return the chance that a fair coin's rarer side shows at most *fewer* times."""
    if n > _COUNTED:
        below = fair_coin_at_most(fewer, n)
        return min(1.0, below + (fair_coin_at_most(fewer - 1, n) if mid_p else below))
    # Whole numbers of any size are exact, and for few of them quicker than importing scipy.
    tail = 2 * sum(math.comb(n, k) for k in range(fewer + 1))
    if mid_p:
        tail -= math.comb(n, fewer)
    return min(1.0, tail / (1 << n))
