"""Experiments as TensorBoard event files: a line over the nights for each metric."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalhub._optional import require
from evalhub.errors import TrackerError
from evalhub.experiments.figures import figures_of
from evalhub.experiments.identity import identity_of
from evalhub.experiments.keys import clean_key
from evalhub.model import Experiment

__all__ = ["TensorboardLogger"]

_WRITER = "tensorboard.summary.writer.event_file_writer"


class TensorboardLogger:
    """Writes each experiment as one event file in ``LOGDIR/SUITE/TARGET``.

    The step is the second in which the experiment began, so that the experiments of one target
    lie on one line. Params and signatures are a text. Neither TensorFlow nor a server is needed.
    """

    def __init__(self, logdir: Path) -> None:
        """Write into *logdir*."""
        self._logdir = logdir

    def check(self) -> None:
        """Import the package and make the folder.

        Raises:
            MissingExtraError: tensorboard is not installed.
            TrackerError: the folder cannot be made.
        """
        require(_WRITER, extra="tensorboard")
        with self._files():
            self._logdir.mkdir(parents=True, exist_ok=True)

    def log(
        self,
        experiment: Experiment,
        *,
        artifacts: Sequence[Path] = (),
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Write *experiment*; return the run's name in TensorBoard, its folder below the logdir.

        What an attempt that was killed wrote is replaced. Files are not kept: TensorBoard has
        no place for them.

        Raises:
            TrackerError: the file cannot be written.
        """
        name = f"{_folder_name(experiment.suite)}/{_folder_name(experiment.target)}"
        suffix = f".{identity_of(experiment, tags or {})}"
        with self._files():
            folder = self._logdir / name
            folder.mkdir(parents=True, exist_ok=True)
            for path in folder.glob(f"events.out.tfevents.*{suffix}"):
                path.unlink()
            _write(folder, suffix, experiment, tags or {})
        return name

    @contextmanager
    def _files(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise TrackerError(
                f"TensorBoard's {self._logdir} cannot be written: {error}"
            ) from error


def _folder_name(name: str) -> str:
    return clean_key(name, longest=100).replace("/", "_")


def _write(folder: Path, suffix: str, experiment: Experiment, tags: Mapping[str, str]) -> None:
    events = require("tensorboard.compat.proto.event_pb2", extra="tensorboard")
    summaries = require("tensorboard.compat.proto.summary_pb2", extra="tensorboard")
    values = [
        summaries.Summary.Value(tag=tag, simple_value=value)
        for tag, value in _tagged(figures_of(experiment)).items()
    ]
    values.append(_text(summaries, _description(experiment, tags)))
    writer = require(_WRITER, extra="tensorboard").EventFileWriter(
        str(folder), filename_suffix=suffix
    )
    try:
        writer.add_event(
            events.Event(
                wall_time=experiment.start_ns / 1e9,
                step=experiment.start_ns // 1_000_000_000,
                summary=summaries.Summary(value=values),
            )
        )
    finally:
        writer.close()


def _tagged(figures: Mapping[str, float]) -> dict[str, float]:
    """Return *figures* by TensorBoard's tags, which it groups by what is before the first slash."""
    tagged: dict[str, float] = {}
    for key, value in figures.items():
        tag = key.replace(".", "/")
        # `a.b` where there is `a/b` stays as it is: neither takes the other's place.
        tagged[key if tag in tagged or (tag != key and tag in figures) else tag] = value
    return tagged


def _text(summaries: Any, text: str) -> Any:
    tensors = require("tensorboard.compat.proto.tensor_pb2", extra="tensorboard")
    types = require("tensorboard.compat.proto.types_pb2", extra="tensorboard")
    metadata = require("tensorboard.plugins.text.metadata", extra="tensorboard")
    return summaries.Summary.Value(
        tag="experiment",
        metadata=metadata.create_summary_metadata(display_name="experiment", description=""),
        tensor=tensors.TensorProto(
            dtype=types.DT_STRING, string_val=[text.encode(errors="replace")]
        ),
    )


def _description(experiment: Experiment, tags: Mapping[str, str]) -> str:
    known = {
        "name": experiment.name,
        "data set": f"{experiment.dataset_name} {experiment.dataset_version}",
        **experiment.params,
        **{f"signature of {item.name}": item.signature for item in experiment.summaries},
        **tags,
    }
    rows = [f"| {name} | {value} |" for name, value in known.items()]
    return "\n".join(["| what | value |", "|---|---|", *rows])
