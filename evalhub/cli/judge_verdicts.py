"""Where ``evalhub judge calibrate`` gets the judge's labels: a column, or the judge itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import typer

from evalhub.cli.judge_options import Columns, JudgeOptions, Row, open_judge, shown_columns
from evalhub.errors import ConfigError, ModelError
from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.metrics.judge.calibration_labels import read_label
from evalhub.metrics.stats.ratings import Label

__all__ = ["Verdicts", "open_verdicts"]


class Verdicts(Protocol):
    """Gives the judge's labels of rows."""

    @property
    def needed(self) -> Sequence[str]:
        """Columns that the rows must have."""

    @property
    def signature(self) -> str | None:
        """The judge's, where it is known."""

    @property
    def scale(self) -> tuple[float, float] | None:
        """Its least and greatest grade, where they are known; told once it has judged."""

    def of(self, rows: Sequence[Row]) -> list[Label]:
        """Return the label of each of *rows*, None where there is none."""


@contextmanager
def open_verdicts(
    options: JudgeOptions | None, columns: Columns, *, column: str, signature: str | None
) -> Iterator[Verdicts]:
    """Give what *options* ask for; without them the verdicts in *column*.

    Raises:
        ConfigError: the judge's options cannot be used.
        MetricError: the judge cannot be made.
    """
    if options is None:
        yield _Recorded(column, signature)
        return
    if signature is not None:
        raise ConfigError(f"--signature is {signature!r}; leave it out: the judge tells its own")
    with open_judge(options, keeps=True) as metric:
        yield _Judged(metric, columns)


@dataclass(frozen=True, slots=True)
class _Recorded:
    """Verdicts that a column holds."""

    column: str
    signature: str | None
    scale: None = None

    @property
    def needed(self) -> Sequence[str]:
        return (self.column,)

    def of(self, rows: Sequence[Row]) -> list[Label]:
        return [read_label(row.values[self.column]) for row in rows]


@dataclass(slots=True)
class _Judged:
    """Verdicts that a metric gives."""

    metric: Metric
    columns: Columns
    scale: tuple[float, float] | None = None

    @property
    def needed(self) -> Sequence[str]:
        return (self.columns.output,)

    @property
    def signature(self) -> str:
        return self.metric.signature

    def of(self, rows: Sequence[Row]) -> list[Label]:
        table = self.metric.score_batch(**shown_columns(self.metric, rows, self.columns))
        if self.metric.name not in table:
            raise ConfigError(
                f"{self.metric.name} gives {', '.join(table)}; calibrate a judge with one grade"
            )
        column = table[self.metric.name]
        self.scale = column.bounds
        _tell_failures(column)
        return [None if np.isnan(value) else float(value) for value in column.values]


def _tell_failures(column: ScoreColumn) -> None:
    """Say on standard error how many outputs got no grade, and why the first did not.

    Raises:
        ModelError: none got one, so that there is nothing to hold against people's labels.
    """
    scores = [column.score(index) for index in range(len(column))]
    failed = [score for score in scores if score.value is None]
    if not failed:
        return
    why = failed[0].explanation or failed[0].state.value
    if len(failed) == len(scores):
        raise ModelError(f"{column.name} graded none of {len(scores)} outputs; the first: {why}")
    typer.echo(f"{len(failed)} of {len(scores)} outputs got no grade; the first: {why}", err=True)
