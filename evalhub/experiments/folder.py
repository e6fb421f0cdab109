"""Experiments as plain files: a folder a run, with JSON for its head and Parquet for its results.

``ROOT/RUN_ID/`` holds ``experiment.json``, ``results.parquet`` and ``artifacts/``. A run is
written beside its place and moved there whole, so that a kill leaves no half one.
"""

import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import TrackerError
from evalhub.experiments.attached import named_apart
from evalhub.experiments.base import RunFilter, RunInfo
from evalhub.experiments.document import (
    HEADER,
    info_of_header,
    read_experiment,
    read_header,
    write_files,
)
from evalhub.experiments.origin import origin_of
from evalhub.experiments.tags import BRANCH_TAG, VERDICT_TAG
from evalhub.model import Experiment

__all__ = ["FolderTracker", "TakenOut"]

_ARTIFACTS = "artifacts"
_UNFINISHED = ".unfinished-"
_RUN_ID = re.compile(r"[A-Za-z0-9][\w-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """What a run held that is about to be deleted."""

    info: RunInfo
    artifacts: list[Path]


class FolderTracker:
    """Keeps experiments in a folder, and gives them back equal."""

    def __init__(self, root: Path, *, prefix: str = "") -> None:
        """Use the folder *root*; ids of its runs begin with *prefix*."""
        self.root = root
        self._prefix = prefix

    def check(self) -> None:
        """Make the folder where there is none.

        Raises:
            MissingExtraError: pyarrow is not installed.
            TrackerError: the folder cannot be written.
        """
        require("pyarrow", extra="mlflow")
        with self._files():
            self.root.mkdir(parents=True, exist_ok=True)
            probe = self.root / f"{_UNFINISHED}{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Keep *experiment*, the files *artifacts* and *tags*; return the run's id.

        Raises:
            TrackerError: the disk is full, or a file is not there.
        """
        run_id = f"{self._prefix}{uuid.uuid4().hex}"
        with self._files(), self._unfinished() as folder:
            every = origin_of(Path.cwd()) | dict(tags or {})
            write_files(experiment, folder, every)
            (folder / _ARTIFACTS).mkdir()
            for name, artifact in named_apart(artifacts).items():
                shutil.copyfile(artifact, folder / _ARTIFACTS / name)
            _to_disk(folder)
            folder.rename(self.root / run_id)
        return run_id

    def find(self, suite: str, tag: str, value: str) -> str | None:
        """Return the newest run of *suite* whose *tag* has this *value*, or None."""
        found = self.newest(suite, {tag: value})
        return None if found is None else found.run_id

    def info(self, run_id: str) -> RunInfo:
        """Return what lists show of a kept run.

        Raises:
            TrackerError: no run has this id, or its file is damaged.
        """
        return info_of_header(read_header(self.folder_of(run_id) / HEADER), run_id)

    def newest(self, suite: str, tags: Mapping[str, str]) -> RunInfo | None:
        """Return the newest run of *suite* that has all of these *tags*, or None."""
        found = (
            run
            for run in self._runs()
            if run.suite == suite and all(_all_tags(run).get(key) == tags[key] for key in tags)
        )
        return max(found, key=lambda run: run.start_ns, default=None)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set *tags* on a kept run; what was there under their names is replaced.

        Raises:
            TrackerError: no run has this id, or its file cannot be written.
        """
        path = self.folder_of(run_id) / HEADER
        header = read_header(path)
        header["tags"] |= tags
        with self._files():
            _replace(path, header)

    def attach(self, run_id: str, files: Sequence[Path]) -> None:
        """Add *files* to a kept run; one of the same name is replaced.

        Raises:
            TrackerError: no run has this id, or a file cannot be copied.
        """
        folder = self.folder_of(run_id) / _ARTIFACTS
        with self._files():
            folder.mkdir(exist_ok=True)  # copies of folders may leave out what is empty
            for name, file in named_apart(files).items():
                shutil.copyfile(file, folder / name)

    def list_runs(
        self, suite: str | None = None, *, limit: int = 100, where: RunFilter | None = None
    ) -> list[RunInfo]:
        """Return at most *limit* kept runs, newest first."""
        wanted = where or RunFilter()
        found = [
            run for run in self._runs() if suite in (None, run.suite) and _is_wanted(run, wanted)
        ]
        return sorted(found, key=lambda run: run.start_ns, reverse=True)[:limit]

    def load(self, run_id: str) -> Experiment:
        """Return a kept run with all its example results.

        Raises:
            TrackerError: no run has this id, or its files are damaged.
        """
        return read_experiment(self.folder_of(run_id), run_id=run_id)

    def holds(self, run_id: str) -> bool:
        """Return whether a run has this id."""
        return bool(_RUN_ID.fullmatch(run_id)) and (self.root / run_id / HEADER).is_file()

    def folder_of(self, run_id: str) -> Path:
        """Return the folder of a kept run.

        Raises:
            TrackerError: no run has this id.
        """
        if not self.holds(run_id):
            raise TrackerError(f"no run {run_id!r} is in {self.root}")
        return self.root / run_id

    def artifacts(self, run_id: str) -> list[Path]:
        """Return the files that were kept with a run, sorted by name.

        Raises:
            TrackerError: no run has this id.
        """
        return _files_in(self.folder_of(run_id) / _ARTIFACTS)

    @contextmanager
    def taken_out(self, run_id: str) -> Iterator["TakenOut"]:
        """Take a run out of the lists, give what it holds, and delete it after the block.

        Whoever adds to it meanwhile is told that it is not here any more.

        Raises:
            TrackerError: no run has this id, or it cannot be deleted.
        """
        with self._files():
            # Out of the list first: a kill while it is deleted leaves no half run.
            gone = self.folder_of(run_id).rename(self.root / f"{_UNFINISHED}{uuid.uuid4().hex}")
            yield TakenOut(
                info_of_header(read_header(gone / HEADER), run_id), _files_in(gone / _ARTIFACTS)
            )
            shutil.rmtree(gone)

    def damaged(self) -> dict[str, str]:
        """Return why the runs that lists leave out cannot be read, by their ids."""
        reasons = {}
        for run_id in self._ids():
            try:
                self.info(run_id)
            except TrackerError as error:
                reasons[run_id] = str(error)
        return reasons

    def _runs(self) -> Iterator[RunInfo]:
        """Give the runs that can be read: a damaged one keeps nobody from the others."""
        for run_id in self._ids():
            with suppress(TrackerError):
                yield self.info(run_id)

    def _ids(self) -> list[str]:
        names = (path.name for path in self.root.iterdir()) if self.root.is_dir() else ()
        return sorted(name for name in names if self.holds(name))

    @contextmanager
    def _unfinished(self) -> Iterator[Path]:
        folder = self.root / f"{_UNFINISHED}{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _files(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TrackerError(f"the runs in {self.root} cannot be written: {error}") from error


def _files_in(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _all_tags(run: RunInfo) -> dict[str, str]:
    own = {
        "evalhub.suite": run.suite,
        "evalhub.target": run.target,
        "evalhub.dataset_name": run.dataset_name,
        "evalhub.dataset_version": run.dataset_version,
    }
    return {**own, **run.tags}


def _is_wanted(run: RunInfo, where: RunFilter) -> bool:
    return (
        where.target in (None, run.target)
        and where.branch in (None, run.tags.get(BRANCH_TAG))
        and where.verdict in (None, run.tags.get(VERDICT_TAG))
        and run.start_ns >= (where.since_ns or 0)
    )


def _replace(path: Path, header: Mapping[str, Any]) -> None:
    whole = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    text = json.dumps(header, ensure_ascii=False, indent=1)
    whole.write_bytes(text.encode(errors="replace"))
    whole.replace(path)


def _to_disk(folder: Path) -> None:
    """Wait until the files are on the disk: what they hold may have cost money."""
    for path in folder.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
