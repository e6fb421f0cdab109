"""Make the data set, the targets and the metrics that a suite file describes."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Self

from evalhub.errors import MetricError, MissingExtraError
from evalhub.evals.datasets.load import load_dataset
from evalhub.evals.datasets.slices import Slice, cut_slices
from evalhub.evals.gates.directions import Directions
from evalhub.evals.operational import ERROR_RATE, OPERATIONAL
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.repeats import pass_names
from evalhub.evals.runs.scoring import BASELINE_OUTPUTS, check_metrics
from evalhub.evals.suites.explain import nearest
from evalhub.evals.suites.gate_directions import check_comparisons, directions_of, odd_limits
from evalhub.evals.suites.given import settings_of
from evalhub.evals.suites.labelled import column_names
from evalhub.evals.suites.make_metrics import check_names, make_canaries, make_metric
from evalhub.evals.suites.make_targets import PlannedTarget, check_inputs, make_target
from evalhub.evals.suites.missing import tell_all_missing
from evalhub.evals.suites.models import Models
from evalhub.evals.suites.suite import Suite
from evalhub.evals.targets.base import Target
from evalhub.metrics.base import Metric
from evalhub.model import Dataset

__all__ = ["Assembly", "PlannedTarget", "assemble"]


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that a suite needs to run."""

    dataset: Dataset
    """What is run over: the whole, or its beginning."""
    targets: tuple[PlannedTarget, ...]
    metrics: tuple[Metric, ...]
    slices: tuple[Slice, ...] = ()
    """Cut over the whole data set, whatever the limit."""
    canaries: tuple[tuple[Metric, Path], ...] = ()
    """Judges that are to grade their canaries again first, and the files of those."""
    directions: Directions = field(default_factory=Directions)
    """Which scores are the better ones, where metrics do not say it."""
    doubts: tuple[str, ...] = ()
    """What is allowed and hardly meant, a line each."""
    whole_version: str | None = None
    """Version of the data set of which this is the beginning; None where it is the whole."""

    def first(self, limit: int | None) -> Self:
        """Return the same with the first *limit* examples; None is all of them."""
        whole = self.dataset
        if limit is None or limit >= len(whole.examples):
            return self
        beginning = Dataset(whole.name, whole.examples[:limit])
        return replace(self, dataset=beginning, whole_version=whole.version)


@contextmanager
def assemble(
    suite: Suite,
    ledger: Ledger | None = None,
    *,
    asks: bool = True,
    also: Sequence[Callable[[], object]] = (),
) -> Iterator[Assembly]:
    """Give what *suite* describes; the embedded model runs while the block lasts.

    Whatever the file gets wrong is found here, before a call is paid for.

    Args:
        suite: What to make.
        ledger: Counts what the models are asked, and holds the budget.
        asks: Whether it is to be run. Else no model is started, and none can be asked.
        also: What else the caller will need. Where a package is missing, these are called, so
            that what they miss is told with it.

    Raises:
        SuiteError: a target, metric or gate cannot be made, or a metric needs a column that
            the data set lacks; names file, line and column.
        DatasetError: the data set cannot be read.
        MissingExtraError: packages are not installed; names all of them.
        ModelError: the embedded model or an encoder is needed and not pulled.
    """
    _look_beside(suite)
    with ExitStack() as stack:
        models = Models(stack, ledger, asks=asks)
        try:
            dataset = _dataset(suite)
            targets = tuple(make() for make in _targets(suite, models))
            metrics = tuple(make() for make in _metrics(suite, models))
        except MissingExtraError as error:
            unasked = Models(stack, asks=False)
            tell_all_missing(error, [*_targets(suite, unasked), *_metrics(suite, unasked), *also])
            raise
        check_inputs(suite, targets, dataset)
        _check_gates(suite, metrics)
        _check_metrics(suite, metrics, dataset)
        check_names(suite, metrics)
        check_comparisons(suite, metrics)
        slices = cut_slices(dataset.examples, suite.spec.slices, suite.spec.dataset.sliceable)
        yield Assembly(
            dataset,
            targets,
            metrics,
            slices,
            make_canaries(suite, metrics),
            directions_of(suite, metrics),
            tuple(odd_limits(suite, metrics)),
        )


def _targets(suite: Suite, models: Models) -> list[Callable[[], PlannedTarget]]:
    return [partial(_target, suite, name, models) for name in suite.spec.targets]


def _metrics(suite: Suite, models: Models) -> list[Callable[[], Metric]]:
    return [partial(make_metric, suite, n, models) for n in range(len(suite.spec.metrics))]


def _look_beside(suite: Suite) -> None:
    """Have functions found beside a suite's file, after all that Python itself finds."""
    folder = str(suite.folder.resolve())
    if suite.files and folder not in sys.path:
        sys.path.append(folder)


def _dataset(suite: Suite) -> Dataset:
    given = suite.given.dataset
    if given is None:
        return load_dataset(suite.spec.dataset, folder=suite.folder)
    if not given.examples:
        raise suite.error(f"the data set {given.name!r} has no example", "dataset")
    return given


def _target(suite: Suite, name: str, models: Models) -> PlannedTarget:
    """Return the target called *name*, with the cell of the matrix that it is."""
    given = suite.given.targets.get(name)
    planned = make_target(suite, name, models) if given is None else _planned(suite, given)
    variant = suite.variants.get(name)
    if variant is None:
        return planned
    cell = {f"matrix.{axis}": value for axis, value in variant.values.items()}
    return replace(planned, params={**planned.params, **cell}, group=variant.group)


def _planned(suite: Suite, target: Target) -> PlannedTarget:
    """Return a target that was given as an object; its spec has the name of its code."""
    named = suite.spec.targets[target.name].model_dump(exclude_defaults=True)
    return PlannedTarget(target, {**named, **getattr(target, "code", {}), **settings_of(target)})


def _check_metrics(suite: Suite, metrics: tuple[Metric, ...], dataset: Dataset) -> None:
    for index, metric in enumerate(metrics):
        try:
            check_metrics([metric], dataset)
        except MetricError as error:
            raise suite.error(str(error), "metrics", index) from error


def _check_gates(suite: Suite, metrics: tuple[Metric, ...]) -> None:
    """Refuse a gate on a metric that will not be there."""
    if any(":" in spec.name for spec in suite.spec.metrics):
        return  # another package's metric says what it gives only when it is run
    known = [name for metric in metrics for name in column_names(metric)]
    known += [repeated for name in known for repeated in pass_names(name, suite.spec.repeats)]
    known += [*OPERATIONAL, ERROR_RATE]
    comparing = [
        name
        for metric in metrics
        if BASELINE_OUTPUTS in metric.requires
        for name in column_names(metric)
    ]
    targets = list(suite.spec.targets)
    for placed in suite.placed_gates:
        name, judged = placed.gate.metric, placed.gate.of or targets[-1]
        if name in comparing and (judged == targets[0] or placed.gate.other is not None):
            raise suite.error(
                f"{name} compares {judged!r} with the first target itself; "
                "judge a later target by 'at_least'",
                *placed.loc,
            )
        if name not in known:
            raise suite.error(
                f"no metric is called {name!r} here; {nearest(name, known)}", *placed.loc, "metric"
            )
