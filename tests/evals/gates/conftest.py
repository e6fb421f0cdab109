"""Experiments made of plain numbers."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest

from evalhub.evals.gates.pairs import clusters_of
from evalhub.evals.operational import operational_columns
from evalhub.metrics.aggregate import summarize
from evalhub.metrics.base import ScoreColumn
from evalhub.model import ExampleResult, Experiment, Score, ScoreState

MakeExperiment = Callable[..., Experiment]


def _experiment(
    target: str,
    values: Sequence[float | None],
    *,
    metric: str = "quality",
    clusters: Sequence[str] | None = None,
    slices: Mapping[str, Sequence[str]] | None = None,
    latencies: Sequence[float] | None = None,
    failed: Sequence[int] = (),
    repeats: int = 1,
    version: str = "v" * 64,
    bounds: tuple[float, float] | None = (0.0, 1.0),
) -> Experiment:
    """Return an experiment whose calls have *values*; None is errored."""
    signature = f"{metric}|v:1"
    states = [ScoreState.ERRORED if value is None else ScoreState.SCORED for value in values]
    results = tuple(
        ExampleResult(
            example_id=str(index // repeats),
            repeat=index % repeats,
            output=None if index in failed else "text",
            error="ValueError: no" if index in failed else None,
            cluster=None if clusters is None else clusters[index],
            slices={name: labels[index] for name, labels in (slices or {}).items()},
            latency_ms=None if latencies is None else latencies[index],
            scores=(Score(metric, value, signature, state),),
        )
        for index, (value, state) in enumerate(zip(values, states, strict=True))
    )
    numbers = np.array([np.nan if value is None else value for value in values])
    column = ScoreColumn(metric, numbers, signature, states, bounds=bounds)
    return Experiment(
        name=target,
        suite="s",
        target=target,
        dataset_name="d",
        dataset_version=version,
        results=results,
        summaries=tuple(
            summarize(item, clusters=clusters_of(results))
            for item in [column, *operational_columns(results)]
        ),
    )


@pytest.fixture(scope="session")
def make_experiment() -> MakeExperiment:
    """Return a function that makes an experiment of a target and its scores."""
    return _experiment
