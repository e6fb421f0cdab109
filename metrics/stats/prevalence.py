"""The true rate behind an imperfect test: what a judge's pass rate says of the outputs.

The estimate is Rogan and Gladen's (1978), the interval Lang and Reiczigel's (2014,
"Confidence limits for prevalence of disease adjusted for estimated sensitivity and
specificity", Preventive Veterinary Medicine 113), which counts the doubt in all three rates.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.metrics.stats.distributions import normal_quantile, upper_tail
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.intervals import mean_interval

__all__ = ["Trials", "corrected_rate", "effective_trials"]


@dataclass(frozen=True, slots=True)
class Trials:
    """How many of so many trials succeeded; fractions where trials hang together.

    Raises:
        MetricInputError: there are more successes than trials, or fewer than 0.
    """

    successes: float
    n: float

    def __post_init__(self) -> None:
        if not 0 <= self.successes <= self.n:
            raise MetricInputError(
                f"{self.successes} successes in {self.n} trials; give 0 <= successes <= n"
            )

    @property
    def rate(self) -> float:
        """Successes over trials."""
        return self.successes / self.n


def effective_trials(outcomes: Sequence[float], clusters: Sequence[object] | None) -> Trials:
    """Return *outcomes* of 0 and 1 as trials, fewer where those of a cluster are alike.

    The number is that of independent trials with the same variance (Kish, 1965); where all
    outcomes are alike there is no variance to go by, and each cluster is one trial.
    """
    n, successes = len(outcomes), float(sum(outcomes))
    if clusters is None or not n:
        return Trials(successes, n)
    rate, apart = successes / n, len(set(clusters))
    if rate in {0.0, 1.0}:
        return Trials(rate * apart, apart)
    stderr = mean_interval(np.asarray(outcomes, dtype=np.float64), clusters=clusters).stderr
    size = n if not stderr else min(float(n), rate * (1 - rate) / stderr**2)
    return Trials(rate * size, size)


def corrected_rate(
    observed: Trials, *, sensitivity: Trials, specificity: Trials, confidence: float = 0.95
) -> Figure:
    """Return the rate of true passes among outputs of which a judge passed *observed*.

    *sensitivity* is how many true passes the judge passed, *specificity* how many true
    fails it failed, both counted on outputs other than the observed ones. Rate and interval
    are cut at 0 and 1. A judge that passes true fails as often as true passes says nothing:
    then there is no value; where the labels do not rule that out, the interval is all of 0 to 1.
    """
    n = round(observed.n)
    empty = _what_is_missing(observed, sensitivity, specificity)
    if empty is not None:
        return Figure(n, reason=empty)
    skill = sensitivity.rate + specificity.rate - 1
    if skill <= 0:
        return Figure(
            n,
            reason=f"the judge passes {sensitivity.rate:.0%} of the true passes and "
            f"{1 - specificity.rate:.0%} of the true fails: it does not tell them apart",
        )
    value = _cut((observed.rate + specificity.rate - 1) / skill)
    lower, upper = _lang_reiczigel(observed, sensitivity, specificity, confidence)
    if lower is None or upper is None:
        return Figure(
            n, value, 0.0, 1.0, "too few labels to rule out that the judge tells nothing apart"
        )
    return Figure(n, value, min(lower, value), max(upper, value))


def _what_is_missing(observed: Trials, sensitivity: Trials, specificity: Trials) -> str | None:
    if not observed.n:
        return "the judge has judged nothing"
    if not sensitivity.n:
        return "no labelled output truly passes, so the judge's true-pass rate is not known"
    if not specificity.n:
        return "no labelled output truly fails, so the judge's true-fail rate is not known"
    return None


def _lang_reiczigel(
    observed: Trials, sensitivity: Trials, specificity: Trials, confidence: float
) -> tuple[float, float] | tuple[None, None]:
    z = normal_quantile(upper_tail(confidence))
    seen = _Adjusted.of(observed, z * z / 2)
    passing, failing = _Adjusted.of(sensitivity, 1.0), _Adjusted.of(specificity, 1.0)
    skill = passing.rate + failing.rate - 1
    if skill <= z * math.sqrt(passing.variance + failing.variance):
        return None, None
    rate = (seen.rate + failing.rate - 1) / skill
    shift = 2 * z * z * (rate * passing.variance - (1 - rate) * failing.variance)
    variance = seen.variance + rate**2 * passing.variance + (1 - rate) ** 2 * failing.variance
    margin = z * math.sqrt(variance) / skill
    return _cut(rate + shift - margin), _cut(rate + shift + margin)


@dataclass(frozen=True, slots=True)
class _Adjusted:
    """A rate with successes and failures added, so that 0 of 10 leaves doubt."""

    rate: float
    variance: float

    @classmethod
    def of(cls, trials: Trials, added: float) -> "_Adjusted":
        n = trials.n + 2 * added
        rate = (trials.successes + added) / n
        return cls(rate, rate * (1 - rate) / n)


def _cut(rate: float) -> float:
    return min(1.0, max(0.0, rate))
