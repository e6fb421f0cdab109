"""Read the columns given to a metric, and build the column it gives back."""

import math
import reprlib
from collections.abc import Iterable, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

from evalhub.errors import MetricInputError
from evalhub.metrics.base import ScoreColumn
from evalhub.model import ScoreState

__all__ = [
    "References",
    "Result",
    "Scored",
    "Unscored",
    "check_lengths",
    "column_lists",
    "explanations_of",
    "reference_lists",
    "score_column",
    "states_of",
    "unscored_rows",
]

References = Sequence[str | Sequence[str | None] | None]
"""One text or several per output; None or an empty list where there is none."""


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why an example has no score."""

    state: ScoreState
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A value with what there is to say about it."""

    value: float
    explanation: str | None = None
    label: str | None = None


Result = float | Scored | Unscored
"""What a metric finds for one example."""


def check_lengths(**columns: Sized) -> int:
    """Return the one length of *columns*.

    Raises:
        MetricInputError: the lengths differ, or a column is a bare string.
    """
    for name, column in columns.items():
        if isinstance(column, str):
            raise MetricInputError(f"{name} is one string; give a list with an item per example")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{length} {name}" for name, length in lengths.items())
        raise MetricInputError(f"the columns differ in length: {told}; give one item per example")
    return next(iter(lengths.values()))


def column_lists(**columns: Iterable[Any]) -> list[list[Any]]:
    """Return each of *columns* as a list, its items in their order; all have one length.

    Whatever holds items in an order is a column: a list, a generator, an array, a Series of
    pandas or polars, an array of pyarrow. What those put where nothing is (NaN, NA) becomes None,
    and an array as an item a list. The index of a Series says nothing: the order does.

    Raises:
        MetricInputError: the lengths differ, or a column is something else.
    """
    lists = {name: _as_column(name, column) for name, column in columns.items()}
    check_lengths(**lists)
    return list(lists.values())


def _as_column(name: str, column: Iterable[Any]) -> list[Any]:
    if isinstance(column, str):
        raise MetricInputError(f"{name} is one string; give a list with an item per example")
    is_one = isinstance(column, bytes | Mapping | AbstractSet) or hasattr(column, "columns")
    if is_one or not isinstance(column, Iterable):
        raise MetricInputError(f"{name} is {_told(column)}; give a list with an item per example")
    if isinstance(column, list | tuple):
        return [_plain(item) for item in column]
    for method in ("to_pylist", "to_list", "tolist"):  # of pyarrow, of Series, of numpy
        if hasattr(column, method):
            return [
                None if _is_missing(item) else _plain(item) for item in getattr(column, method)()
            ]
    return [_plain(item) for item in column]


def _plain(item: Any) -> Any:
    """Return *item* without numpy: Parquet files have their lists read as arrays."""
    if isinstance(item, np.ndarray):
        return [_plain(part) for part in item.tolist()]
    return item.item() if isinstance(item, np.generic) else item


def _is_missing(item: Any) -> bool:
    return (isinstance(item, float) and math.isnan(item)) or type(item).__name__ == "NAType"


def reference_lists(references: References) -> list[list[str]]:
    """Return the references of each output as a list, empty where there is none.

    None in a list, as tables with a column for each reference have it, is left out.

    Raises:
        MetricInputError: a reference is not a text.
    """
    rows = [_as_list(index, item) for index, item in enumerate(references)]
    for index, row in enumerate(rows):
        for text in row:
            if not isinstance(text, str):
                raise MetricInputError(f"reference {index} is {_told(text)}; give a text")
    return rows


def _as_list(index: int, item: str | Sequence[str | None] | None) -> list[str]:
    if item is None:
        return []
    if isinstance(item, str):
        return [item]
    if not isinstance(item, Sequence) or isinstance(item, bytes | bytearray):
        raise MetricInputError(
            f"reference {index} is {_told(item)}; give a text or a list of texts"
        )
    return [text for text in item if text is not None]


def _told(value: object) -> str:
    return f"{' '.join(reprlib.repr(value).split())} ({type(value).__name__})"


def unscored_rows(
    outputs: Sequence[str | None], references: Sequence[Sequence[str]] | None = None
) -> dict[int, Unscored]:
    """Return the examples that cannot be scored, by index.

    Raises:
        MetricInputError: an output is neither a text nor None.
    """
    rows: dict[int, Unscored] = {}
    for index, output in enumerate(outputs):
        if output is None:
            rows[index] = Unscored(ScoreState.ERRORED, "the target gave no output")
        elif not isinstance(output, str):
            raise MetricInputError(f"output {index} is {_told(output)}; give a text or None")
        elif references is not None and not references[index]:
            rows[index] = Unscored(ScoreState.SKIPPED, "no reference to compare with")
    return rows


def states_of(n: int, unscored: Mapping[int, Unscored]) -> tuple[ScoreState, ...] | None:
    """Return the state of each of *n* examples, or None when all are scored."""
    if not unscored:
        return None
    return tuple(unscored[i].state if i in unscored else ScoreState.SCORED for i in range(n))


def explanations_of(n: int, unscored: Mapping[int, Unscored]) -> tuple[str | None, ...] | None:
    """Return why each of *n* examples has no score, or None when all have one."""
    if not unscored:
        return None
    return tuple(unscored[i].reason if i in unscored else None for i in range(n))


def score_column(
    name: str,
    signature: str,
    results: Sequence[Result],
    *,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> ScoreColumn:
    """Return the column of *results*, one per example."""
    unscored = {i: item for i, item in enumerate(results) if isinstance(item, Unscored)}
    explanations = [_explanation(item) for item in results]
    labels = [item.label if isinstance(item, Scored) else None for item in results]
    return ScoreColumn(
        name=name,
        values=np.array([_value(item) for item in results], dtype=np.float64),
        signature=signature,
        states=states_of(len(results), unscored),
        labels=None if all(label is None for label in labels) else labels,
        explanations=None if all(text is None for text in explanations) else explanations,
        bounds=bounds,
    )


def _value(result: Result) -> float:
    if isinstance(result, Unscored):
        return np.nan
    return result.value if isinstance(result, Scored) else result


def _explanation(result: Result) -> str | None:
    if isinstance(result, Unscored):
        return result.reason
    return result.explanation if isinstance(result, Scored) else None
