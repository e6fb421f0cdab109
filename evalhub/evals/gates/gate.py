"""Gates: what a candidate must not do, and the verdict.

A decision passes when every demand does. That takes no correction for their number: to pass by
mistake, the one demand that is not met has to pass by mistake (an intersection-union test;
Berger, 1982). It fails when one demand is surely broken, and of many one is soon seen to be
broken by chance; so failures are found by Holm's (1979) procedure over all demands, slices
included, which keeps the chance of even one false failure at 2.5%.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalhub.errors import ConfigError, MetricInputError
from evalhub.evals.gates.bounds import Bounds
from evalhub.evals.gates.claims import Claim, claims_of, claims_of_pair
from evalhub.evals.gates.demand import (
    BASELINE_RUN,
    Decision,
    Gate,
    GateResult,
    SliceResult,
    Verdict,
)
from evalhub.evals.gates.pairs import refusal
from evalhub.evals.operational import ERROR_RATE
from evalhub.metrics.judge.canary import CanaryResult
from evalhub.metrics.stats import Conclusion
from evalhub.model import Experiment

__all__ = ["Decision", "Gate", "GateResult", "Verdict", "decide"]

CONFIDENCE = 0.95


def decide(
    experiments: Sequence[Experiment],
    gates: Sequence[Gate],
    *,
    candidate: str | None = None,
    kept: Mapping[str, Experiment] | None = None,
    canaries: Mapping[str, CanaryResult] | None = None,
) -> Decision:
    """Hold *experiments* against *gates*.

    Args:
        experiments: One for each target.
        gates: At least one; those that name no target judge *candidate*.
        candidate: Target's name; None is the last experiment's.
        kept: By a target's name, the earlier run that ``baseline-run`` stands for. A
            target without one passes such a gate, which says so.
        canaries: What judging the canaries again showed, by the judge's metric.

    Raises:
        ConfigError: a gate names a target or a metric that is not there.
    """
    if not gates:
        raise ConfigError("there is no gate to decide by; add one under 'gates'")
    by_target = {experiment.target: experiment for experiment in experiments}
    court = _Court(by_target, candidate or experiments[-1].target, kept or {}, canaries or {})
    cases = [court.case(gate) for gate in gates]
    failed = _surely_broken([finding for case in cases for finding in case.findings])
    results = tuple(_result(case, failed) for case in cases)
    return Decision(_gravest([result.verdict for result in results]), results)


@dataclass(frozen=True, slots=True, eq=False)
class _Finding:
    """A claim with its 95% bounds; compared by identity."""

    gate: Gate
    claim: Claim
    bounds: Bounds

    @property
    def can_decide(self) -> bool:
        found = self.bounds
        return (
            found.missing_rate <= self.gate.max_error_rate
            and found.units >= self.gate.fewest
            and found.lower is not None
            and found.upper is not None
        )

    def is_broken(self, confidence: float) -> bool:
        return self.claim.conclude(self.claim.at(confidence)) is Conclusion.FAIL


@dataclass(frozen=True, slots=True)
class _Case:
    """One gate: what was found, or the result when there was nothing to find."""

    gate: Gate
    findings: tuple[_Finding, ...] = ()
    settled: GateResult | None = None


@dataclass(frozen=True, slots=True)
class _Court:
    """What gates are held against."""

    experiments: Mapping[str, Experiment]
    candidate: str
    kept: Mapping[str, Experiment]
    canaries: Mapping[str, CanaryResult]

    def case(self, gate: Gate) -> _Case:
        """Return what *gate* finds.

        Raises:
            ConfigError: it names a target or a metric that is not there.
        """
        judged = self._find(gate.of or self.candidate, gate)
        settled = self._moved_judge(gate)
        if settled is not None:
            return _Case(gate, settled=settled)
        try:
            claims = self._claims(gate, judged)
        except MetricInputError as error:
            return _Case(gate, settled=GateResult(gate, Verdict.INCOMPLETE, str(error)))
        if isinstance(claims, GateResult):
            return _Case(gate, settled=claims)
        return _Case(gate, tuple(_Finding(gate, one, one.at(CONFIDENCE)) for one in claims))

    def _claims(self, gate: Gate, judged: Experiment) -> list[Claim] | GateResult:
        if gate.other is None:
            return claims_of(gate, judged)
        if gate.other == judged.target:
            raise ConfigError(f"the gate on {gate.metric!r} holds {gate.other!r} against itself")
        baseline = self._baseline(gate.other, judged, gate)
        if baseline is None:
            reason = "there is no earlier run to hold it against; this one may be the first"
            return GateResult(gate, Verdict.PASS, reason)
        refused = refusal(baseline, judged, gate.metric)
        if refused is not None:
            return GateResult(gate, Verdict.INCOMPLETE, refused)
        return claims_of_pair(gate, baseline, judged)

    def _baseline(self, name: str, judged: Experiment, gate: Gate) -> Experiment | None:
        if name == BASELINE_RUN and name not in self.experiments:
            return self.kept.get(judged.target)
        return self._find(name, gate)

    def _moved_judge(self, gate: Gate) -> GateResult | None:
        canary = self.canaries.get(gate.metric)
        if canary is None or (canary.complete and not canary.moved):
            return None
        if canary.moved:
            reason = f"the judge moved: {'; '.join(canary.reasons)}"
            return GateResult(gate, Verdict.SUSPENDED, reason)
        reason = f"{canary.errored} of {canary.n + canary.errored} canaries could not be judged"
        return GateResult(gate, Verdict.INCOMPLETE, f"{reason}, so the judge may have moved")

    def _find(self, name: str, gate: Gate) -> Experiment:
        found = self.experiments.get(name)
        if found is None:
            known = ", ".join(self.experiments)
            raise ConfigError(f"the gate on {gate.metric!r} names {name!r}; targets are {known}")
        if gate.metric != ERROR_RATE and found.summary(gate.metric) is None:
            known = ", ".join(summary.name for summary in found.summaries)
            raise ConfigError(f"the gate names metric {gate.metric!r}; {name} has {known}")
        return found


def _surely_broken(findings: Sequence[_Finding]) -> set[_Finding]:
    """Return the findings that fail after Holm's correction for how many there are."""
    deciding = [one for one in findings if one.can_decide]
    suspects = [one for one in deciding if one.claim.conclude(one.bounds) is Conclusion.FAIL]
    # What is said of just these examples is no test, and takes nothing from those that are.
    broken = {one for one in suspects if one.gate.is_observed}
    left = sum(not one.gate.is_observed for one in deciding)
    while suspects := [one for one in suspects if one not in broken]:
        found = {one for one in suspects if one.is_broken(1 - (1 - CONFIDENCE) / left)}
        if not found:
            break
        broken |= found
        left -= len(found)
    return broken


def _result(case: _Case, broken: set[_Finding]) -> GateResult:
    if case.settled is not None:
        return case.settled
    parts = tuple(_part(finding, finding in broken) for finding in case.findings)
    verdict = _gravest([part.verdict for part in parts])
    return GateResult(case.gate, verdict, _summary(parts, verdict), parts)


def _part(finding: _Finding, is_broken: bool) -> SliceResult:
    verdict, reason = _judge(finding, is_broken)
    bounds, claim = finding.bounds, finding.claim
    lower, upper = _as_read(bounds)
    return SliceResult(
        name=claim.slice_name,
        label=claim.slice_label,
        verdict=verdict,
        reason=reason,
        n=bounds.total,
        missing=bounds.missing,
        value=bounds.value,
        lower=lower,
        upper=upper,
        limit=_limit(finding),
    )


def _judge(finding: _Finding, is_broken: bool) -> tuple[Verdict, str]:
    bounds = finding.bounds
    if not bounds.total:
        return Verdict.INCOMPLETE, "no example has anything to score"
    if bounds.missing_rate > finding.gate.max_error_rate:
        return Verdict.INCOMPLETE, (
            f"{bounds.missing} of {bounds.total} examples have no score, "
            f"more than {finding.gate.max_error_rate:.0%} allowed"
        )
    if not finding.can_decide:
        return Verdict.INCONCLUSIVE, (
            f"{bounds.units} independent {'example' if bounds.units == 1 else 'examples'}; "
            f"{finding.gate.fewest} is the fewest to decide on"
        )
    verdict = Verdict(finding.claim.conclude(bounds).value)
    reason = _reason(finding)
    if verdict is Verdict.FAIL and not is_broken:
        return Verdict.INCONCLUSIVE, f"{reason}, but not surely among this many demands"
    return verdict, reason


def _reason(finding: _Finding) -> str:
    bounds = finding.bounds
    # Signs that were turned for the decision are turned back for the reader.
    low, high = _as_read(bounds)
    limit = _limit(finding)
    counted = f", {bounds.missing} unscored at their worst and best" if bounds.missing else ""
    figures = (
        f"{low:.4g}" if finding.gate.is_observed and low == high else f"[{low:.4g}, {high:.4g}]"
    )
    told = f"{finding.claim.what} {figures} {_position(low, high, limit)} {limit:.4g}{counted}"
    # No sample shows that a rate is 1, or that nothing ever fails.
    is_out_of_reach = finding.gate.limit is not None and bounds.value == limit and low != high
    return f"{told}; 'method: observed' asks of just these examples" if is_out_of_reach else told


def _position(low: float | None, high: float | None, limit: float) -> str:
    if low is None or high is None or low < limit < high:
        return "reaches both sides of"
    if low == high == limit:
        return "is"
    if low >= limit:
        return "is above" if low > limit else "reaches down to"
    return "is below" if high < limit else "reaches up to"


def _limit(finding: _Finding) -> float:
    """Return what the figures are held against, as it is read; never -0."""
    return finding.bounds.sign * finding.claim.limit + 0.0


def _as_read(bounds: Bounds) -> tuple[float | None, float | None]:
    if bounds.lower is None or bounds.upper is None:
        return None, None
    found = bounds.times(bounds.sign)
    return found.lower, found.upper


def _summary(parts: Sequence[SliceResult], verdict: Verdict) -> str:
    """Return the reason of the only part, or that of the gravest and how many there are."""
    if len(parts) == 1:
        return f"{parts[0].title}: {parts[0].reason}".removeprefix(": ")
    gravest = [part for part in parts if part.verdict is verdict]
    more = f"; {len(gravest) - 1} more are {verdict.value}" if len(gravest) > 1 else ""
    if verdict is Verdict.PASS:
        return f"all {len(parts)} slices hold"
    return f"{gravest[0].title} of {len(parts)} slices: {gravest[0].reason}{more}"


def _gravest(verdicts: Sequence[Verdict]) -> Verdict:
    return max(verdicts, key=list(Verdict).index)
