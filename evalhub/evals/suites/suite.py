"""The suite file: what to evaluate, on what, by which metrics, and what must hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field

from evalhub.errors import ConfigError, SuiteError
from evalhub.evals.datasets.slices import SliceSpec
from evalhub.evals.datasets.spec import DatasetSpec
from evalhub.evals.gates.demand import BASELINE_RUN, Gate
from evalhub.evals.runs.pace import Limits
from evalhub.evals.suites.gate_names import PlacedGate, place_gates
from evalhub.evals.suites.given import (
    DatasetGiven,
    GateGiven,
    Given,
    MetricGiven,
    TargetGiven,
    describe,
)
from evalhub.evals.suites.includes import INCLUDE, read_document
from evalhub.evals.suites.matrix import Variants, expand_matrix
from evalhub.evals.suites.spec import Name, Spec, Text
from evalhub.evals.suites.spec_budget import BudgetSpec
from evalhub.evals.suites.spec_gates import BaselineSpec, GateSpec
from evalhub.evals.suites.spec_metrics import MetricSpec
from evalhub.evals.suites.spec_reports import ReportsSpec
from evalhub.evals.suites.spec_targets import TargetSpec
from evalhub.evals.suites.spec_tracking import TrackingSpec
from evalhub.evals.suites.validate import validated
from evalhub.evals.suites.yaml_lines import LinedYaml

__all__ = ["ANCHORS", "Suite", "SuiteSpec", "load_suite"]

ANCHORS = "x-"
"""How keys begin that are there for YAML's anchors only, as in files of Docker Compose."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _without_anchors(document: LinedYaml) -> LinedYaml:
    """Return *document* without the keys under which its anchors stand."""
    value = {
        key: item
        for key, item in document.value.items()
        if not (isinstance(key, str) and key.startswith(ANCHORS))
    }
    return replace(document, value=value)


class SuiteSpec(Spec):
    """An evaluation: what is called, on what, by which metrics, and what must hold."""

    include: Annotated[
        list[Text], BeforeValidator(_listed, json_schema_input_type=Text | list[Text])
    ] = Field(default_factory=list)
    """Files that this one adds to and overrides, relative to it."""
    name: Name
    """Under which the runs are kept together."""
    dataset: DatasetSpec
    """The examples."""
    slices: list[SliceSpec] = Field(default_factory=list)
    """Columns by which reports and gates part the examples."""
    matrix: dict[str, list[str | int | float | bool]] = Field(default_factory=dict)
    """Values of `${matrix.NAME}`; a target that names some is run once for each."""
    targets: Annotated[dict[Name, TargetSpec], Field(min_length=1)]
    """What is evaluated, by name; the last one is the candidate."""
    metrics: list[MetricSpec] = Field(default_factory=list)
    """What scores the outputs."""
    gates: list[GateSpec] = Field(default_factory=list)
    """What must hold."""
    baseline: BaselineSpec | None = None
    """The kept run that gates call `baseline-run`."""
    budget: BudgetSpec = BudgetSpec()
    """The most that a run may spend; none when left out."""
    concurrency: Annotated[int, Field(ge=1)] = 4
    """Most calls at a time; fewer while an endpoint says that it is busy."""
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None
    """Most calls of the targets in a minute."""
    tokens_per_minute: Annotated[float, Field(gt=0)] | None = None
    """Most tokens of the targets in a minute."""
    timeout_s: Annotated[float, Field(gt=0)] | None = None
    """Longest that one call may take."""
    retries: Annotated[int, Field(ge=0)] = 3
    """Times that a failed call is made again."""
    repeats: Annotated[int, Field(ge=1)] = 1
    """Calls of each example."""
    seed: int = 0
    """Of the permutation test."""
    reports: ReportsSpec = ReportsSpec()
    """Files that each run writes."""
    tracking: TrackingSpec = Field(default_factory=list)
    """Where the runs are kept, and who else is told; MLflow when left out."""

    @property
    def limits(self) -> Limits:
        """How the targets may be called."""
        return Limits(
            concurrency=self.concurrency,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
            timeout_s=self.timeout_s,
            retries=self.retries,
        )


@dataclass(frozen=True, slots=True)
class Suite:
    """A suite that was read or built, and found right."""

    path: Path
    """Its file; of one that was built in Python, a name in its folder."""
    spec: SuiteSpec
    lines: LinedYaml
    given: Given = field(default_factory=Given)
    """Objects in place of what a file describes."""
    variants: Variants = field(default_factory=dict)
    """The targets that the matrix made."""

    @classmethod
    def build(
        cls,
        name: str,
        *,
        dataset: DatasetGiven,
        targets: Mapping[str, TargetGiven],
        metrics: Sequence[MetricGiven] = (),
        gates: Sequence[GateGiven] = (),
        folder: str | Path = ".",
        **settings: Any,
    ) -> Self:
        """Return a suite without a file; the checks are those of a file.

        Args:
            name: Under which its experiments are kept together.
            dataset: A data set, its file, or a mapping as in suite files.
            targets: Functions, targets, or mappings as in suite files, by name.
            metrics: Names, mappings as in suite files, or metrics.
            gates: Gates, or mappings as in suite files.
            folder: What relative paths start from.
            **settings: All other keys of a suite file, such as ``repeats=3``. Placeholders
                of the environment are not read here, those of a ``matrix`` are.

        Raises:
            SuiteError: a key is unknown, a value has the wrong type, or a gate names no
                target.
            ConfigError: an object is none that can be used.
        """
        if INCLUDE in settings:
            raise ConfigError(f"{INCLUDE!r} is for files; merge the settings in Python")
        value, given = describe(dataset, targets, metrics, gates)
        path = Path(folder) / f"{name} (built in Python)"
        document = LinedYaml(path, {"name": name, **value, **settings}, {})
        return cls._checked(document, given)

    @classmethod
    def _checked(cls, document: LinedYaml, given: Given | None = None) -> Self:
        document, variants = expand_matrix(_without_anchors(document))
        if BASELINE_RUN in (document.value.get("targets") or {}):
            told = f"no target may be called {BASELINE_RUN!r}: gates call the kept run so"
            raise document.error(told, "targets", BASELINE_RUN)
        spec = validated(document, SuiteSpec)
        suite = cls(document.path, spec, document, given or Given(), variants)
        _ = suite.placed_gates  # a gate on no target is refused here
        return suite

    @property
    def folder(self) -> Path:
        """What the paths in the file start from."""
        return self.path.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """The file and what it includes; none when it was built in Python."""
        return self.lines.files

    @property
    def gates(self) -> tuple[Gate, ...]:
        """The gates, in the file's order, those with a ``*`` once for each target."""
        return tuple(placed.gate for placed in self.placed_gates)

    @property
    def placed_gates(self) -> tuple[PlacedGate, ...]:
        """The same, each with its place in the file."""
        gates = [
            self.given.gates.get(index) or spec.gate() for index, spec in enumerate(self.spec.gates)
        ]
        kept = [] if self.spec.baseline is None else [BASELINE_RUN]
        return place_gates(gates, list(self.spec.targets), others=kept, refuse=self.error)

    def error(self, message: str, *loc: str | int) -> SuiteError:
        """Return the error that *message* is true of the value at *loc*."""
        return self.lines.error(message, *loc)


def load_suite(path: str | Path, *, environ: Mapping[str, str] | None = None) -> Suite:
    """Read the suite file at *path*, and the files that it includes.

    Args:
        path: The file.
        environ: Variables for its placeholders, instead of ``os.environ``.

    Raises:
        SuiteError: it cannot be read, a key is unknown, a value has the wrong type, a
            variable is not set, or a gate names no target; the message starts with file,
            line and column.
    """
    return Suite._checked(read_document(Path(path), environ))
