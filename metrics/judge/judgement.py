"""One judgement of one example, and the column that many of them make."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.columns import check_lengths
from evalhub.metrics.judge.asking import Answer
from evalhub.metrics.judge.prompt import SHOWN
from evalhub.metrics.judge.spending import JudgeColumn, Spent
from evalhub.model import ScoreState

__all__ = [
    "Judgement",
    "check_columns",
    "check_scale",
    "columns_of",
    "examples_of",
    "judge_column",
    "keyed",
    "no_text",
    "shorten",
]

_EXPLANATION_CHARACTERS = 1000
_TEXTS = frozenset({"outputs", "baseline_outputs"})
C = TypeVar("C", bound=JudgeColumn)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of one example; ``value`` is NaN unless the state is ``scored``."""

    state: ScoreState
    explanation: str | None
    value: float = np.nan
    label: str | None = None

    @classmethod
    def unread(cls, answer: Answer) -> "Judgement":
        """Return the judgement that *answer*, which cannot be read, leaves."""
        return cls(answer.state, shorten(answer.reason or ""))

    @property
    def outputs(self) -> dict[str, object]:
        """What the trace of the judgement shows."""
        scored = self.state is ScoreState.SCORED
        told = {} if self.label is None else {"label": self.label}
        return {
            "score": self.value if scored else None,
            "state": self.state.value,
            "explanation": self.explanation,
            **told,
        }


def check_columns(columns: Sequence[str]) -> tuple[str, ...]:
    """Return *columns*, or refuse what a judge cannot be shown beside the outputs.

    Raises:
        MetricError: a name is no column, or is the outputs themselves.
    """
    if isinstance(columns, str):
        raise MetricError(f"columns is {columns!r}; give a list, such as [{columns}]")
    known = [name for name in (*SHOWN, "ids") if name != "outputs"]
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise MetricError(f"a judge cannot see {unknown[0]!r}; use {', '.join(known)}")
    return tuple(columns)


def check_scale(scale: Sequence[int]) -> tuple[int, int]:
    """Return the lowest and the highest grade.

    Raises:
        MetricError: they are not two whole numbers from 0 on, the lower one first.
    """
    grades = tuple(scale) if isinstance(scale, Sequence) else ()
    is_whole = all(type(grade) is int for grade in grades)
    if len(grades) != 2 or not is_whole or not 0 <= grades[0] < grades[1]:
        raise MetricError(f"scale is {scale}; give two whole numbers, the lower one first")
    return grades[0], grades[1]


def columns_of(
    name: str,
    requires: Sequence[str],
    positional: Sequence[Sequence[Any]],
    named: Mapping[str, Sequence[Any]],
) -> dict[str, Sequence[Any]]:
    """Return the columns given to the metric *name*, by name.

    Raises:
        MetricInputError: a column is missing, unknown or of another length, or an output is
            neither a text nor None.
    """
    columns = {**dict(zip(requires, positional, strict=False)), **named}
    if len(positional) > len(requires) or set(columns) != set(requires):
        got = ", ".join(columns) or "nothing"
        raise MetricInputError(f"{name} takes {', '.join(requires)}; it got {got}")
    check_lengths(**columns)
    for column in _TEXTS & columns.keys():
        _check_texts(column, columns[column])
    return columns


def examples_of(
    name: str,
    requires: Sequence[str],
    positional: Sequence[Sequence[Any]],
    named: Mapping[str, Sequence[Any]],
) -> list[dict[str, Any]]:
    """Return each example's values by column.

    Raises:
        MetricInputError: as :func:`columns_of`.
    """
    columns = columns_of(name, requires, positional, named)
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def keyed(examples: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Return each example with its key: its id, else its number; the id is taken out."""
    rows = [dict(example) for example in examples]
    return [(str(row.pop("ids", index)), row) for index, row in enumerate(rows)]


def no_text(output: str | None, what: str = "output") -> Judgement | None:
    """Return the judgement on an output that holds no text, or None where it does."""
    if output is None:
        return Judgement(ScoreState.ERRORED, f"the target gave no {what}")
    return None if output.strip() else Judgement(ScoreState.SKIPPED, f"the {what} is empty")


def judge_column(
    kind: Callable[..., C],
    name: str,
    signature: str,
    judgements: Sequence[Judgement],
    *,
    bounds: tuple[float, float] | None,
    spent: Spent,
    **more: object,
) -> C:
    """Return a column of the class *kind*: *judgements*, one per example, and *more* fields."""
    labels = [judgement.label for judgement in judgements]
    return kind(
        name=name,
        values=np.array([judgement.value for judgement in judgements], dtype=np.float64),
        signature=signature,
        states=[judgement.state for judgement in judgements],
        labels=None if all(label is None for label in labels) else labels,
        explanations=[judgement.explanation for judgement in judgements],
        bounds=bounds,
        spent=spent,
        **more,
    )


def shorten(text: str) -> str:
    """Return *text* without blanks around it, cut to what an explanation may hold."""
    text = text.strip()
    if len(text) <= _EXPLANATION_CHARACTERS:
        return text
    return text[: _EXPLANATION_CHARACTERS - 1] + "…"


def _check_texts(column: str, texts: Sequence[object]) -> None:
    # Before anything is asked: an error in the middle would lose what was paid for.
    for index, text in enumerate(texts):
        if text is not None and not isinstance(text, str):
            raise MetricInputError(f"{column} has {text!r} at {index}; give texts or None")
