"""Quantiles and tails of the distributions that the tests and intervals here stand on."""

import functools
import importlib
import math
from statistics import NormalDist
from types import ModuleType

from evalhub.errors import MetricInputError

__all__ = [
    "beta_quantile",
    "fair_coin_at_most",
    "hedges_correction",
    "lower_tail",
    "noncentral_t_below",
    "noncentrality",
    "normal_below",
    "normal_quantile",
    "t_below",
    "t_quantile",
    "t_two_sided",
    "upper_tail",
]

_NORMAL = NormalDist()


@functools.cache
def _special() -> ModuleType:
    # Imported at use: scipy.special would triple the import time of evalhub.metrics.
    return importlib.import_module("scipy.special")


def upper_tail(confidence: float) -> float:
    """Return the quantile at which a two-sided interval of *confidence* ends.

    Raises:
        MetricInputError: *confidence* is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise MetricInputError(f"confidence is {confidence}; give a number between 0 and 1")
    return (1 + confidence) / 2


def lower_tail(confidence: float) -> float:
    """Return the quantile at which a two-sided interval of *confidence* begins.

    Raises:
        MetricInputError: *confidence* is not between 0 and 1.
    """
    return 1 - upper_tail(confidence)


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution."""
    return _NORMAL.inv_cdf(probability)


def normal_below(value: float) -> float:
    """Return the chance that a standard normal number lies below *value*."""
    return _NORMAL.cdf(value)


def fair_coin_at_most(heads: int, throws: int) -> float:
    """Return the chance that a fair coin shows at most so many *heads*; 0 where below 0."""
    return 0.0 if heads < 0 else float(_special().bdtr(heads, throws, 0.5))


def t_quantile(probability: float, degrees: float) -> float:
    """Return the quantile of Student's t with so many *degrees* of freedom."""
    return float(_special().stdtrit(degrees, probability))


def t_below(value: float, degrees: float) -> float:
    """Return the chance that Student's t lies below *value*."""
    return float(_special().stdtr(degrees, value))


def t_two_sided(value: float, degrees: float) -> float:
    """Return the chance that Student's t is at least as far from 0 as *value*."""
    return min(1.0, 2 * t_below(-abs(value), degrees))


def beta_quantile(probability: float, a: float, b: float) -> float:
    """Return the quantile of the beta distribution."""
    return float(_special().betaincinv(a, b, probability))


def noncentral_t_below(value: float, degrees: float, noncentral: float) -> float:
    """Return the chance that a t whose numerator is shifted by *noncentral* is below *value*."""
    below = float(_special().nctdtr(degrees, noncentral, value))
    # scipy gives NaN where the chance is as good as none (a shift of 11 and t below -2).
    return (0.0 if value < noncentral else 1.0) if math.isnan(below) else below


def noncentrality(probability: float, degrees: float, value: float) -> float:
    """Return the shift at which a noncentral t lies below *value* with *probability*."""
    return float(_special().nctdtrinc(degrees, probability, value))


def hedges_correction(degrees: float) -> float:
    """Return the factor that takes the bias out of a standardised mean (Hedges, 1981)."""
    gammas = math.lgamma(degrees / 2) - math.lgamma((degrees - 1) / 2)
    return math.exp(gammas) / math.sqrt(degrees / 2)
