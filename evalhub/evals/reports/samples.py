"""The examples that a report shows: where the candidate lost most, or what scored worst."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from evalhub.evals.reports.comparison import RegressionReport
from evalhub.evals.reports.example import ExampleReport, ScoreReport, SideReport
from evalhub.model import Direction, ExampleResult, Score

__all__ = [
    "MOST_CHARACTERS",
    "MOST_EXAMPLES",
    "WORST",
    "example_report",
    "lowest_places",
    "regression_report",
    "take_turns",
]

MOST_CHARACTERS = 4_000
"""Longest text that a report holds whole."""
MOST_EXAMPLES = 40
"""Examples that a comparison shows side by side."""
WORST = 10
"""Regressions that a report lists for each metric."""

_T = TypeVar("_T")


def lowest_places(values: NDArray[np.float64], better: Direction, most: int) -> list[int]:
    """Return the places of the *most* worst of *values*, worst first; lowest if none is worse."""
    known = np.flatnonzero(np.isfinite(values))
    order = np.argsort((better.sign or 1.0) * values[known], kind="stable")
    return [int(item) for item in known[order][:most]]


def take_turns(lists: Sequence[Sequence[_T]], most: int) -> list[_T]:
    """Return up to *most* unlike items: the first of each list, then the second, and so on."""
    longest = max(map(len, lists), default=0)
    turns = (items[turn] for turn in range(longest) for items in lists if turn < len(items))
    return list(dict.fromkeys(turns))[:most]


def regression_report(
    baseline: ExampleResult, candidate: ExampleResult, before: float, after: float
) -> RegressionReport:
    """Return one example's loss, from *before* to *after*."""
    return RegressionReport(
        example_id=baseline.example_id,
        repeat=baseline.repeat,
        baseline=before,
        candidate=after,
        difference=after - before,
        baseline_trace_id=baseline.trace_id,
        candidate_trace_id=candidate.trace_id,
    )


def example_report(results: Mapping[str, ExampleResult]) -> ExampleReport:
    """Return one example with its results by target; there is at least one."""
    first = next(iter(results.values()))
    return ExampleReport(
        example_id=first.example_id,
        repeat=first.repeat,
        inputs={str(name): _cut(_as_text(value)) for name, value in first.inputs.items()},
        references=tuple(_cut(text) for text in first.references),
        sides={target: _side(result) for target, result in results.items()},
    )


def _side(result: ExampleResult) -> SideReport:
    return SideReport(
        output=None if result.output is None else _cut(result.output),
        error=None if result.error is None else _cut(result.error),
        trace_id=result.trace_id,
        latency_ms=result.latency_ms,
        cost_usd=result.cost_usd,
        scores={score.name: _score(score) for score in result.scores},
        was_cut_off=result.was_cut_off,
    )


def _score(score: Score) -> ScoreReport:
    explanation = None if score.explanation is None else _cut(score.explanation)
    return ScoreReport(score.value, score.state.value, score.label, explanation)


def _cut(text: str) -> str:
    rest = len(text) - MOST_CHARACTERS
    return text if rest <= 0 else f"{text[:MOST_CHARACTERS]} … ({rest:,} more characters)"


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=str, option=options).decode()
