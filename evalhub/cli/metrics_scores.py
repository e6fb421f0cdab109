"""Score columns with several metrics, and print what came out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from evalhub.errors import ConfigError, EvalhubError, MetricError
from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import Metric, ScoreColumn
from evalhub.metrics.corpus import CorpusColumn, CorpusScore
from evalhub.metrics.stats.bootstrap import bootstrap_mean
from evalhub.model import MetricSummary, ScoreState

__all__ = ["Bootstrap", "Scoring", "print_scores", "score_all", "scores_as_json"]

_SHOWN = 20
"""Examples that are printed one by one to a person; a machine gets all."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How many times examples are drawn for an interval, and the draws' seed."""

    resamples: int
    seed: int


@dataclass(frozen=True, slots=True)
class Scoring:
    """What several metrics gave for the same examples."""

    columns: tuple[ScoreColumn, ...]
    summaries: tuple[MetricSummary, ...]
    """One per column."""
    corpus: tuple[CorpusScore, ...]
    """Scores of all examples as one, of metrics that have such."""
    bootstrap: Bootstrap | None
    """How the intervals were drawn; None where they were not."""
    error: EvalhubError | None
    """Why a metric gave nothing; the columns of the others are kept."""


def score_all(
    metrics: Sequence[Metric],
    given: Mapping[str, Sequence[Any]],
    *,
    bootstrap: Bootstrap | None,
    on_progress: Callable[[str, int, int], None],
) -> Scoring:
    """Return the columns of *metrics* over the columns *given*, with their means.

    Raises:
        ConfigError: two metrics give columns of one name.
    """
    columns: dict[str, ScoreColumn] = {}
    corpus: list[CorpusScore] = []
    error: EvalhubError | None = None
    for done, metric in enumerate(metrics):
        on_progress(metric.name, done, len(metrics))
        try:
            table = metric.score_batch(**{name: given[name] for name in metric.requires})
        except Exception as caught:  # noqa: BLE001 - what the others gave is kept
            error = error or _told(metric, caught)
            continue
        twice = sorted(set(table) & set(columns))
        if twice:
            raise ConfigError(f"two metrics give {twice[0]!r}; score them one by one")
        columns.update(table)
        corpus += _corpus(metric, table, bootstrap)
    return Scoring(
        columns=tuple(columns.values()),
        summaries=tuple(_summary(column, bootstrap) for column in columns.values()),
        corpus=tuple(corpus),
        bootstrap=bootstrap,
        error=error,
    )


def scores_as_json(scoring: Scoring, *, per_example: bool) -> dict[str, Any]:
    """Return *scoring* as plain data, each example's scores when asked for."""
    data: dict[str, Any] = {
        "metrics": {item.name: _without_name(asdict(item)) for item in scoring.summaries},
        "corpus": {item.name: _without_name(asdict(item)) for item in scoring.corpus},
        "bootstrap": None if scoring.bootstrap is None else asdict(scoring.bootstrap),
        "error": None if scoring.error is None else str(scoring.error),
    }
    if per_example:
        data["examples"] = [
            {column.name: _example(column, index) for column in scoring.columns}
            for index in range(_count(scoring))
        ]
    return data


def print_scores(scoring: Scoring, *, per_example: bool, console: Console) -> None:
    """Print a row a column, the corpus scores, and the signatures."""
    if scoring.columns:
        console.print(_table(scoring))
        if per_example:
            _print_examples(scoring, console)
    for item in scoring.corpus:
        interval = _interval(item.lower, item.upper)
        told = f"{item.name} of the corpus: {_number(item.value)} {interval}".rstrip()
        console.print(escape(told), soft_wrap=True)
    if scoring.bootstrap is not None:
        draws = scoring.bootstrap
        console.print(f"intervals from {draws.resamples} resamples, seed {draws.seed}")
    for text in [*(c.signature for c in scoring.columns), *(c.signature for c in scoring.corpus)]:
        console.print(text, style="dim", markup=False, soft_wrap=True)


def _told(metric: Metric, error: Exception) -> EvalhubError:
    if isinstance(error, EvalhubError):
        return error
    return MetricError(f"{metric.name} failed: {type(error).__name__}: {error}; check its columns")


def _corpus(
    metric: Metric, table: Mapping[str, ScoreColumn], bootstrap: Bootstrap | None
) -> list[CorpusScore]:
    # Others' corpus scores are the means that stand in the table already.
    if not any(isinstance(column, CorpusColumn) for column in table.values()):
        return []
    corpus: Callable[..., Mapping[str, CorpusScore]] | None = getattr(metric, "corpus", None)
    if corpus is None:
        return []
    draws = bootstrap or Bootstrap(0, 0)
    return list(corpus(table, bootstrap=draws.resamples, seed=draws.seed).values())


def _summary(column: ScoreColumn, bootstrap: Bootstrap | None) -> MetricSummary:
    summary = summarize(column)
    if bootstrap is None:
        return summary
    drawn = bootstrap_mean(column.values, resamples=bootstrap.resamples, seed=bootstrap.seed)
    return replace(summary, stderr=drawn.stderr, lower=drawn.lower, upper=drawn.upper)


def _table(scoring: Scoring) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("metric", overflow="fold")
    for title in ("mean", "95% interval", "n"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("not scored", overflow="fold")
    for item in scoring.summaries:
        interval = _interval(item.lower, item.upper)
        table.add_row(escape(item.name), _number(item.mean), interval, str(item.n), _missing(item))
    return table


def _print_examples(scoring: Scoring, console: Console) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("example", justify="right")
    for column in scoring.columns:
        table.add_column(escape(column.name), justify="right", overflow="fold")
    count = _count(scoring)
    for index in range(min(count, _SHOWN)):
        cells = [_cell(column, index) for column in scoring.columns]
        table.add_row(str(index + 1), *cells)
    console.print(table)
    if count > _SHOWN:
        console.print(f"and {count - _SHOWN} more; --json prints all", style="dim")


def _cell(column: ScoreColumn, index: int) -> str:
    score = column.score(index)
    return str(score.state) if score.value is None else f"{score.value:.4f}"


def _example(column: ScoreColumn, index: int) -> dict[str, Any]:
    score = asdict(column.score(index))
    return {key: score[key] for key in ("value", "state", "label", "explanation")}


def _missing(summary: MetricSummary) -> str:
    states = (ScoreState.ERRORED, ScoreState.UNPARSED, ScoreState.SKIPPED)
    counts = Counter({state.value: getattr(summary, state.value) for state in states})
    return ", ".join(f"{count} {state}" for state, count in counts.items() if count)


def _interval(lower: float | None, upper: float | None) -> str:
    return "" if lower is None or upper is None else f"[{lower:.4f}, {upper:.4f}]"


def _number(value: float | None) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{value:.4f}"


def _without_name(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key != "name"}


def _count(scoring: Scoring) -> int:
    return len(scoring.columns[0]) if scoring.columns else 0
