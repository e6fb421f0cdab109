"""Adjust p-values for how many were computed.

An adjusted p-value is held against the same level as a plain one. Benjamini-Hochberg
and Benjamini-Yekutieli keep the expected share of false finds among all finds below the level;
Holm and Bonferroni the chance of even one false find.
"""

from collections.abc import Sequence

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.sample import Floats

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "bonferroni", "holm"]


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Return *p_values* adjusted for their number, in their order.

    Calling those below q significant keeps the expected share of false ones below q, for
    tests that are independent or depend on each other positively (Benjamini and Hochberg, 1995).

    Raises:
        MetricInputError: a p-value is not between 0 and 1.
    """
    return _step_up(_checked(p_values), 1.0)


def benjamini_yekutieli(p_values: Sequence[float]) -> list[float]:
    """Return *p_values* adjusted as in :func:`benjamini_hochberg`, whatever their dependence.

    Costs a factor of 1 + 1/2 + ... + 1/m (Benjamini and Yekutieli, 2001).

    Raises:
        MetricInputError: a p-value is not between 0 and 1.
    """
    p = _checked(p_values)
    return _step_up(p, float((1 / np.arange(1, p.size + 1)).sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return *p_values* adjusted so that even one false find is rare, whatever their dependence.

    Never larger than Bonferroni's (Holm, 1979).

    Raises:
        MetricInputError: a p-value is not between 0 and 1.
    """
    p = _checked(p_values)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1))
    return _in_order(stepped, order)


def bonferroni(p_values: Sequence[float]) -> list[float]:
    """Return *p_values* times their number, at most 1.

    Raises:
        MetricInputError: a p-value is not between 0 and 1.
    """
    p = _checked(p_values)
    return _in_order(p * p.size, np.arange(p.size))


def _step_up(p: Floats, factor: float) -> list[float]:
    order = np.argsort(-p, kind="stable")
    ranks = np.arange(p.size, 0, -1)
    return _in_order(np.minimum.accumulate(p[order] * factor * p.size / ranks), order)


def _in_order(adjusted: Floats, order: np.ndarray[tuple[int], np.dtype[np.intp]]) -> list[float]:
    placed = np.empty_like(adjusted)
    placed[order] = np.minimum(adjusted, 1.0)
    return [float(value) for value in placed]


def _checked(p_values: Sequence[float]) -> Floats:
    p = np.asarray(p_values, dtype=np.float64)
    wrong = p[~((p >= 0) & (p <= 1))]
    if wrong.size:
        raise MetricInputError(f"a p-value is {wrong[0]}; give numbers from 0 to 1")
    return p
