"""Experiments as MLflow runs: the only file that knows MLflow.

What evalhub calls a *suite* is an MLflow experiment, and what it calls an experiment is
an MLflow run in it. A run has the metrics with their intervals and counts (``rouge1``,
``rouge1_lower``, ``rouge1_n``, ...), the params, the data set as a dataset input, the
signatures as tags, ``results.parquet`` (the record), and ``results.json``, which
MLflow's pages show as a table.
"""

import json
import logging
import os
import re
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.config import load_settings
from evalhub.errors import TrackerError
from evalhub.experiments.base import RunInfo
from evalhub.experiments.records import (
    FORMAT,
    FORMAT_TAG,
    experiment_of,
    figures_of,
    run_info,
    tags_of,
)
from evalhub.experiments.rows import read_results, wide_table, write_results
from evalhub.model import Experiment

__all__ = ["MlflowTracker"]

_RECORD = "results.parquet"
_TABLE = "results.json"
_TABLE_TAG = {"mlflow.loggedArtifacts": json.dumps([{"path": _TABLE, "type": "table"}])}
_SILENCE = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_DIGEST_LENGTH = 36  # MLflow refuses longer ones


class MlflowTracker:
    """Keeps experiments in MLflow, and gives them back equal.

    Nothing of the process's own MLflow state (tracking URI, active run) is read or
    changed. MLflow cuts a param at 6,000 characters.
    """

    def __init__(self, url: str | None = None) -> None:
        """Use the MLflow at *url*; None is ``MLFLOW_TRACKING_URI`` or the settings'."""
        self.url = url or load_settings().mlflow_url
        self._connected: Any = None

    def check(self) -> None:
        """Connect, and make the database where there is none.

        Raises:
            MissingExtraError: MLflow is not installed.
            TrackerError: MLflow does not answer.
        """
        with self._talking() as client:
            client.search_experiments(max_results=1)

    def log(self, experiment: Experiment, *, artifacts: Sequence[Path] = ()) -> str:
        """Keep *experiment* and the files *artifacts*; return the run's id.

        Raises:
            TrackerError: MLflow did not take it; what it got is marked as failed.
        """
        with self._talking() as client:
            run_id = self._create_run(client, experiment)
            try:
                _log_figures(client, run_id, experiment)
                _log_dataset(client, run_id, experiment)
                _log_results(client, run_id, experiment)
                for artifact in artifacts:
                    client.log_artifact(run_id, str(artifact))
            except BaseException:
                client.set_terminated(run_id, status="FAILED")
                raise
            client.set_terminated(run_id, end_time=experiment.end_ns // 1_000_000)
        return run_id

    def list_runs(self, suite: str | None = None, *, limit: int = 100) -> list[RunInfo]:
        """Return the kept runs, newest first; an MLflow not yet there has none.

        Raises:
            TrackerError: MLflow did not answer.
        """
        if self._is_unborn():
            return []
        with self._talking() as client:
            experiments = client.search_experiments()
            ids = [item.experiment_id for item in experiments if suite in (None, item.name)]
            if not ids:
                return []
            runs = client.search_runs(
                ids,
                f"tags.`{FORMAT_TAG}` = '{FORMAT}' and attributes.status = 'FINISHED'",
                max_results=limit,
                order_by=["attributes.start_time DESC"],
            )
            return [run_info(run) for run in runs]

    def load(self, run_id: str) -> Experiment:
        """Return a kept run with all its example results.

        Raises:
            TrackerError: no run has this id, it was not logged by evalhub, or its
                results are gone.
        """
        if self._is_unborn():
            raise TrackerError(f"no run {run_id!r}: there is no MLflow at {_shown(self.url)} yet")
        with self._talking() as client, tempfile.TemporaryDirectory() as folder:
            run = client.get_run(run_id)
            if run.data.tags.get(FORMAT_TAG) != FORMAT:
                raise TrackerError(
                    f"run {run_id!r} was not logged by this evalhub; see `evalhub eval list`"
                )
            path = client.download_artifacts(run_id, _RECORD, folder)
            return experiment_of(run, read_results(Path(path)))

    def _create_run(self, client: Any, experiment: Experiment) -> str:
        found = client.get_experiment_by_name(experiment.suite)
        experiment_id = (
            client.create_experiment(experiment.suite, artifact_location=self._artifacts())
            if found is None
            else found.experiment_id
        )
        run = client.create_run(
            experiment_id,
            start_time=experiment.start_ns // 1_000_000,
            run_name=experiment.name,
            tags=tags_of(experiment) | _TABLE_TAG,
        )
        return str(run.info.run_id)

    def _artifacts(self) -> str | None:
        """Return where a new experiment's files go; None lets a server decide."""
        if self.url.startswith(("http:", "https:")):
            return None
        return (load_settings().home / "mlartifacts").as_uri()

    def _is_unborn(self) -> bool:
        """Return whether the SQLite file is not there; making it takes MLflow 5 s."""
        path = _sqlite_path(self.url)
        return path is not None and not path.exists()

    @contextmanager
    def _talking(self) -> Iterator[Any]:
        """Give a client, and turn MLflow's failures into one line."""
        mlflow = _import_mlflow()
        with _quiet():
            try:
                if self._connected is None:
                    self._connected = self._connect(mlflow)
                yield self._connected
            except mlflow.exceptions.MlflowException as error:
                reason = str(error).partition("\n")[0]
                raise TrackerError(f"MLflow at {_shown(self.url)}: {reason}") from error
            except OSError as error:
                raise TrackerError(
                    f"the files of MLflow at {_shown(self.url)} cannot be used: {error}"
                ) from error

    def _connect(self, mlflow: Any) -> Any:
        if self.url.startswith(("http:", "https:")):
            _knock(self.url)
        path = _sqlite_path(self.url)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        return mlflow.MlflowClient(tracking_uri=self.url)


def _import_mlflow() -> Any:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    return require("mlflow", extra="mlflow")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep MLflow from logging every table it makes, printing links and drawing bars.

    MLflow reads these variables at each call; they are put back afterwards.
    """
    before = {name: os.environ.get(name) for name in _SILENCE}
    os.environ.update(_SILENCE)
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _knock(url: str) -> None:
    """Ask a server whether it is there; MLflow's client would retry for minutes."""
    try:
        urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=10).close()
    except urllib.error.HTTPError as error:
        error.close()  # it answered: what it thinks of this page does not matter
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise TrackerError(
            f"no MLflow server answers at {_shown(url)} ({reason}); start it, or unset "
            "MLFLOW_TRACKING_URI to use a local file"
        ) from error


def _shown(url: str) -> str:
    """Return *url* without its password."""
    return re.sub(r"//[^/@]*@", "//***@", url)


def _sqlite_path(url: str) -> Path | None:
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None


def _log_figures(client: Any, run_id: str, experiment: Experiment) -> None:
    entities = require("mlflow.entities", extra="mlflow")
    time_ms = experiment.end_ns // 1_000_000
    figures = figures_of(experiment)
    client.log_batch(
        run_id,
        metrics=[entities.Metric(key, value, time_ms, 0) for key, value in figures.items()],
        params=[entities.Param(key, value) for key, value in experiment.params.items()],
    )


def _log_dataset(client: Any, run_id: str, experiment: Experiment) -> None:
    entities = require("mlflow.entities", extra="mlflow")
    pandas = require("pandas", extra="mlflow")
    mlflow_data = require("mlflow.data", extra="mlflow")
    source = require("mlflow.data.code_dataset_source", extra="mlflow")
    examples = {result.example_id: result for result in experiment.results}
    wide = wide_table(list(examples.values()))
    frame = pandas.DataFrame({name: wide[name] for name in ("example_id", "inputs", "reference")})
    dataset = mlflow_data.from_pandas(
        frame,
        # Without a source MLflow would look for a notebook or a git repository.
        source=source.CodeDatasetSource(tags={"evalhub.version": experiment.dataset_version}),
        name=experiment.dataset_name,
        digest=experiment.dataset_version[:_DIGEST_LENGTH],
    )
    tags = [entities.InputTag("mlflow.data.context", "evaluation")]
    client.log_inputs(run_id, [entities.DatasetInput(entities.Dataset(**dataset.to_dict()), tags)])


def _log_results(client: Any, run_id: str, experiment: Experiment) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / _RECORD
        write_results(experiment.results, path)
        client.log_artifact(run_id, str(path))
    wide = wide_table(experiment.results)
    # The form of pandas' orient="split" is the one that MLflow's pages read. Its own
    # `log_table` calls what pandas 3 warns of, and reads the run again.
    client.log_dict(
        run_id, {"columns": list(wide), "data": list(zip(*wide.values(), strict=True))}, _TABLE
    )
