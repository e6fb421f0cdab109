"""An experiment as the tags, params and figures of one run, and back.

Here are only plain mappings; how a tracker takes them is its own file's matter.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evalhub.experiments.base import RunInfo
from evalhub.model import ExampleResult, Experiment, MetricSummary

__all__ = ["FORMAT", "FORMAT_TAG", "experiment_of", "figures_of", "run_info", "tags_of"]

_PREFIX = "evalhub."
FORMAT_TAG = f"{_PREFIX}format"
FORMAT = "1"
"""Raised when an older evalhub could not read what a newer one logs."""

_ENDS = ("stderr", "lower", "upper")
_COUNTS = ("n", "errored", "unparsed", "skipped")


def _keys(names: Sequence[str]) -> dict[str, str]:
    """Return what MLflow calls each metric; it takes no ``@``, ``%`` or brackets."""
    keys: dict[str, str] = {}
    for name in names:
        key = re.sub(r"[^\w.\- /]", "_", name)
        while key in keys.values():
            key += "_"
        keys[name] = key
    return keys


def tags_of(experiment: Experiment) -> dict[str, str]:
    """Return the tags of *experiment*: what it is of, and its metrics' signatures and bounds."""
    keys = _keys([summary.name for summary in experiment.summaries])
    header = {
        "format": FORMAT,
        "suite": experiment.suite,
        "target": experiment.target,
        "dataset_name": experiment.dataset_name,
        "dataset_version": experiment.dataset_version,
        "start_ns": str(experiment.start_ns),
        "end_ns": str(experiment.end_ns),
        "metrics": json.dumps(list(keys)),
    }
    signatures = {
        f"signature.{keys[summary.name]}": summary.signature for summary in experiment.summaries
    }
    bounds = {
        f"bounds.{keys[summary.name]}": json.dumps(summary.bounds)
        for summary in experiment.summaries
    }
    return {_PREFIX + key: value for key, value in (header | signatures | bounds).items()}


def figures_of(experiment: Experiment) -> dict[str, float]:
    """Return the run's metrics: of each its mean, interval and counts."""
    keys = _keys([summary.name for summary in experiment.summaries])
    figures: dict[str, float] = {}
    for summary in experiment.summaries:
        figures |= _figures(summary, keys[summary.name])
    return figures


def _figures(summary: MetricSummary, key: str) -> dict[str, float]:
    """Return the metrics of one summary; what is unknown is left out, never 0."""
    named = {key: summary.mean}
    named |= {f"{key}_{field}": getattr(summary, field) for field in (*_ENDS, *_COUNTS)}
    return {name: float(value) for name, value in named.items() if value is not None}


def run_info(run: Any) -> RunInfo:
    """Return what lists show of the MLflow run *run*."""
    tags = run.data.tags
    return RunInfo(
        run_id=run.info.run_id,
        name=run.info.run_name,
        suite=tags[f"{_PREFIX}suite"],
        target=tags[f"{_PREFIX}target"],
        dataset_name=tags[f"{_PREFIX}dataset_name"],
        dataset_version=tags[f"{_PREFIX}dataset_version"],
        start_ns=int(tags[f"{_PREFIX}start_ns"]),
        params=dict(run.data.params),
        summaries=_summaries(run.data.metrics, tags),
    )


def _summaries(metrics: Mapping[str, float], tags: Mapping[str, str]) -> tuple[MetricSummary, ...]:
    keys = _keys(json.loads(tags[f"{_PREFIX}metrics"]))
    return tuple(
        MetricSummary(
            name=name,
            signature=tags[f"{_PREFIX}signature.{key}"],
            mean=metrics.get(key),
            stderr=metrics.get(f"{key}_stderr"),
            lower=metrics.get(f"{key}_lower"),
            upper=metrics.get(f"{key}_upper"),
            n=int(metrics[f"{key}_n"]),
            errored=int(metrics[f"{key}_errored"]),
            unparsed=int(metrics[f"{key}_unparsed"]),
            skipped=int(metrics[f"{key}_skipped"]),
            bounds=_bounds(tags.get(f"{_PREFIX}bounds.{key}")),
        )
        for name, key in keys.items()
    )


def _bounds(tag: str | None) -> tuple[float, float] | None:
    """Read a metric's bounds; older runs have no such tag, and 0 to 1 was assumed for them."""
    found = [0.0, 1.0] if tag is None else json.loads(tag)
    return None if found is None else (float(found[0]), float(found[1]))


def experiment_of(run: Any, results: tuple[ExampleResult, ...]) -> Experiment:
    """Return the experiment that the MLflow run *run* and its *results* are."""
    info = run_info(run)
    return Experiment(
        name=info.name,
        suite=info.suite,
        target=info.target,
        dataset_name=info.dataset_name,
        dataset_version=info.dataset_version,
        results=results,
        summaries=info.summaries,
        params=info.params,
        start_ns=info.start_ns,
        end_ns=int(run.data.tags[f"{_PREFIX}end_ns"]),
        run_id=info.run_id,
    )
