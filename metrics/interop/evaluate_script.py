"""The class of our metrics in Hugging Face ``evaluate``; also a file that ``evaluate.load`` takes.

Importing it imports ``evaluate`` and ``datasets``. ``evaluate.load`` copies this file and takes the
first class in it, so it holds one class and imports all else by its full name.
"""

import itertools
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

import datasets  # type: ignore[import-untyped]  # it has no types
import evaluate
import numpy as np

from evalhub.errors import MetricError
from evalhub.metrics.base import Metric, ScoreColumn, ScoreTable
from evalhub.metrics.corpus import CorpusColumn, CorpusMetric
from evalhub.metrics.registry import describe, load
from evalhub.model import ScoreState

__all__ = ["EvalhubMetric"]

_logger = logging.getLogger(__name__)

_TEXT = datasets.Value("string")
_TEXTS = datasets.Sequence(datasets.Value("string"))
_NUMBER = datasets.Value("float64")
_FEATURES: Mapping[str, Sequence[Any]] = {
    "outputs": [_TEXT],
    "baseline_outputs": [_TEXT],
    "references": [_TEXT, _TEXTS],
    "inputs": [_TEXT],
    "contexts": [_TEXTS],
    "retrieved_ids": [_TEXTS],
    "relevant_ids": [_TEXTS],
    "ids": [_TEXT],
    "latency_ms": [_NUMBER],
    "input_tokens": [_NUMBER],
    "output_tokens": [_NUMBER],
    "cost_usd": [_NUMBER],
}
"""What each column may hold; the others are mappings of any keys, which Arrow cannot type."""


class EvalhubMetric(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """One of our metrics; see :func:`evalhub.metrics.interop.evaluate_module.as_evaluate`."""

    def __init__(
        self,
        config_name: str,
        *,
        metric: Metric | None = None,
        details: bool = False,
        keep_in_memory: bool = False,
        cache_dir: str | None = None,
        num_process: int = 1,
        process_id: int = 0,
        experiment_id: str | None = None,
        hash: str | None = None,  # noqa: A002 - evaluate.load gives it this name
        **settings: Any,
    ) -> None:
        """Wrap *metric*, or the one called *config_name* made with *settings*.

        Raises:
            MetricError: no metric has this name, or it asks for a column that such modules lack.
        """
        self._metric = load(config_name, **settings) if metric is None else metric
        self._details = details
        super().__init__(
            config_name="".join(c if c.isalnum() else "_" for c in config_name),
            keep_in_memory=keep_in_memory,
            cache_dir=cache_dir,
            num_process=num_process,
            process_id=process_id,
            experiment_id=experiment_id,
            hash=hash,
        )
        # Without this all of ours would have the class's name, and combine() could not tell them.
        self.info.module_name = self._metric.name

    def _info(self) -> evaluate.MetricInfo:
        summary, paper = _summary(self._metric.name)
        return evaluate.MetricInfo(
            description=f"{summary}; {self._metric.signature}",
            citation=paper,
            inputs_description=f"Takes {', '.join(map(_name, self._metric.requires))}.",
            features=_features(self._metric),
        )

    def _compute(self, *, details: bool | None = None, **inputs: Any) -> dict[str, Any]:
        given = {column: inputs[_name(column)] for column in self._metric.requires}
        if "inputs" in given:
            given["inputs"] = [{"input": text} for text in given["inputs"]]
        table = self._metric.score_batch(**given)
        values = _values(self._metric, table)
        if self._details if details is None else details:
            return values | {
                key: value for name, c in table.items() for key, value in _told(name, c)
            }
        for name, column in table.items():
            _warn(name, _states(column))
        return values


def _summary(name: str) -> tuple[str, str]:
    """Return the summary and the paper of the metric called *name*, where it is in a list."""
    try:
        info = describe(name)
    except MetricError:  # one that was made of a class, under a name of its own
        return name, ""
    return info.summary or name, info.paper


def _features(metric: Metric) -> list[datasets.Features]:
    """Return each way in which the columns of *metric* may be given."""
    strange = [column for column in metric.requires if column not in _FEATURES]
    if strange:
        raise MetricError(
            f"{metric.name} asks for {strange[0]!r}, which modules of evaluate cannot hold; "
            "score it with evalhub"
        )
    ways = itertools.product(*(_FEATURES[column] for column in metric.requires))
    names = [_name(column) for column in metric.requires]
    return [datasets.Features(dict(zip(names, way, strict=True))) for way in ways]


def _name(column: str) -> str:
    return "predictions" if column == "outputs" else column


def _values(metric: Metric, table: ScoreTable) -> dict[str, float | None]:
    """Return the mean of each column; of BLEU and its like what all examples have together."""
    values = {name: _mean(column) for name, column in table.items()}
    if any(isinstance(column, CorpusColumn) for column in table.values()):
        corpus: CorpusMetric[Any] = cast("CorpusMetric[Any]", metric)
        found = corpus.corpus(table, bootstrap=0)
        values |= {name: score.value for name, score in found.items()}
    return values


def _told(name: str, column: ScoreColumn) -> list[tuple[str, Any]]:
    scores = [column.score(index).value for index in range(len(column))]
    return [
        (f"{name}_scores", scores),
        (f"{name}_states", dict(_states(column))),
    ]


def _mean(column: ScoreColumn) -> float | None:
    scored = column.values[~np.isnan(column.values)]
    return float(scored.mean()) if scored.size else None


def _states(column: ScoreColumn) -> Counter[str]:
    if column.states is None:
        return Counter({str(ScoreState.SCORED): len(column)})
    return Counter(str(state) for state in column.states)


def _warn(name: str, states: Counter[str]) -> None:
    missing = {state: count for state, count in states.items() if state != ScoreState.SCORED}
    if missing:
        told = ", ".join(f"{count} {state}" for state, count in missing.items())
        _logger.warning(
            "%s is the mean of %d of %d examples (%s); ask for details=True",
            name,
            states[str(ScoreState.SCORED)],
            states.total(),
            told,
        )
