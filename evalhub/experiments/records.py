"""An experiment as the tags of one MLflow run, and back as what lists show of it.

Here are only plain mappings; how they are sent is another file's matter.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalhub.errors import TrackerError
from evalhub.experiments.base import RunInfo
from evalhub.experiments.keys import metric_keys
from evalhub.experiments.old_directions import old_direction
from evalhub.experiments.tags import FORMAT, FORMAT_TAG, PREFIX
from evalhub.model import Direction, ExampleResult, Experiment, MetricSummary

__all__ = ["experiment_of", "run_info", "tags_of"]

_NAMES_LENGTH = 4_000
"""Characters of metrics' names in one tag; more go into tags of their own."""


def tags_of(experiment: Experiment) -> dict[str, str]:
    """Return the tags of *experiment*: what it is of, and its metrics' signatures and the like."""
    keys = metric_keys([summary.name for summary in experiment.summaries])
    header = {
        "suite": experiment.suite,
        "target": experiment.target,
        "dataset_name": experiment.dataset_name,
        "dataset_version": experiment.dataset_version,
        "start_ns": str(experiment.start_ns),
        "end_ns": str(experiment.end_ns),
    }
    names = {_names_tag(number): json.dumps(part) for number, part in enumerate(_parts(list(keys)))}
    signatures = {
        f"signature.{keys[summary.name]}": summary.signature for summary in experiment.summaries
    }
    bounds = {
        f"bounds.{keys[summary.name]}": json.dumps(summary.bounds)
        for summary in experiment.summaries
    }
    better = {f"better.{keys[item.name]}": item.better.value for item in experiment.summaries}
    every = header | names | signatures | bounds | better
    return {FORMAT_TAG: FORMAT, **{PREFIX + key: value for key, value in every.items()}}


def _names_tag(number: int) -> str:
    return f"metrics.{number}" if number else "metrics"


def _parts(names: Sequence[str]) -> Iterator[list[str]]:
    """Give *names* in lists that fit into one tag each; one list where there is no name."""
    part: list[str] = []
    length = 0
    for name in names:
        own = len(json.dumps(name)) + 2
        if part and length + own > _NAMES_LENGTH:
            yield part
            part, length = [], 0
        part.append(name)
        length += own
    yield part


def _names(tags: Mapping[str, str]) -> list[str]:
    names: list[str] = []
    number = 0
    while (part := tags.get(PREFIX + _names_tag(number))) is not None:
        names += json.loads(part)
        number += 1
    return names


def run_info(run: Any) -> RunInfo:
    """Return what lists show of the MLflow run *run*.

    Raises:
        TrackerError: a tag or a metric that evalhub logged was deleted since.
    """
    try:
        return _info(run)
    except (KeyError, TypeError, ValueError) as error:
        raise TrackerError(
            f"run {run.info.run_id!r} lacks what evalhub logged with it: {error}"
        ) from error


def _info(run: Any) -> RunInfo:
    tags = run.data.tags
    return RunInfo(
        run_id=run.info.run_id,
        name=run.info.run_name,
        suite=tags[f"{PREFIX}suite"],
        target=tags[f"{PREFIX}target"],
        dataset_name=tags[f"{PREFIX}dataset_name"],
        dataset_version=tags[f"{PREFIX}dataset_version"],
        start_ns=int(tags[f"{PREFIX}start_ns"]),
        params=dict(run.data.params),
        summaries=_summaries(run.data.metrics, tags),
        tags={name: value for name, value in tags.items() if name.startswith(PREFIX)},
    )


def _summaries(metrics: Mapping[str, float], tags: Mapping[str, str]) -> tuple[MetricSummary, ...]:
    keys = metric_keys(_names(tags))
    return tuple(
        MetricSummary(
            name=name,
            signature=tags[f"{PREFIX}signature.{key}"],
            mean=metrics.get(key),
            stderr=metrics.get(f"{key}_stderr"),
            lower=metrics.get(f"{key}_lower"),
            upper=metrics.get(f"{key}_upper"),
            n=int(metrics[f"{key}_n"]),
            errored=int(metrics[f"{key}_errored"]),
            unparsed=int(metrics[f"{key}_unparsed"]),
            skipped=int(metrics[f"{key}_skipped"]),
            bounds=_bounds(tags.get(f"{PREFIX}bounds.{key}")),
            better=Direction(tags.get(f"{PREFIX}better.{key}") or old_direction(name)),
        )
        for name, key in keys.items()
    )


def _bounds(tag: str | None) -> tuple[float, float] | None:
    """Read a metric's bounds; older runs have no such tag, and 0 to 1 was assumed for them."""
    found = [0.0, 1.0] if tag is None else json.loads(tag)
    return None if found is None else (float(found[0]), float(found[1]))


def experiment_of(run: Any, results: tuple[ExampleResult, ...]) -> Experiment:
    """Return the experiment that the MLflow run *run* and its *results* are.

    For runs that were kept before ``experiment.json`` was.
    """
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
        end_ns=int(run.data.tags[f"{PREFIX}end_ns"]),
        run_id=info.run_id,
    )
