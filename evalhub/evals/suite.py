"""The suite file: what to evaluate, on what, by which metrics, and what must hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    model_validator,
)

from evalhub.errors import ConfigError, SuiteError
from evalhub.evals.datasets import DatasetSpec
from evalhub.evals.gate import Gate
from evalhub.evals.yaml_lines import LinedYaml, parse_yaml

__all__ = ["FunctionSpec", "GateSpec", "MetricSpec", "PromptSpec", "Suite", "load_suite"]

_Text = Annotated[str, Field(min_length=1)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class PromptSpec(_Spec):
    """A target that is a prompt for a model."""

    model: _Text
    """``local`` is the embedded model; others are asked at *base_url*."""
    base_url: str | None = None
    """OpenAI-compatible address; None is ``OPENAI_BASE_URL``."""
    prompt: str | None = None
    """File of the template, relative to the suite file."""
    template: str | None = None
    """The template itself, in place of *prompt*."""
    system: str | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _has_one_template(self) -> "PromptSpec":
        if (self.prompt is None) == (self.template is None):
            raise ValueError("give either 'prompt' (a file) or 'template' (the text)")
        return self


class FunctionSpec(_Spec):
    """A target that is a Python function."""

    function: _Text
    """``package.module:function``."""


def _target_kind(value: object) -> str:
    # In brackets, so that no key of a file looks like it where errors are located.
    keys = value if isinstance(value, Mapping) else {}
    return "(function)" if "function" in keys else "(prompt)"


TargetSpec = Annotated[
    Annotated[PromptSpec, Tag("(prompt)")] | Annotated[FunctionSpec, Tag("(function)")],
    Discriminator(_target_kind),
]


class MetricSpec(BaseModel):
    """A metric and its settings; a bare name is one without settings.

    In a mapping the name stands under ``metric``, or under ``judge`` when a model
    grades; ``model`` and ``base_url`` then say which. All other keys are settings.
    """

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    metric: str | None = None
    judge: str | None = None
    model: str | None = None
    base_url: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        return {"metric": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_one_name(self) -> "MetricSpec":
        if (self.metric is None) == (self.judge is None):
            raise ValueError("name it under either 'metric' or 'judge'")
        if self.judge is None and (self.model or self.base_url):
            raise ValueError("'model' and 'base_url' are for a 'judge'")
        return self

    @property
    def name(self) -> str:
        """What :func:`evalhub.metrics.load` knows it by."""
        return self.metric or self.judge or ""

    @property
    def settings(self) -> dict[str, Any]:
        """Everything else that was given."""
        return dict(self.model_extra or {})


class GateSpec(_Spec):
    """One demand; see :class:`~evalhub.evals.gate.Gate`."""

    metric: _Text
    of: str | None = None
    not_worse_than: str | None = None
    margin: Annotated[float, Field(ge=0)] = 0.0
    at_least: float | None = None
    at_most: float | None = None
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.05

    @model_validator(mode="after")
    def _makes_a_gate(self) -> "GateSpec":
        try:
            self.gate()
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self

    def gate(self) -> Gate:
        """Return the gate that this describes."""
        return Gate(**self.model_dump())


class SuiteSpec(_Spec):
    """A whole suite file."""

    name: _Text
    dataset: DatasetSpec
    targets: Annotated[dict[str, TargetSpec], Field(min_length=1)]
    metrics: list[MetricSpec] = []
    gates: list[GateSpec] = []
    concurrency: Annotated[int, Field(ge=1)] = 4
    repeats: Annotated[int, Field(ge=1)] = 1
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite file that was read and found right."""

    path: Path
    spec: SuiteSpec
    lines: LinedYaml

    @property
    def folder(self) -> Path:
        """What the paths in the file start from."""
        return self.path.parent

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates, in the file's order."""
        return tuple(spec.gate() for spec in self.spec.gates)

    def error(self, message: str, *loc: str | int) -> SuiteError:
        """Return the error that *message* is true of the value at *loc*."""
        return SuiteError(f"{self.path}:{self.lines.line(loc)}: {message}")


def load_suite(path: str | Path) -> Suite:
    """Read the suite file at *path*.

    Raises:
        SuiteError: it cannot be read, a key is unknown, a value has the wrong type, or a
            gate names no target; the message starts with file and line.
    """
    path = Path(path)
    lines = parse_yaml(path)
    if not isinstance(lines.value, dict):
        raise SuiteError(f"{path}:1: a suite is a mapping with name, dataset, targets, metrics")
    try:
        spec = SuiteSpec.model_validate(lines.value)
    except ValidationError as error:
        raise SuiteError(lines.explain(error, SuiteSpec)) from None
    suite = Suite(path, spec, lines)
    _check_gates(suite)
    return suite


def _check_gates(suite: Suite) -> None:
    targets = list(suite.spec.targets)
    for index, gate in enumerate(suite.spec.gates):
        for key in ("of", "not_worse_than"):
            name = getattr(gate, key)
            if name is not None and name not in targets:
                raise suite.error(
                    f"no target is called {name!r}; there are {', '.join(targets)}",
                    "gates",
                    index,
                    key,
                )
        judged = gate.of or targets[-1]
        if gate.not_worse_than == judged:
            raise suite.error(f"{judged!r} is held against itself", "gates", index)
