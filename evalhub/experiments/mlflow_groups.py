"""The cells of a matrix as nested MLflow runs, under a parent that names the best of them."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from evalhub._optional import require
from evalhub.experiments.base import RunInfo
from evalhub.experiments.keys import metric_keys
from evalhub.experiments.mlflow_content import log_tags
from evalhub.experiments.mlflow_search import matching, search
from evalhub.experiments.records import run_info
from evalhub.experiments.tags import GROUP_TAG, PARTIAL_TAG, PREFIX
from evalhub.model import Direction

__all__ = ["PARENT_TAG", "place_in_group"]

PARENT_TAG = f"{PREFIX}parent_of"
"""Tag of a parent run: the group whose cells lie under it."""
_NESTED = "mlflow.parentRunId"
_MOST_CELLS = 1_000


def place_in_group(client: Any, experiment_id: str, run_id: str, group: str) -> None:
    """Put the run under the parent of *group*, and note there which cell is best.

    The parent is made with the first cell. The run itself is not finished yet; the others are.
    """
    parent_id = _parent(client, experiment_id, group)
    client.set_tag(run_id, _NESTED, parent_id)
    found = search(client, [experiment_id], matching({GROUP_TAG: group}), limit=_MOST_CELLS)
    cells = [run_info(run) for run in (*found, client.get_run(run_id))]
    _note_best(client, parent_id, [cell for cell in cells if PARTIAL_TAG not in cell.tags])


def _parent(client: Any, experiment_id: str, group: str) -> str:
    found = search(
        client, [experiment_id], matching({PARENT_TAG: group}, status="FINISHED"), limit=1
    )
    known = next(found, None)
    if known is not None:
        return str(known.info.run_id)
    # The first part of a group's name only makes it unlike the same group of other attempts.
    name = group.rpartition("/")[2]
    run = client.create_run(experiment_id, run_name=name, tags={PARENT_TAG: group})
    client.set_terminated(run.info.run_id)
    return str(run.info.run_id)


def _note_best(client: Any, parent_id: str, cells: Sequence[RunInfo]) -> None:
    if not cells:
        return
    entities = require("mlflow.entities", extra="mlflow")
    best = list(_best(cells))
    keys = metric_keys([name for name, _, _ in best])
    log_tags(
        client,
        parent_id,
        {
            f"{PREFIX}cells": json.dumps(sorted(cell.target for cell in cells)),
            **{f"{PREFIX}best.{keys[name]}": winners for name, winners, _ in best},
            "mlflow.note.content": _description(best),
        },
    )
    time_ms = max(cell.start_ns for cell in cells) // 1_000_000
    metrics = [entities.Metric(keys[name], mean, time_ms, 0) for name, _, mean in best]
    for start in range(0, len(metrics), _MOST_CELLS):
        client.log_batch(parent_id, metrics=metrics[start : start + _MOST_CELLS])


def _best(cells: Sequence[RunInfo]) -> Iterator[tuple[str, str, float]]:
    """Give for each metric the cells with the best mean, and that mean."""
    means: dict[str, list[tuple[float, str]]] = {}
    better: dict[str, Direction] = {}
    for cell in cells:
        for summary in cell.summaries:
            if summary.mean is not None:
                means.setdefault(summary.name, []).append((summary.mean, cell.target))
                better[summary.name] = summary.better
    for name, found in means.items():
        if better[name] is Direction.NEITHER:
            continue
        choose = min if better[name] is Direction.LOWER else max
        best = choose(mean for mean, _ in found)
        yield name, ", ".join(sorted(target for mean, target in found if mean == best)), best


def _description(best: Sequence[tuple[str, str, float]]) -> str:
    rows = [f"| {name} | {cells} | {mean:.4g} |" for name, cells, mean in best]
    return "\n".join(["| metric | best cell | mean |", "|---|---|---|", *rows])
