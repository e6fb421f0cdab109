"""Columns of what foreign functions say of each example.

A function of the user's, of LangSmith or of MLflow answers for one example, with one number
or several under names of their own. Here such answers become columns.
"""

import math
import numbers
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from evalhub.errors import MetricError
from evalhub.metrics.base import ScoreColumn, ScoreTable
from evalhub.metrics.columns import Unscored, explanations_of, states_of
from evalhub.model import ScoreState

__all__ = [
    "Finding",
    "Findings",
    "bounds_setting",
    "columns",
    "reading",
]

_PASS_OR_FAIL = (0.0, 1.0)
_ARRAYS = frozenset({"torch", "jaxlib._jax"})
"""Whose tensors count as the number that they hold, as those of torchmetrics do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a function says of one example under one name."""

    value: float | Unscored
    label: str | None = None
    explanation: str | None = None
    bounds: tuple[float, float] | None = None
    """Least and greatest value that there can be, where the function says them."""


Findings = Mapping[str, Finding] | Unscored
"""What is said of one example, by name; or why there is nothing."""


def reading(value: Any, *, label: str | None = None, explanation: str | None = None) -> Finding:
    """Return the finding that *value* is: a number, a pass or fail, or None.

    Only a bool is a pass or fail, with bounds of 0 and 1: an int of 1 may be a grade. None is
    skipped; NaN and infinity are errors of the function.

    Raises:
        TypeError: *value* is something else.
    """
    if value is None:
        return Finding(_nothing(explanation), label)
    if isinstance(value, bool | np.bool_):
        return Finding(float(value), label, explanation, _PASS_OR_FAIL)
    if isinstance(value, Decimal) or type(value).__module__ in _ARRAYS:
        value = float(value)  # of an array or tensor of one number; others raise
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{_shown(value)} is no score; return a number, a bool or None")
    if not math.isfinite(value):
        return Finding(Unscored(ScoreState.ERRORED, f"the score is {value}"), label)
    return Finding(float(value), label, explanation)


def columns(
    findings: Sequence[Findings],
    *,
    name: str,
    signature: Callable[[str], str],
    bounds: tuple[float, float] | None = None,
) -> ScoreTable:
    """Return a column for each name in *findings*, in the order they are met.

    Where an example lacks a name that others have, it is skipped there. Where no example has
    any, there is one column, *name*, that says why. *signature* gives a column's own.
    Without *bounds* a column has those that all its findings agree on, else None; with
    them, a value outside is an error of its example.
    """
    names = list(dict.fromkeys(key for item in findings for key in _names(item)))
    return {
        key: _column(key, [_under(item, key) for item in findings], signature(key), bounds)
        for key in names or [name]
    }


def bounds_setting(bounds: Sequence[float] | None) -> tuple[float, float] | None:
    """Return the setting *bounds* as a pair.

    Raises:
        MetricError: it is not two numbers, the least first.
    """
    if bounds is None:
        return None
    try:
        least, greatest = (float(end) for end in bounds)
    except (TypeError, ValueError):
        raise MetricError(f"bounds is {bounds!r}; give two numbers such as [1, 5]") from None
    if not least < greatest:
        raise MetricError(f"bounds is {bounds!r}; give the least value first")
    return least, greatest


def _column(
    name: str,
    findings: Sequence[Finding],
    signature: str,
    bounds: tuple[float, float] | None,
) -> ScoreColumn:
    if bounds is not None:
        findings = [_within(finding, bounds) for finding in findings]
    values = [finding.value for finding in findings]
    unscored = {i: value for i, value in enumerate(values) if isinstance(value, Unscored)}
    reasons = explanations_of(len(values), unscored) or [None] * len(values)
    explanations = [
        finding.explanation if reason is None else reason
        for finding, reason in zip(findings, reasons, strict=True)
    ]
    labels = [finding.label for finding in findings]
    return ScoreColumn(
        name=name,
        values=np.array([np.nan if isinstance(v, Unscored) else v for v in values], np.float64),
        signature=signature,
        states=states_of(len(values), unscored),
        labels=labels if any(label is not None for label in labels) else None,
        explanations=explanations if any(text is not None for text in explanations) else None,
        bounds=bounds or _agreed(findings),
    )


def _agreed(findings: Sequence[Finding]) -> tuple[float, float] | None:
    said = {item.bounds for item in findings if not isinstance(item.value, Unscored)}
    return said.pop() if len(said) == 1 else None


def _within(finding: Finding, bounds: tuple[float, float]) -> Finding:
    value = finding.value
    if isinstance(value, Unscored) or bounds[0] <= value <= bounds[1]:
        return finding
    reason = f"the score is {value:g}, outside of {bounds[0]:g} to {bounds[1]:g}"
    return Finding(Unscored(ScoreState.ERRORED, reason), finding.label)


def _under(findings: Findings, name: str) -> Finding:
    if isinstance(findings, Unscored):
        return Finding(findings)
    return findings.get(name) or Finding(
        Unscored(ScoreState.SKIPPED, f"nothing was said of {name!r}")
    )


def _names(findings: Findings) -> Iterable[str]:
    return () if isinstance(findings, Unscored) else findings


def _nothing(explanation: str | None) -> Unscored:
    return Unscored(ScoreState.SKIPPED, explanation or "the function gave None")


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {str(value)[:60]!r}"
