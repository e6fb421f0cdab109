"""What one MLflow run of an experiment holds, and how it is sent within MLflow's limits."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.experiments.attached import TABLE, named_apart
from evalhub.experiments.document import write_files
from evalhub.experiments.figures import figures_of
from evalhub.experiments.keys import cut_value, unique_keys
from evalhub.experiments.rows import wide_table
from evalhub.experiments.tags import BRANCH_TAG, COMMIT_TAG, PREFIX
from evalhub.model import ExampleResult, Experiment

__all__ = ["TABLE_ROWS", "log_content", "log_files", "log_tags", "mlflow_tags"]

TABLE_ROWS = 5_000
"""Results in the table of MLflow's pages, which load it whole; the Parquet file has all."""

_MOST_METRICS = 1_000
_MOST_PARAMS = 100
_PARAM_LENGTH = 6_000
_TAG_LENGTH = 5_000
_DIGEST_LENGTH = 36  # MLflow refuses longer ones
_DATASET_NAME_LENGTH = 500
_REQUEST_LENGTH = 500_000
"""Half of what MLflow takes in one request, for what surrounds the values."""


def log_content(client: Any, run_id: str, experiment: Experiment, tags: Mapping[str, str]) -> None:
    """Send figures, params, *tags*, data set and results of *experiment* to the run."""
    log_tags(client, run_id, tags)
    _log_figures(client, run_id, experiment)
    _log_params(client, run_id, experiment.params)
    _log_dataset(client, run_id, experiment)
    with tempfile.TemporaryDirectory() as folder:
        for path in write_files(experiment, Path(folder), tags):
            client.log_artifact(run_id, str(path))
    _log_table(client, run_id, experiment.results)


def mlflow_tags(experiment: Experiment, origin: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that MLflow's own pages read: table, description, commit."""
    shown = len(experiment.results[:TABLE_ROWS])
    tags = {
        "mlflow.loggedArtifacts": json.dumps([{"path": TABLE, "type": "table"}]),
        "mlflow.note.content": _note(experiment),
        "mlflow.source.name": f"evalhub suite {experiment.suite}",
        "mlflow.source.type": "LOCAL",
    }
    if shown < len(experiment.results):
        tags[f"{PREFIX}table"] = f"the first {shown} of {len(experiment.results)} results"
    ours = {"mlflow.source.git.commit": COMMIT_TAG, "mlflow.source.git.branch": BRANCH_TAG}
    return tags | {theirs: origin[name] for theirs, name in ours.items() if name in origin}


def log_tags(client: Any, run_id: str, tags: Mapping[str, str]) -> None:
    """Set *tags*, however many and long they are; a cut one ends in ``... [cut]``."""
    entities = require("mlflow.entities", extra="mlflow")
    items = [(name, cut_value(value, _TAG_LENGTH)) for name, value in tags.items()]
    for batch in _batches(items, _MOST_PARAMS):
        client.log_batch(run_id, tags=[entities.RunTag(*item) for item in batch])


def log_files(client: Any, run_id: str, files: Sequence[Path]) -> None:
    """Send *files*; one that is called as another of them, or of the record, is renamed."""
    with tempfile.TemporaryDirectory() as folder:
        for name, file in named_apart(files).items():
            renamed = file
            if name != file.name:  # MLflow keeps a file under the name that it has
                renamed = Path(shutil.copyfile(file, Path(folder) / name))
            client.log_artifact(run_id, str(renamed))


def _log_figures(client: Any, run_id: str, experiment: Experiment) -> None:
    entities = require("mlflow.entities", extra="mlflow")
    time_ms = experiment.end_ns // 1_000_000
    metrics = [
        entities.Metric(key, value, time_ms, 0) for key, value in figures_of(experiment).items()
    ]
    for start in range(0, len(metrics), _MOST_METRICS):
        client.log_batch(run_id, metrics=metrics[start : start + _MOST_METRICS])


def _log_params(client: Any, run_id: str, params: Mapping[str, str]) -> None:
    entities = require("mlflow.entities", extra="mlflow")
    keys = unique_keys(params)
    items = [(keys[name], cut_value(value, _PARAM_LENGTH)) for name, value in params.items()]
    for batch in _batches(items, _MOST_PARAMS):
        client.log_batch(run_id, params=[entities.Param(*item) for item in batch])


def _batches(items: Sequence[tuple[str, str]], most: int) -> Iterator[list[tuple[str, str]]]:
    """Give *items* in parts of at most *most*, each short enough for one request."""
    batch: list[tuple[str, str]] = []
    length = 0
    for item in items:
        own = len(json.dumps(item))
        if batch and (len(batch) == most or length + own > _REQUEST_LENGTH):
            yield batch
            batch, length = [], 0
        batch.append(item)
        length += own
    if batch:
        yield batch


def _log_dataset(client: Any, run_id: str, experiment: Experiment) -> None:
    """Log the data set as a source of the run, as ``mlflow.data.from_pandas`` would.

    That function wants a frame of the whole data set to count its rows.
    """
    entities = require("mlflow.entities", extra="mlflow")
    examples = {result.example_id: result for result in experiment.results}
    dataset = entities.Dataset(
        name=cut_value(experiment.dataset_name, _DATASET_NAME_LENGTH),
        digest=experiment.dataset_version[:_DIGEST_LENGTH],
        source_type="code",
        source=json.dumps({"tags": {f"{PREFIX}version": experiment.dataset_version}}),
        schema=json.dumps({"mlflow_colspec": _colspec(examples.values())}),
        profile=json.dumps({"num_rows": len(examples), "num_elements": 3 * len(examples)}),
    )
    tags = [entities.InputTag("mlflow.data.context", "evaluation")]
    client.log_inputs(run_id, [entities.DatasetInput(dataset, tags)])


def _colspec(results: Any) -> list[dict[str, Any]]:
    has_reference = all(result.references for result in results)
    required = {"example_id": True, "inputs": True, "reference": has_reference}
    return [
        {"type": "string", "name": name, "required": is_required}
        for name, is_required in required.items()
    ]


def _log_table(client: Any, run_id: str, results: Sequence[ExampleResult]) -> None:
    wide = wide_table(results[:TABLE_ROWS])
    # The form of pandas' orient="split" is the one that MLflow's pages read. Its own
    # `log_table` calls what pandas 3 warns of, and reads the run again.
    client.log_dict(
        run_id, {"columns": list(wide), "data": list(zip(*wide.values(), strict=True))}, TABLE
    )


def _note(experiment: Experiment) -> str:
    """Return the description that MLflow shows: a table of the metrics."""
    title = f"**{experiment.target}** on {experiment.dataset_name}"
    lines = [
        f"{title} `{experiment.dataset_version[:12]}`, {len(experiment.results):,} results",
        "",
        "| metric | mean | 95% interval | n | without a score |",
        "|---|---|---|---|---|",
    ]
    for item in experiment.summaries:
        missing = item.errored + item.unparsed + item.skipped
        mean = "" if item.mean is None else f"{item.mean:.4g}"
        known = item.lower is not None and item.upper is not None
        interval = f"{item.lower:.4g} to {item.upper:.4g}" if known else ""
        name = item.name.replace("|", "\\|")
        lines.append(f"| {name} | {mean} | {interval} | {item.n} | {missing or ''} |")
    return "\n".join(lines)
