"""Where a suite's runs are kept, and who else is told."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from evalhub.evals.suites.spec import Spec, Text

__all__ = [
    "FolderSpec",
    "MlflowSpec",
    "TensorboardSpec",
    "TrackerSpec",
    "TrackingSpec",
    "WandbSpec",
]


class MlflowSpec(Spec):
    """MLflow, at `MLFLOW_TRACKING_URI` or in a local file; it has no settings here."""


class FolderSpec(Spec):
    """A folder of JSON and Parquet files, in place of MLflow."""

    path: Text
    """The folder; relative to the suite file."""


class WandbSpec(Spec):
    """Weights & Biases."""

    project: Text
    """The project's name."""
    mode: Literal["offline", "online"] = "offline"
    """`offline` writes files for `wandb sync`; `online` needs a key in `WANDB_API_KEY`."""
    entity: Text | None = None
    """The user or team; W&B's default when left out."""
    folder: Text = "."
    """Where its folder `wandb` is made; relative to the suite file."""


class TensorboardSpec(Spec):
    """TensorBoard event files."""

    logdir: Text
    """The folder that `tensorboard --logdir` is given; relative to the suite file."""


class TrackerSpec(Spec):
    """One tracker: its name, or its name with settings."""

    mlflow: MlflowSpec | None = None
    """MLflow."""
    folder: FolderSpec | None = None
    """Plain files in place of MLflow."""
    wandb: WandbSpec | None = None
    """Weights & Biases as well."""
    tensorboard: TensorboardSpec | None = None
    """TensorBoard as well."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {value: {}} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _is_one(self) -> "TrackerSpec":
        if len(self.model_fields_set) != 1:
            raise ValueError("name one tracker in each item of the list")
        return self


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _with_one_keeper(trackers: list[TrackerSpec]) -> list[TrackerSpec]:
    if sum(item.mlflow is not None or item.folder is not None for item in trackers) > 1:
        raise ValueError("either mlflow or one folder keeps the runs; leave the others out")
    return trackers


TrackingSpec = Annotated[
    list[TrackerSpec],
    BeforeValidator(_listed, json_schema_input_type=TrackerSpec | list[TrackerSpec]),
    AfterValidator(_with_one_keeper),
]
"""One tracker, or a list of them; MLflow keeps the runs where no folder does."""
