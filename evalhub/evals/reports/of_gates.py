"""What gates said, as a report tells it."""

from collections.abc import Sequence

from evalhub.evals.gates.demand import Decision, GateResult, SliceResult, Verdict
from evalhub.evals.reports import figures
from evalhub.evals.reports.report import GatePart, GateReport

__all__ = ["gate_report", "reason_of", "verdict_of"]

_SUMMARIES = {
    Verdict.PASS: "hold",
    Verdict.FAIL: "failed",
    Verdict.INCONCLUSIVE: "cannot be decided by this data",
    Verdict.INCOMPLETE: "cannot be decided, because too much is missing",
    Verdict.SUSPENDED: "are suspended, because the judge moved",
}


def gate_report(result: GateResult, candidate: str) -> GateReport:
    """Return what one gate said; one that names no target judged *candidate*."""
    gate = result.gate
    return GateReport(
        metric=gate.metric,
        of=gate.of or candidate,
        demand=gate.sentence,
        verdict=result.verdict.value,
        reason=result.reason,
        parts=tuple(_part(part) for part in result.parts),
    )


def _part(part: SliceResult) -> GatePart:
    return GatePart(
        title=part.title,
        verdict=part.verdict.value,
        reason=part.reason,
        n=part.n,
        missing=part.missing,
        value=part.value,
        lower=part.lower,
        upper=part.upper,
        limit=part.limit,
    )


def _has_failed(decision: Decision | None) -> bool:
    return decision is not None and decision.verdict is Verdict.FAIL


def verdict_of(decision: Decision | None, lacking: Sequence[str]) -> str | None:
    """Return the verdict; where something is *lacking* and no gate failed it is incomplete."""
    if lacking and not _has_failed(decision):
        return Verdict.INCOMPLETE.value
    return decision.verdict.value if decision else None


def reason_of(
    decision: Decision | None, gates: Sequence[GateReport], lacking: Sequence[str]
) -> str:
    """Return why the verdict is what it is, with the figures of the gate that decided."""
    if lacking and not _has_failed(decision):
        return f"{'; '.join(lacking)}."
    if decision is None:
        return "No gate was declared, so there is nothing to decide."
    what = _SUMMARIES[decision.verdict]
    deciding = [gate for gate in gates if gate.verdict == decision.verdict.value]
    if decision.verdict is Verdict.PASS:
        return f"{_share(len(deciding), len(gates))} {what if len(gates) > 1 else 'holds'}."
    first = deciding[0]
    return (
        f"{_share(len(deciding), len(gates))} {what}: {first.of}'s {first.metric}, {first.reason}."
    )


def _share(some: int, total: int) -> str:
    if some < total:
        return f"{some} of {figures.plural(total, 'gate')}"
    return "The gate" if total == 1 else f"All {total} gates"
