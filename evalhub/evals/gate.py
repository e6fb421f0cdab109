"""Gates: what a candidate must not do, and the verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from evalhub.errors import ConfigError
from evalhub.evals.bounds import Bounds, absolute_bounds, difference_bounds
from evalhub.evals.operational import LOWER_IS_BETTER
from evalhub.model import Experiment

__all__ = ["Decision", "Gate", "GateResult", "Verdict", "decide"]

MIN_UNITS = 6
"""Fewest independent examples (or clusters) a gate decides on.

With five, no sign-flip test can reach p < 0.05: its smallest p is 2/2^5.
"""


class Verdict(StrEnum):
    """What a gate says, gravest last."""

    PASS = "pass"
    INCONCLUSIVE = "inconclusive"
    """The interval holds both: the margin kept, and not."""
    INCOMPLETE = "incomplete"
    """Too many examples have no score."""
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Gate:
    """A demand on one metric of one target; exactly one of the three kinds.

    ``not_worse_than`` names another target, and is non-inferiority by ``margin``: pass
    when the 95% interval of the difference lies above -margin, fail when it lies
    below. ``at_least`` and ``at_most`` bound the metric's mean in the same way. For
    latency, tokens and cost lower is better.
    """

    metric: str
    of: str | None = None
    """Target that is judged; None is the candidate."""
    not_worse_than: str | None = None
    margin: float = 0.0
    at_least: float | None = None
    at_most: float | None = None
    max_error_rate: float = 0.05
    """Share of examples without a score above which the gate refuses to decide."""

    def __post_init__(self) -> None:
        given = [self.not_worse_than, self.at_least, self.at_most]
        if sum(item is not None for item in given) != 1:
            raise ConfigError(
                f"the gate on {self.metric!r} needs exactly one of "
                "not_worse_than, at_least and at_most"
            )
        if not 0 <= self.margin < float("inf"):
            raise ConfigError(
                f"the gate on {self.metric!r} has margin {self.margin}; use 0 or more"
            )
        if not 0 <= self.max_error_rate <= 1:
            raise ConfigError(
                f"the gate on {self.metric!r} has max_error_rate {self.max_error_rate}; "
                "use a share from 0 to 1"
            )


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate's verdict and the figures behind it, in a sentence."""

    gate: Gate
    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The gravest verdict of all gates."""

    verdict: Verdict
    results: tuple[GateResult, ...]


def decide(
    experiments: Sequence[Experiment], gates: Sequence[Gate], *, candidate: str | None = None
) -> Decision:
    """Hold *experiments* against *gates*.

    Args:
        experiments: One for each target.
        gates: At least one; those that name no target judge *candidate*.
        candidate: Target's name; None is the last experiment's.

    Raises:
        ConfigError: a gate names a target or a metric that is not there.
    """
    if not gates:
        raise ConfigError("there is no gate to decide by; add one under 'gates'")
    by_target = {experiment.target: experiment for experiment in experiments}
    fallback = candidate or experiments[-1].target
    results = tuple(_apply(gate, by_target, fallback) for gate in gates)
    order = list(Verdict)
    return Decision(max((result.verdict for result in results), key=order.index), results)


def _apply(gate: Gate, experiments: dict[str, Experiment], fallback: str) -> GateResult:
    judged = _find(experiments, gate.of or fallback, gate)
    if gate.not_worse_than is None:
        return _limit(gate, absolute_bounds(judged, gate.metric))
    baseline = _find(experiments, gate.not_worse_than, gate)
    bounds = difference_bounds(baseline, judged, gate.metric)
    if bounds.refused is not None:
        return GateResult(gate, Verdict.INCOMPLETE, bounds.refused)
    sign = -1.0 if gate.metric in LOWER_IS_BETTER else 1.0
    return _judge(gate, bounds.times(sign), limit=-gate.margin, what="difference")


def _limit(gate: Gate, bounds: Bounds) -> GateResult:
    if gate.at_least is not None:
        return _judge(gate, bounds, limit=gate.at_least, what="mean")
    # At most b is at least -b with the sign turned.
    return _judge(gate, bounds.times(-1.0), limit=-(gate.at_most or 0.0), what="mean")


def _judge(gate: Gate, bounds: Bounds, *, limit: float, what: str) -> GateResult:
    if bounds.missing_rate > gate.max_error_rate:
        return GateResult(
            gate,
            Verdict.INCOMPLETE,
            f"{bounds.missing} of {bounds.total} examples have no score, "
            f"more than {gate.max_error_rate:.0%} allowed",
        )
    if bounds.units < MIN_UNITS or bounds.lower is None or bounds.upper is None:
        return GateResult(
            gate,
            Verdict.INCONCLUSIVE,
            f"{bounds.units} independent examples; {MIN_UNITS} is the fewest to decide on",
        )
    verdict = Verdict.INCONCLUSIVE
    if bounds.lower >= limit:
        verdict = Verdict.PASS
    elif bounds.upper < limit:
        verdict = Verdict.FAIL
    return GateResult(gate, verdict, _reason(bounds, verdict, limit=limit, what=what))


def _reason(bounds: Bounds, verdict: Verdict, *, limit: float, what: str) -> str:
    position = {
        Verdict.PASS: "is above",
        Verdict.FAIL: "is below",
        Verdict.INCONCLUSIVE: "reaches both sides of",
    }[verdict]
    # Signs that were turned for the decision are turned back for the reader.
    low, high = sorted((bounds.sign * (bounds.lower or 0.0), bounds.sign * (bounds.upper or 0.0)))
    if bounds.sign < 0 and verdict is not Verdict.INCONCLUSIVE:
        position = "is below" if verdict is Verdict.PASS else "is above"
    counted = f", {bounds.missing} unscored at their worst and best" if bounds.missing else ""
    return f"{what} [{low:.4g}, {high:.4g}] {position} {bounds.sign * limit:.4g}{counted}"


def _find(experiments: dict[str, Experiment], name: str, gate: Gate) -> Experiment:
    found = experiments.get(name)
    if found is None:
        known = ", ".join(experiments)
        raise ConfigError(f"the gate on {gate.metric!r} names {name!r}; targets are {known}")
    if found.summary(gate.metric) is None:
        known = ", ".join(summary.name for summary in found.summaries)
        raise ConfigError(f"the gate names metric {gate.metric!r}; {name} has {known}")
    return found
