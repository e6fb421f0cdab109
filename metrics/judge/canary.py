"""Canaries: a fixed set of outputs that a judge grades again each night.

The outputs never change, so where their grades do the judge did: the provider put another
model behind the name, a prompt was edited, a parser reads differently. Then a new score is
not to be compared with last night's, and gates on this judge are to be suspended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evalhub.errors import MetricInputError
from evalhub.metrics.aggregate import is_rate
from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.metrics.columns import check_lengths
from evalhub.metrics.judge.calibration_file import unlike_parts
from evalhub.metrics.stats.figure import Figure
from evalhub.metrics.stats.paired import paired_difference
from evalhub.model import ScoreState

__all__ = [
    "CanaryItem",
    "CanaryLimits",
    "CanaryResult",
    "CanarySet",
    "Change",
    "check_canaries",
    "record_canaries",
]


@dataclass(frozen=True, slots=True)
class CanaryItem:
    """One output with what the judge is shown beside it, and the grade it got."""

    id: str
    columns: Mapping[str, Any]
    """Values by column name."""
    grade: float | None
    """None where the judge gave none: such an item is kept, and a grade for it is a change."""


@dataclass(frozen=True, slots=True)
class CanarySet:
    """Outputs and their grades, and the judge that gave them."""

    signature: str
    items: tuple[CanaryItem, ...]


@dataclass(frozen=True, slots=True)
class CanaryLimits:
    """What a judge may do without having moved.

    Raises:
        MetricInputError: a limit is out of its range.
    """

    tolerance: float = 0.0
    """Grades as near as this to the old one have not changed."""
    changed_share: float = 0.1
    """Hosted models change a few verdicts from night to night even at temperature 0."""
    p_value: float = 0.01
    """A mean shift with a lower p-value is no accident: one false alarm in a hundred nights."""
    errored_share: float = 0.2
    """Beyond, the judge was hardly asked, and nothing can be said."""

    def __post_init__(self) -> None:
        if self.tolerance < 0:
            raise MetricInputError(f"the tolerance is {self.tolerance}; give 0 or more")
        for name in ("changed_share", "p_value", "errored_share"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise MetricInputError(f"{name} is {value}; give a number from 0 to 1")


@dataclass(frozen=True, slots=True)
class Change:
    """An item whose grade is another one now; None for no grade."""

    id: str
    before: float | None
    now: float | None
    reason: str | None = None
    """Why there is no grade now, or why there is this one."""


@dataclass(frozen=True, slots=True)
class CanaryResult:
    """What judging the canaries again showed."""

    n: int
    """Items that were judged again."""
    errored: int
    """Items whose request failed: they say nothing of the judge."""
    complete: bool
    """False where too many requests failed to say that the judge stayed."""
    moved: bool
    """Whether the judge is another one than it was; gates on it are to be suspended."""
    reasons: tuple[str, ...]
    changes: tuple[Change, ...]
    shift: Figure
    """Mean grade now minus then, over the items with both."""
    p_value: float | None
    """For "the mean has not changed", of the paired test."""

    @property
    def changed_share(self) -> float | None:
        """Share of the items that changed; None where none was judged."""
        return len(self.changes) / self.n if self.n else None


def record_canaries(
    metric: Metric, columns: Mapping[str, Sequence[Any]], ids: Sequence[str]
) -> CanarySet:
    """Have *metric* grade the outputs in *columns*, and return them with their grades.

    Raises:
        MetricInputError: a column that the metric needs is missing, lengths differ, an id
            is there twice, there is no output, or a request failed.
    """
    _check(metric, columns, ids)
    column = _grade(metric, columns)
    failed = _states(column).count(ScoreState.ERRORED)
    if failed:
        raise MetricInputError(
            f"{failed} of {len(ids)} requests failed ({_first_failure(column)}); "
            "record canaries when the judge answers"
        )
    rows = [{name: columns[name][i] for name in metric.requires} for i in range(len(ids))]
    items = zip(ids, rows, _grades(column), strict=True)
    return CanarySet(column.signature, tuple(CanaryItem(*item) for item in items))


def check_canaries(
    metric: Metric, canaries: CanarySet, limits: CanaryLimits | None = None
) -> CanaryResult:
    """Have *metric* grade the canaries again, and say whether it has moved.

    It has when its signature is another one, when more grades changed than *limits* allow, or
    when the mean shifted beyond chance. A grade that is missing now is a change; a request
    that failed is not, and too many of those leave the question open (``complete``).

    Raises:
        MetricInputError: the canaries lack a column that the metric needs.
    """
    limits = limits or CanaryLimits()
    columns = _columns(metric, canaries.items)
    column = _grade(metric, columns)
    judged = [state is not ScoreState.ERRORED for state in _states(column)]
    changes = _changes(canaries.items, column, judged, limits.tolerance)
    before = _as_array([item.grade for item in canaries.items])
    paired = paired_difference(before, column.values, rate=_is_rate(before, column))
    n, errored = sum(judged), len(judged) - sum(judged)
    shift = Figure(paired.n, paired.difference, paired.lower, paired.upper, _doubt(paired.n))
    reasons = (
        *_another_judge(canaries.signature, column.signature),
        *_too_many(len(changes), n, limits),
        *_shifted(paired.difference, paired.p_value, limits),
    )
    return CanaryResult(
        n=n,
        errored=errored,
        complete=errored <= limits.errored_share * len(judged),
        moved=bool(reasons),
        reasons=reasons,
        changes=changes,
        shift=shift,
        p_value=paired.p_value,
    )


def _check(metric: Metric, columns: Mapping[str, Sequence[Any]], ids: Sequence[str]) -> None:
    missing = [name for name in metric.requires if name not in columns]
    if missing:
        raise MetricInputError(f"{metric.name} needs the column {missing[0]!r}; it is not given")
    if not check_lengths(ids=ids, **columns):
        raise MetricInputError("there is no output; give some 30 to 100 as canaries")
    seen: set[str] = set()
    for id_ in ids:
        if id_ in seen:
            raise MetricInputError(f"the id {id_!r} is there twice; every canary needs its own")
        seen.add(id_)


def _columns(metric: Metric, items: Sequence[CanaryItem]) -> dict[str, list[Any]]:
    for item in items:
        missing = [name for name in metric.requires if name not in item.columns]
        if missing:
            raise MetricInputError(
                f"{metric.name} needs the column {missing[0]!r}, which canary {item.id!r} lacks; "
                "record the canaries with this judge"
            )
    return {name: [item.columns[name] for item in items] for name in metric.requires}


def _grade(metric: Metric, columns: Mapping[str, Sequence[Any]]) -> ScoreColumn:
    needed = {name: columns[name] for name in metric.requires}
    table = metric.score_batch(**needed)
    if metric.name not in table:
        raise MetricInputError(
            f"{metric.name} gives {', '.join(table)}; canaries take a judge with one grade"
        )
    return table[metric.name]


def _states(column: ScoreColumn) -> list[ScoreState]:
    return list(column.states or [ScoreState.SCORED] * len(column))


def _first_failure(column: ScoreColumn) -> str | None:
    scores = (column.score(i) for i in range(len(column)))
    return next(score.explanation for score in scores if score.state is ScoreState.ERRORED)


def _grades(column: ScoreColumn) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in column.values]


def _as_array(grades: Sequence[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if grade is None else grade for grade in grades], dtype=np.float64)


def _is_rate(before: NDArray[np.float64], column: ScoreColumn) -> bool:
    return is_rate(np.concatenate([before, column.values]), column.bounds)


def _changes(
    items: Sequence[CanaryItem], column: ScoreColumn, judged: Sequence[bool], tolerance: float
) -> tuple[Change, ...]:
    found = zip(items, _grades(column), judged, range(len(items)), strict=True)
    return tuple(
        Change(item.id, item.grade, now, column.score(index).explanation)
        for item, now, was_judged, index in found
        if was_judged and _differs(item.grade, now, tolerance)
    )


def _differs(before: float | None, now: float | None, tolerance: float) -> bool:
    if before is None or now is None:
        return before is not now
    # Means of several judges or samples differ in their last bits.
    return abs(now - before) > tolerance + 1e-9


def _doubt(n: int) -> str | None:
    return None if n > 1 else f"{n} canaries have a grade then and now"


def _another_judge(before: str, now: str) -> tuple[str, ...]:
    if before == now:
        return ()
    return (f"the judge is another one: {unlike_parts(before, now)}",)


def _too_many(changed: int, n: int, limits: CanaryLimits) -> tuple[str, ...]:
    if not n or changed <= limits.changed_share * n:
        return ()
    return (f"{changed} of {n} grades changed; {limits.changed_share:.0%} may",)


def _shifted(
    difference: float | None, p_value: float | None, limits: CanaryLimits
) -> tuple[str, ...]:
    if difference is None or p_value is None or p_value >= limits.p_value:
        return ()
    return (f"the mean grade shifted by {difference:+.3g} (p = {p_value:.2g})",)
