"""An experiment as two files that give it back equal: ``experiment.json`` and ``results.parquet``.

The JSON holds all but the results. A tracker's own params, tags and metrics are for its
pages and searches; these two files are the record.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from evalhub.errors import TrackerError
from evalhub.experiments.base import RunInfo
from evalhub.experiments.old_directions import old_direction
from evalhub.experiments.rows import read_results, write_results
from evalhub.experiments.tags import FORMAT
from evalhub.model import Direction, Experiment, MetricSummary

__all__ = ["HEADER", "RESULTS", "info_of_header", "read_experiment", "read_header", "write_files"]

HEADER = "experiment.json"
RESULTS = "results.parquet"


def write_files(experiment: Experiment, folder: Path, tags: Mapping[str, str]) -> list[Path]:
    """Write the two files of *experiment* into *folder*; return their paths.

    *tags* are kept in the JSON as they are.
    """
    results = folder / RESULTS
    write_results(experiment.results, results)
    header = folder / HEADER
    # Not orjson: the bounds of a metric may be infinite, which it would write as null.
    text = json.dumps(_header(experiment, tags), ensure_ascii=False, indent=1)
    header.write_bytes(text.encode(errors="replace"))
    return [header, results]


def read_header(path: Path) -> dict[str, Any]:
    """Return what the JSON file at *path* holds.

    Raises:
        TrackerError: it cannot be read, or a newer evalhub wrote it.
    """
    try:
        header: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = header["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrackerError(f"{path} cannot be read as an experiment: {error}") from error
    if form != FORMAT:
        raise TrackerError(f"{path} has the format {form!r} of another evalhub; upgrade this one")
    return header


def read_experiment(folder: Path, *, run_id: str) -> Experiment:
    """Return the experiment whose files are in *folder*, as the run *run_id*.

    Raises:
        TrackerError: a file is missing or damaged.
    """
    header = read_header(folder / HEADER)
    try:
        results = read_results(folder / RESULTS)
        return Experiment(
            **{name: header[name] for name in _PLAIN},
            params=header["params"],
            summaries=_summaries(header),
            results=results,
            run_id=run_id,
        )
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise TrackerError(f"the files in {folder} are damaged: {error}") from error


def info_of_header(header: Mapping[str, Any], run_id: str) -> RunInfo:
    """Return what lists show of the experiment with this header.

    Raises:
        TrackerError: something is missing in it, or is not what it should be.
    """
    try:
        return RunInfo(
            run_id=run_id,
            name=header["name"],
            suite=header["suite"],
            target=header["target"],
            dataset_name=header["dataset_name"],
            dataset_version=header["dataset_version"],
            start_ns=int(header["start_ns"]),
            params=dict(header["params"]),
            summaries=_summaries(header),
            tags=dict(header["tags"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise TrackerError(f"the {HEADER} of run {run_id!r} is damaged: {error!r}") from error


_PLAIN = ("name", "suite", "target", "dataset_name", "dataset_version", "start_ns", "end_ns")


def _header(experiment: Experiment, tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        **{name: getattr(experiment, name) for name in _PLAIN},
        "params": dict(experiment.params),
        "tags": dict(tags),
        "summaries": [asdict(summary) for summary in experiment.summaries],
    }


def _summaries(header: Mapping[str, Any]) -> tuple[MetricSummary, ...]:
    return tuple(
        MetricSummary(
            **{
                **summary,
                "bounds": summary["bounds"] and tuple(summary["bounds"]),
                "better": Direction(summary.get("better") or old_direction(summary["name"])),
            }
        )
        for summary in header["summaries"]
    )
