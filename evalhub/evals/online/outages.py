"""Metrics that can score nothing now, as when their judge is down: whom to wait for, how long."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from evalhub.evals.online.reading import NewTrace
from evalhub.metrics.base import ScoreColumn
from evalhub.model import ScoreState, SpanStatus

__all__ = ["Outages", "outage_in"]

_TRIES = 3
"""Of a trace by which a metric fails that scores others meanwhile; then it is the trace's fault."""
_UNREAD = "the root spans' outputs hold no text where 'columns' looks for it"


def outage_in(traces: Sequence[NewTrace], columns: Sequence[ScoreColumn]) -> str | None:
    """Say which column has no score for any trace that was answered; None where each has."""
    answered = [index for index, trace in enumerate(traces) if _gave_outputs(trace)]
    for column in columns:
        states = [column.score(index) for index in answered]
        if states and all(one.state is ScoreState.ERRORED for one in states):
            reason = states[0].explanation or _UNREAD
            return f"{column.name} could score none of {len(states)} traces: {reason}"
    return None


def _gave_outputs(trace: NewTrace) -> bool:
    # One that failed half way may have some, which no metric is given.
    return trace.root.status != SpanStatus.ERROR and trace.root.outputs is not None


@dataclass(slots=True)
class Outages:
    """What failed in this round, and how often a metric was tried on a trace in vain."""

    _problems: dict[int, str] = field(default_factory=dict, init=False)
    _worked: dict[int, int] = field(default_factory=dict, init=False)
    _tried: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict, init=False)
    """Of a metric and a trace: how often, and how much the metric had scored at the first time."""

    def begin(self) -> None:
        """Begin a round: each metric gets another chance."""
        self._problems = {}

    def problem(self, metric: int) -> str | None:
        """Return why *metric* is not asked again in this round, or None."""
        return self._problems.get(metric)

    @property
    def problems(self) -> list[str]:
        """What went wrong in this round, one line a metric."""
        return list(self._problems.values())

    def worked(self, metric: int, traces: Sequence[NewTrace]) -> None:
        """Note that *metric* scored *traces*."""
        self._worked[metric] = self._worked.get(metric, 0) + 1
        for trace in traces:
            self._tried.pop((metric, trace.summary.trace_id), None)

    def failed(self, metric: int, traces: Sequence[NewTrace], problem: str) -> bool:
        """Note that *metric* scored none of *traces*; return whether that is their own fault."""
        self._problems[metric] = problem
        worked = self._worked.get(metric, 0)
        is_theirs = True
        for trace in traces:
            key = (metric, trace.summary.trace_id)
            count, before = self._tried.get(key, (0, worked))
            self._tried[key] = (count + 1, before)
            is_theirs = is_theirs and count + 1 >= _TRIES and worked > before
        return is_theirs
