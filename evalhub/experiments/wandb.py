"""Experiments as Weights & Biases runs, without a network unless that is asked for."""

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from evalhub._optional import require
from evalhub.errors import TrackerError
from evalhub.experiments.attached import named_apart
from evalhub.experiments.document import write_files
from evalhub.experiments.figures import figures_of
from evalhub.experiments.identity import identity_of
from evalhub.experiments.origin import origin_of
from evalhub.experiments.rows import wide_table
from evalhub.model import Experiment

__all__ = ["WandbLogger"]

_TABLE_ROWS = 5_000
"""Rows of the table on W&B's pages; the artifact has all."""


class WandbLogger:
    """Logs each experiment as one W&B run, in the group of its suite.

    ``offline`` writes a folder that ``wandb sync`` sends; ``online`` needs a key in
    ``WANDB_API_KEY``. The machine, its packages and its code are not recorded, and W&B's own
    error reports are off.
    """

    def __init__(
        self,
        project: str,
        *,
        mode: Literal["offline", "online"] = "offline",
        folder: Path | None = None,
        entity: str | None = None,
    ) -> None:
        """Log to *project* of *entity*, with files in *folder* (the working folder when None)."""
        self._project = project
        self._mode = mode
        self._folder = folder or Path.cwd()
        self._entity = entity

    def check(self) -> None:
        """Import the package and make the folder.

        Raises:
            MissingExtraError: wandb is not installed.
            TrackerError: the folder cannot be made, or there is no key to go online with.
        """
        wandb = _import_wandb()
        with self._talking(wandb):
            self._folder.mkdir(parents=True, exist_ok=True)
        if self._mode == "online" and not wandb.api.api_key:
            raise TrackerError("W&B has no API key; set WANDB_API_KEY, or use mode: offline")

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Log *experiment*; return the id of the W&B run.

        After a kill the id is the same, so that W&B takes both for one run.

        Raises:
            TrackerError: W&B did not take it.
        """
        wandb = _import_wandb()
        every = origin_of(Path.cwd()) | dict(tags or {})
        with self._talking(wandb):
            run = wandb.init(
                project=self._project,
                entity=self._entity,
                id=identity_of(experiment, every),
                name=experiment.name,
                group=experiment.suite,
                job_type="evaluation",
                config=_config(experiment, every),
                mode=self._mode,
                dir=str(self._folder),
                resume="allow" if self._mode == "online" else None,
                reinit="create_new",  # a run of the user's own stays as it is
                settings=_settings(wandb),
            )
            try:
                self._fill(wandb, run, experiment, every, artifacts)
            except BaseException:
                run.finish(exit_code=1)
                raise
            run.finish()
            return str(run.id)

    def _fill(
        self,
        wandb: Any,
        run: Any,
        experiment: Experiment,
        tags: Mapping[str, str],
        artifacts: Sequence[Path],
    ) -> None:
        run.summary.update(figures_of(experiment))
        wide = wide_table(experiment.results[:_TABLE_ROWS])
        rows = [list(row) for row in zip(*wide.values(), strict=True)]
        run.log({"results": wandb.Table(columns=list(wide), data=rows, allow_mixed_types=True)})
        record = wandb.Artifact(f"evaluation-{run.id}", type="evaluation")
        with tempfile.TemporaryDirectory() as folder:
            files = write_files(experiment, Path(folder), tags)
            kept = {path.name: path for path in files} | named_apart(artifacts)
            for name, path in kept.items():
                record.add_file(str(path), name=name)
            run.log_artifact(record)

    @contextmanager
    def _talking(self, wandb: Any) -> Iterator[None]:
        try:
            yield
        except (wandb.errors.Error, OSError) as error:
            reason = str(error).partition("\n")[0]
            raise TrackerError(f"W&B in {self._folder}: {reason}") from error


def _import_wandb() -> Any:
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    return require("wandb", extra="wandb")


def _settings(wandb: Any) -> Any:
    return wandb.Settings(
        silent=True,
        console="off",
        host="not recorded",
        disable_code=True,
        disable_git=True,
        x_disable_machine_info=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )


def _config(experiment: Experiment, tags: Mapping[str, str]) -> dict[str, Any]:
    signatures = {summary.name: summary.signature for summary in experiment.summaries}
    return {
        "suite": experiment.suite,
        "target": experiment.target,
        "dataset": experiment.dataset_name,
        "dataset_version": experiment.dataset_version,
        "params": dict(experiment.params),
        "signatures": signatures,
        "tags": dict(tags),
    }
