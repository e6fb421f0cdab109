"""Score a batch by asking a function about each example."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalhub.errors import MetricError, MetricInputError
from evalhub.metrics.base import ScoreTable
from evalhub.metrics.columns import Unscored, check_lengths, reference_lists
from evalhub.metrics.interop.findings import Findings, bounds_setting, columns
from evalhub.model import ScoreState
from evalhub.tracing import ContextThreadPoolExecutor

__all__ = ["RowMetric", "concurrency_setting", "given_columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowMetric:
    """How a metric that asks a function about each example scores a batch."""

    requires: Sequence[str]
    find: Callable[[Mapping[str, Any]], Findings]
    """Says what is found of one example, given its items of the columns by their names."""
    name: str
    signature: Callable[[str], str]
    """Gives the signature of a column by its name."""
    bounds: Sequence[float] | None
    concurrency: int

    def score_batch(
        self, args: Sequence[Sequence[Any]], given: Mapping[str, Sequence[Any]]
    ) -> ScoreTable:
        """Return the columns of a call of ``score_batch``, given by position or by name.

        An exception is that example's error, whatever it is: another program's code runs here.

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
            signature=self.signature,
            bounds=bounds_setting(self.bounds),
        )

    def _find_all(self, rows: Sequence[Mapping[str, Any]]) -> list[Findings]:
        if self.concurrency == 1:
            return [self._guarded(row) for row in rows]
        with ContextThreadPoolExecutor(self.concurrency) as pool:
            return list(pool.map(self._guarded, rows))

    def _guarded(self, row: Mapping[str, Any]) -> Findings:
        try:
            return self.find(row)
        except Exception as error:  # noqa: BLE001 - anybody's code runs here
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return Unscored(ScoreState.ERRORED, reason[:200])


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
    check_lengths(**by_name)
    return by_name


def concurrency_setting(concurrency: int) -> int:
    """Return the setting *concurrency*.

    Raises:
        MetricError: it is below 1.
    """
    if concurrency < 1:
        raise MetricError(f"concurrency is {concurrency}; give at least 1")
    return concurrency
