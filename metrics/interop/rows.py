"""Score a batch by asking another program's code about each example."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import COLUMNS, ScoreTable
from evalhub.metrics.columns import Unscored, column_lists, reference_lists
from evalhub.metrics.interop.findings import Findings, bounds_setting, columns
from evalhub.model import ScoreState
from evalhub.tracing import ContextThreadPoolExecutor

__all__ = ["RowMetric", "concurrency_setting", "given_columns", "needed_columns"]


class RowMetric(ABC):
    """A metric that asks another program's code about each example."""

    __slots__ = ()

    @property
    @abstractmethod
    def name(self) -> str:
        """Name of the metric, and of a column that is named by nothing else."""

    @property
    @abstractmethod
    def requires(self) -> tuple[str, ...]:
        """Columns that are asked for."""

    @property
    @abstractmethod
    def bounds(self) -> Sequence[float] | None:
        """Least and greatest value, where they were set."""

    @property
    @abstractmethod
    def concurrency(self) -> int:
        """Examples at a time."""

    @property
    def signature(self) -> str:
        """Name, where the code is, the hash of its source, settings and version."""
        return self._signature(self.name)

    def score_batch(self, *args: Sequence[Any], **given: Sequence[Any]) -> ScoreTable:
        """Ask about each example; a column for each name that an answer has.

        Raises:
            MetricInputError: a column is missing, they differ in length, or a reference is no text.
        """
        by_name = given_columns(self.requires, args, given)
        if "references" in by_name:
            by_name["references"] = reference_lists(by_name["references"])
        items = zip(*by_name.values(), strict=True)
        rows = [dict(zip(by_name, row, strict=True)) for row in items]
        return columns(
            self._find_all(rows),
            name=self.name,
            signature=self._signature,
            bounds=bounds_setting(self.bounds),
        )

    @abstractmethod
    def _find(self, row: Mapping[str, Any]) -> Findings:
        """Return what is found of one example, given its items of the columns by their names."""

    @abstractmethod
    def _signature(self, column: str) -> str:
        """Return the signature of a column by its name."""

    def _find_all(self, rows: Sequence[Mapping[str, Any]]) -> list[Findings]:
        if self.concurrency == 1:
            return [self._guarded(row) for row in rows]
        with ContextThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(self._guarded, rows))

    def _guarded(self, row: Mapping[str, Any]) -> Findings:
        try:
            return self._find(row)
        except Exception as error:  # noqa: BLE001 - anybody's code runs here
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Unscored(ScoreState.ERRORED, reason[:200])


def needed_columns(asked: Iterable[str], needs_reference: bool | None = None) -> tuple[str, ...]:
    """Return the columns *asked* in :data:`COLUMNS`'s order, with or without the references.

    *needs_reference* decides about those; None leaves them as they are asked.
    """
    wanted = set(asked)
    if needs_reference is not None:
        wanted = wanted | {"references"} if needs_reference else wanted - {"references"}
    return tuple(column for column in COLUMNS if column in wanted)


def given_columns(
    requires: Sequence[str], args: Sequence[Sequence[Any]], given: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """Return the columns of a call of ``score_batch``, given by position or by name.

    Raises:
        MetricInputError: one of *requires* is not given, something else is, or the lengths differ.
    """
    by_name: dict[str, Any] = {**dict(zip(requires, args, strict=False)), **given}
    if len(args) > len(requires) or set(by_name) != set(requires):
        told = ", ".join(given) or f"{len(args)} by position"
        raise MetricInputError(f"given were {told}; give the columns {', '.join(requires)}")
    return dict(zip(by_name, column_lists(**by_name), strict=True))


def concurrency_setting(concurrency: int) -> int:
    """Return the setting *concurrency*.

    Raises:
        MetricError: it is below 1.
    """
    if concurrency < 1:
        raise MetricError(f"concurrency is {concurrency}; give at least 1")
    return concurrency
