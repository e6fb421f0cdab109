"""What a target's calls used, what failed, and how its scores are spread."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from evalhub.evals.operational import OPERATIONAL
from evalhub.evals.reports.report import Distribution
from evalhub.evals.reports.run import Failure, Latency, Spending
from evalhub.evals.reports.values import Values
from evalhub.model import ExampleResult, ScoreState

__all__ = ["MOST_IDS", "distribution_of", "failures_of", "spending_of"]

_BINS = 24
MOST_IDS = 5
"""Examples that are named of those without an output or a score."""
_MOST_FAILURES = 12
_REASON_LENGTH = 500


def spending_of(results: Sequence[ExampleResult]) -> Spending:
    """Return the sums over *results*; what no call reports is None."""
    costs = [result.cost_usd for result in results if result.cost_usd is not None]
    return Spending(
        cost_usd=math.fsum(costs) if costs else None,
        priced=len(costs),
        input_tokens=_sum(results, "input_tokens"),
        output_tokens=_sum(results, "output_tokens"),
        latency_ms=_latency(results),
    )


def failures_of(results: Sequence[ExampleResult]) -> tuple[Failure, ...]:
    """Return why there is no output, or no score, the most frequent reason first.

    A score that is missing because the call failed is not named again. One that was skipped
    without a reason is not missing: the first of three repeats holds what is known of all.
    """
    groups: dict[tuple[str, str, str], list[ExampleResult]] = defaultdict(list)
    for result in results:
        if result.error is not None:
            groups["call", ScoreState.ERRORED.value, _short(result.error)].append(result)
            continue
        for score in result.scores:
            if score.state is not ScoreState.SCORED:
                reason = _short(score.explanation or "")
                if score.state is ScoreState.SKIPPED and not reason:
                    continue
                groups[score.name, score.state.value, reason].append(result)
    ordered = sorted(groups.items(), key=lambda item: (item[0][0] != "call", -len(item[1])))
    return tuple(_failure(*key, found) for key, found in ordered[:_MOST_FAILURES])


def distribution_of(metric: str, runs: Mapping[str, Values]) -> Distribution | None:
    """Return the counts of *metric*'s scores in 24 ranges, the same for all targets of *runs*.

    None when nothing was scored.
    """
    values = {
        target: columns[metric][np.isfinite(columns[metric])]
        for target, columns in runs.items()
        if metric in columns
    }
    seen = np.concatenate(list(values.values()))
    if not seen.size:
        return None
    low, high = float(seen.min()), float(seen.max())
    if metric not in OPERATIONAL and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts = {
        target: tuple(int(item) for item in np.histogram(found, edges)[0])
        for target, found in values.items()
    }
    return Distribution(metric, tuple(float(edge) for edge in edges), counts)


def _sum(results: Sequence[ExampleResult], name: str) -> int | None:
    known = [getattr(result.usage, name) for result in results if result.usage is not None]
    counted = [value for value in known if value is not None]
    return sum(counted) if counted else None


def _latency(results: Sequence[ExampleResult]) -> Latency | None:
    known = [
        result.latency_ms
        for result in results
        if result.error is None and result.latency_ms is not None
    ]
    if not known:
        return None
    p50, p95, most = np.quantile(known, (0.5, 0.95, 1.0))
    return Latency(float(p50), float(p95), float(most))


def _failure(what: str, state: str, reason: str, results: Sequence[ExampleResult]) -> Failure:
    some = list({result.example_id: result for result in results}.values())[:MOST_IDS]
    return Failure(
        what=what,
        state=state,
        reason=reason,
        count=len(results),
        example_ids=tuple(result.example_id for result in some),
        trace_ids=tuple(result.trace_id for result in some if result.trace_id is not None),
    )


def _short(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _REASON_LENGTH else f"{line[:_REASON_LENGTH]} …"
