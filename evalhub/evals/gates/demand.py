"""What a gate demands of a target, and what came of it."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from evalhub.errors import ConfigError
from evalhub.evals.gates.statistic import Statistic

__all__ = [
    "BASELINE_RUN",
    "MIN_UNITS",
    "Decision",
    "Gate",
    "GateResult",
    "SliceResult",
    "Verdict",
    "read_margin",
]

BASELINE_RUN = "baseline-run"
"""What gates call the kept run that the suite's ``baseline`` names."""
MIN_UNITS = 6
"""Fewest independent examples (or clusters) a gate decides on.

With five, no sign-flip test can reach p < 0.05: its smallest p is 2/2^5.
"""


_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


def read_margin(text: str) -> tuple[float, bool]:
    """Return the number of a margin such as ``0.02`` or ``2%``, and whether it is a share.

    Raises:
        ConfigError: it is neither.
    """
    share = _PERCENT.fullmatch(text)
    if share is not None:
        return float(share[1]) / 100, True
    try:
        return float(text), False
    except ValueError:
        raise ConfigError(f"has margin {text!r}; use a number or a share such as 2%") from None


class Verdict(StrEnum):
    """What a gate says, gravest last."""

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    """The interval holds both: the demand kept, and not."""
    INCOMPLETE = "incomplete"
    """Too many examples have no score, or the two runs cannot be compared."""
    SUSPENDED = "suspended"
    """The judge moved, so that its scores are not to be held against anything."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Gate:
    """A demand on one metric of one target; exactly one of the four kinds.

    ``not_worse_than`` names another target, and is non-inferiority by ``margin``: pass
    when the 95% interval of the difference lies above -margin, fail when it lies
    below. ``better_than`` is superiority by more than ``margin``. ``at_least`` and
    ``at_most`` bound the metric's mean, or another ``statistic``, in the same way. For
    latency, tokens, cost and the error rate lower is better.

    Raises:
        ConfigError: no kind or several, or a number that makes no sense.
    """

    metric: str
    """A metric's name; ``error_rate`` is the share of calls that failed."""
    of: str | None = None
    """Target that is judged; None is the candidate."""
    not_worse_than: str | None = None
    margin: float = 0.0
    """What may be lost, or must be gained; in the metric's unit."""
    at_least: float | None = None
    at_most: float | None = None
    max_error_rate: float = 0.05
    """Share of examples without a score above which the gate refuses to decide."""
    better_than: str | None = None
    is_relative: bool = False
    """Whether ``margin`` is a share of the other target's mean."""
    statistic: str = "mean"
    """``mean``, or a percentile such as ``p95``."""
    slices: tuple[str, ...] = ()
    """Names of slices: the demand must hold for each of their labels."""
    smallest_slice: int = 1
    """Labels with fewer examples are left out."""
    method: str = "usual"
    """``exact`` for passes and fails: an interval that never misses more than promised;
    ``observed`` takes the figure as it is, without an interval."""

    def __post_init__(self) -> None:
        given = [self.other, self.at_least, self.at_most]
        if sum(item is not None for item in given) != 1 or (
            self.not_worse_than is not None and self.better_than is not None
        ):
            raise self._error(
                "needs exactly one of not_worse_than, better_than, at_least and at_most"
            )
        if not 0 <= self.margin < math.inf:
            raise self._error(f"has margin {self.margin}; use 0 or more")
        if not 0 <= self.max_error_rate <= 1:
            raise self._error(f"has max_error_rate {self.max_error_rate}; use a share from 0 to 1")
        if self.limit is not None and not math.isfinite(self.limit):
            raise self._error(f"has the limit {self.limit}; give a finite number")
        if self.method not in {"usual", "exact", "observed"}:
            raise self._error(f"has method {self.method!r}; use usual, exact or observed")
        if self.is_observed and self.other is not None:
            raise self._error("compares by method observed, which is for at_least and at_most")
        self._check_statistic()

    def _check_statistic(self) -> None:
        try:
            statistic = Statistic.parse(self.statistic)
        except ConfigError as error:
            raise self._error(str(error)) from None
        if statistic.kind == "percentile" and self.other is not None:
            raise self._error(
                f"compares {self.statistic} of two targets; give it at_least or at_most"
            )
        if statistic.kind == "percentile" and self.method == "exact":
            raise self._error(f"has method exact, which is for rates; {self.statistic} has none")

    def _error(self, what: str) -> ConfigError:
        return ConfigError(f"the gate on {self.metric!r} {what}")

    @property
    def limit(self) -> float | None:
        """What it is bounded by; None where it compares."""
        return self.at_most if self.at_least is None else self.at_least

    @property
    def is_observed(self) -> bool:
        """Whether it is about just these examples, and not about what they are a sample of."""
        return self.method == "observed"

    @property
    def fewest(self) -> int:
        """Fewest independent examples that it decides on."""
        return 1 if self.is_observed else MIN_UNITS

    @property
    def other(self) -> str | None:
        """The target that the judged one is held against, or None."""
        return self.better_than if self.not_worse_than is None else self.not_worse_than

    @property
    def sentence(self) -> str:
        """The demand in words, without the judged target's name."""
        what = self.metric if self.statistic == "mean" else f"{self.statistic} of {self.metric}"
        where = f" in every {', '.join(self.slices)}" if self.slices else ""
        return f"{what} {self._demanded}{where}"

    @property
    def _demanded(self) -> str:
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        margin = f"{self.margin:.6g}" if not self.is_relative else f"{self.margin * 100:.6g}%"
        kind = "better" if self.not_worse_than is None else "not worse"
        by = "" if self.margin == 0 else f" by {margin}" if self.better_than else f" ({margin})"
        return f"{kind} than {self.other}{by}"


@dataclass(frozen=True, slots=True)
class SliceResult:
    """A gate's verdict on one part of the data, and the figures behind it."""

    name: str
    """Name of the slice, such as ``language``; empty for the whole."""
    label: str
    """Its label, such as ``de``; empty for the whole."""
    verdict: Verdict
    reason: str
    n: int
    """Examples that should have a score."""
    missing: int
    """Those of them that have none."""
    value: float | None
    """The statistic, or its difference, over what is scored."""
    lower: float | None
    """Ends of the 95% interval, whatever the missing scores would have been."""
    upper: float | None
    limit: float | None
    """What the interval is held against."""

    @property
    def title(self) -> str:
        """The slice in words; empty for the whole."""
        return f"{self.name}={self.label}" if self.name else ""


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate's verdict and the figures behind it, in a sentence."""

    gate: Gate
    verdict: Verdict
    reason: str
    parts: tuple[SliceResult, ...] = ()
    """The whole, or one a slice; empty where nothing could be computed."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The gravest verdict of all gates."""

    verdict: Verdict
    results: tuple[GateResult, ...]
