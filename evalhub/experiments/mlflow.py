"""Experiments as MLflow runs.

What evalhub calls a *suite* is an MLflow experiment, and what it calls an experiment is
an MLflow run in it. A run has the metrics with their intervals and counts (``rouge1``,
``rouge1_lower``, ``rouge1_n``, ...; ``rouge1.language.de`` of a slice), the params, the data
set as a dataset input, the signatures as tags, ``experiment.json`` and ``results.parquet``
(the record), and ``results.json``, which MLflow's pages show as a table.
"""

import contextlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalhub.errors import TrackerError
from evalhub.experiments.base import RunFilter, RunInfo
from evalhub.experiments.document import HEADER, RESULTS, read_experiment
from evalhub.experiments.keys import cut_value
from evalhub.experiments.mlflow_connection import MlflowConnection
from evalhub.experiments.mlflow_content import log_content, log_files, log_tags, mlflow_tags
from evalhub.experiments.mlflow_groups import place_in_group
from evalhub.experiments.mlflow_search import experiment_name, filter_of, matching, search
from evalhub.experiments.origin import origin_of
from evalhub.experiments.records import experiment_of, run_info, tags_of
from evalhub.experiments.rows import read_results
from evalhub.experiments.tags import ATTEMPT_TAG, FORMAT, FORMAT_TAG, GROUP_TAG, LOCAL_TAG
from evalhub.model import Experiment

__all__ = ["MlflowTracker"]

_NAME_LENGTH = 250
_TAG_LENGTH = 5_000
_OLD_RECORD = {RESULTS}
"""Files of a run that was kept before ``experiment.json`` was."""


class MlflowTracker:
    """Keeps experiments in MLflow, and gives them back equal.

    Nothing of the process's own MLflow state (tracking URI, active run) is read or
    changed. What MLflow has no room for (a param of more than 6,000 characters) is cut on its
    pages only.
    """

    def __init__(self, url: str | None = None) -> None:
        """Use the MLflow at *url*; None is ``MLFLOW_TRACKING_URI`` or the settings'."""
        self._mlflow = MlflowConnection(url)

    @property
    def url(self) -> str:
        """The tracking URI."""
        return self._mlflow.url

    def check(self) -> None:
        """Connect, and make the database where there is none.

        Raises:
            MissingExtraError: MLflow is not installed.
            TrackerUnavailableError: the server does not answer.
            TrackerError: MLflow cannot be used.
        """
        with self._mlflow.talking() as client:
            client.search_experiments(max_results=1)

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Keep *experiment*, the files *artifacts* and *tags*; return the run's id.

        The commit of the working folder is kept too, unless *tags* name another. Cells of a
        matrix, which share a value of ``evalhub.group``, get a parent run.

        Raises:
            TrackerError: MLflow did not take it; what it got is marked as failed.
        """
        given = origin_of(Path.cwd()) | dict(tags or {})
        with self._mlflow.talking() as client:
            experiment_id = self._experiment_id(client, experiment.suite)
            _drop_halves(client, experiment_id, given)
            run_id = _create_run(client, experiment_id, experiment, given)
            try:
                every = {**tags_of(experiment), **mlflow_tags(experiment, given), **given}
                log_content(client, run_id, experiment, every)
                log_files(client, run_id, artifacts)
                if GROUP_TAG in given:
                    # Before it counts as whole: what is whole is never logged again.
                    place_in_group(client, experiment_id, run_id, given[GROUP_TAG])
            except BaseException:
                with contextlib.suppress(Exception):  # the first failure is the one to tell
                    client.set_terminated(run_id, status="FAILED")
                raise
            client.set_terminated(run_id, end_time=experiment.end_ns // 1_000_000)
        return run_id

    def find(self, suite: str, tag: str, value: str) -> str | None:
        """Return the newest whole run of *suite* whose *tag* has this *value*, or None.

        Raises:
            TrackerError: MLflow does not answer.
        """
        found = self.newest(suite, {tag: value})
        return None if found is None else found.run_id

    def info(self, run_id: str) -> RunInfo:
        """Return what lists show of a kept run.

        Raises:
            TrackerError: no run has this id, or it was not logged by evalhub.
        """
        with self._run(run_id) as (_, run):
            return run_info(run)

    def newest(self, suite: str, tags: Mapping[str, str]) -> RunInfo | None:
        """Return the newest whole run of *suite* that has all of these *tags*, or None.

        Raises:
            TrackerError: MLflow does not answer.
        """
        if self._mlflow.is_unborn:
            return None
        with self._mlflow.talking() as client:
            found = client.get_experiment_by_name(experiment_name(suite))
            if found is None:
                return None
            wanted = matching({name: cut_value(tags[name], _TAG_LENGTH) for name in tags})
            run = next(search(client, [found.experiment_id], wanted, limit=1), None)
            return None if run is None else run_info(run)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set *tags* on a kept run; what was there under their names is replaced.

        Raises:
            TrackerError: no run has this id, or MLflow does not answer.
        """
        with self._mlflow.talking() as client:
            log_tags(client, run_id, tags)

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        """Add *files* to a kept run, such as its reports; one of the same name is replaced.

        Raises:
            TrackerError: no run has this id, a file is not there, or MLflow does not answer.
        """
        with self._mlflow.talking() as client:
            log_files(client, run_id, files)

    def list_runs(
        self, suite: str | None = None, *, limit: int = 100, where: RunFilter | None = None
    ) -> list[RunInfo]:
        """Return at most *limit* kept runs, newest first; an MLflow not yet there has none.

        Raises:
            TrackerError: MLflow did not answer.
        """
        if self._mlflow.is_unborn:
            return []
        with self._mlflow.talking() as client:
            ids = _experiment_ids(client, suite)
            runs = search(client, ids, filter_of(where or RunFilter()), limit=limit)
            return list(_readable(runs))

    def load(self, run_id: str) -> Experiment:
        """Return a kept run with all its example results.

        Raises:
            TrackerError: no run has this id, it was not logged by evalhub, or its
                results are gone.
        """
        with self._run(run_id) as (client, run), tempfile.TemporaryDirectory() as folder:
            files = {item.path for item in client.list_artifacts(run_id)}
            for name in {HEADER, RESULTS} & files or _OLD_RECORD:
                client.download_artifacts(run_id, name, folder)
            if HEADER not in files:
                return experiment_of(run, read_results(Path(folder) / RESULTS))
            return read_experiment(Path(folder), run_id=run_id)

    @contextmanager
    def _run(self, run_id: str) -> Iterator[tuple[Any, Any]]:
        """Give the client and the MLflow run, which evalhub logged."""
        if self._mlflow.is_unborn:
            raise TrackerError(f"no run {run_id!r}: there is no MLflow at {self._mlflow.shown} yet")
        with self._mlflow.talking() as client:
            run = client.get_run(run_id)
            if run.data.tags.get(FORMAT_TAG) != FORMAT:
                raise TrackerError(
                    f"run {run_id!r} was not logged by this evalhub; see `evalhub eval list`"
                )
            yield client, run

    def _experiment_id(self, client: Any, suite: str) -> str:
        """Return the MLflow experiment of *suite*; it is made where there is none."""
        name = experiment_name(suite)
        found = client.get_experiment_by_name(name)
        if found is None:
            return str(self._create_experiment(client, name))
        if found.lifecycle_stage != "active":
            raise TrackerError(
                f"the MLflow experiment {name!r} was deleted; restore it with: "
                f"mlflow experiments restore --experiment-id {found.experiment_id}"
            )
        return str(found.experiment_id)

    def _create_experiment(self, client: Any, name: str) -> str:
        try:
            return str(client.create_experiment(name, artifact_location=self._mlflow.artifacts))
        except Exception:
            # Another process may have made it since.
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
            return str(found.experiment_id)


def _create_run(
    client: Any, experiment_id: str, experiment: Experiment, given: Mapping[str, str]
) -> str:
    """Begin the run with the tags by which a half one is known; the others follow in batches."""
    known = {name: cut_value(given[name], _TAG_LENGTH) for name in _MARKS if name in given}
    run = client.create_run(
        experiment_id,
        start_time=experiment.start_ns // 1_000_000,
        run_name=cut_value(experiment.name, _NAME_LENGTH),
        tags=known,
    )
    return str(run.info.run_id)


_MARKS = (ATTEMPT_TAG, LOCAL_TAG)


def _drop_halves(client: Any, experiment_id: str, given: Mapping[str, str]) -> None:
    """Delete what a kill or a failure left of the same run; nobody else logs it, by a lock."""
    for name in _MARKS:
        for status in ("RUNNING", "FAILED") if name in given else ():
            wanted = matching({name: cut_value(given[name], _TAG_LENGTH)}, status=status)
            for run in search(client, [experiment_id], wanted, limit=10):
                client.delete_run(run.info.run_id)


def _readable(runs: Iterable[Any]) -> Iterator[RunInfo]:
    """Give what lists show; a run that somebody took our tags from keeps no other from it."""
    for run in runs:
        with contextlib.suppress(TrackerError):
            yield run_info(run)


def _experiment_ids(client: Any, suite: str | None) -> list[str]:
    if suite is not None:
        found = client.get_experiment_by_name(experiment_name(suite))
        return [] if found is None else [found.experiment_id]
    ids: list[str] = []
    token = None
    while True:
        page = client.search_experiments(max_results=1_000, page_token=token)
        ids += [item.experiment_id for item in page]
        token = page.token
        if not token:
            return ids
