"""What a suite that was built in Python is given as objects, and not as settings."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from evalhub.errors import ConfigError
from evalhub.evals.gates.demand import Gate
from evalhub.evals.targets.base import Target
from evalhub.evals.targets.function import FunctionTarget
from evalhub.metrics.base import Metric
from evalhub.model import Dataset

__all__ = [
    "DatasetGiven",
    "GateGiven",
    "Given",
    "MetricGiven",
    "TargetGiven",
    "describe",
    "settings_of",
]

DatasetGiven = Dataset | Mapping[str, Any] | str | Path
"""A data set, what a suite file says under ``dataset``, or its file."""
TargetGiven = Callable[..., Any] | Target | Mapping[str, Any]
"""A function, a target, or what a suite file says of one."""
MetricGiven = Metric | Mapping[str, Any] | str
"""A metric, its name, or a mapping with settings."""
GateGiven = Gate | Mapping[str, Any]
"""A gate, or what a suite file says of one."""

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
"""In the text of an object that has none of its own; another in every process."""
_IN_PYTHON = "(given in Python)"


@dataclass(frozen=True, slots=True)
class Given:
    """Objects that take the place of what a file describes."""

    dataset: Dataset | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    metrics: Mapping[int, Metric] = field(default_factory=dict)
    """By their place in the suite's list."""
    gates: Mapping[int, Gate] = field(default_factory=dict)
    """By their place in the suite's list."""


def describe(
    dataset: DatasetGiven,
    targets: Mapping[str, TargetGiven],
    metrics: Sequence[MetricGiven],
    gates: Sequence[GateGiven],
) -> tuple[dict[str, Any], Given]:
    """Return what a file would say of these, and the objects among them.

    An object is described by its name, so that what it stands for is validated as a file
    is, and the plan of the run changes with it.

    Raises:
        ConfigError: an object is none that can be used here.
    """
    _check_shapes(dataset, targets, metrics, gates)
    made = {name: _target(name, item) for name, item in targets.items() if callable(item)}
    value = {
        "dataset": _dataset(dataset),
        "targets": {
            name: {"function": _code_name(item)} if callable(item) else item
            for name, item in targets.items()
        },
        "metrics": [_metric(item) for item in metrics],
        "gates": [_gate(item) for item in gates],
    }
    return value, Given(
        dataset=dataset if isinstance(dataset, Dataset) else None,
        targets=made,
        metrics={n: item for n, item in enumerate(metrics) if not isinstance(item, str | Mapping)},
        gates={n: item for n, item in enumerate(gates) if isinstance(item, Gate)},
    )


def _check_shapes(dataset: object, targets: object, metrics: object, gates: object) -> None:
    """Refuse what typing would: the mistakes of a first try in a notebook."""
    if not isinstance(dataset, Dataset | Mapping | str | Path):
        raise ConfigError(
            f"dataset is {type(dataset).__name__}; give a Dataset of Examples, a file's path, "
            "or a mapping as in suite files"
        )
    if not isinstance(targets, Mapping):
        raise ConfigError(
            f"targets is {type(targets).__name__}; give a mapping of names to targets"
        )
    for name, given in (("metrics", metrics), ("gates", gates)):
        if isinstance(given, str | Mapping) or not isinstance(given, Sequence):
            raise ConfigError(f"{name} is {given!r:.60}; give a list")


def _dataset(given: DatasetGiven) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    if isinstance(given, Dataset):
        inputs = dict.fromkeys(name for example in given.examples for name in example.inputs)
        return {"path": f"{given.name} {_IN_PYTHON}", "inputs": list(inputs) or ["input"]}
    return {"path": str(given)}


def _target(name: str, given: Any) -> Target:
    own = getattr(given, "name", None)
    if not isinstance(own, str):
        return FunctionTarget(given, name=name)
    if own != name:
        raise ConfigError(f"the target {name!r} calls itself {own!r}; give it one name")
    target: Target = given
    return target


def _code_name(given: object) -> str:
    """Return ``module:name`` of a function, or of an object's class."""
    named = given if hasattr(given, "__qualname__") else type(given)
    return f"{named.__module__}:{named.__qualname__}"


def _metric(given: MetricGiven) -> object:
    if isinstance(given, str | Mapping):
        return given
    if not hasattr(given, "score_batch"):
        raise ConfigError(f"{given!r} is no metric; give a name, a mapping or a metric")
    return {"metric": given.name, **settings_of(given)}


def settings_of(given: object) -> dict[str, str]:
    """Return what tells *given* from the same made with other settings; empty when unknown."""
    if not is_dataclass(given):
        return {}
    return {"settings": _ADDRESS.sub("", repr(given))}


def _gate(given: GateGiven) -> Mapping[str, Any]:
    if not isinstance(given, Gate):
        return given
    # Only what names the gate; the object itself says the rest.
    return {"metric": given.metric, "of": given.of, "at_least": 0.0}
