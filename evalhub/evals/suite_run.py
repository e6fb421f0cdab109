"""Run a whole suite: every target, kept, compared, and judged by the gates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evalhub.errors import ConfigError
from evalhub.evals.assemble import Assembly, PlannedTarget, assemble
from evalhub.evals.compare import Comparison, compare
from evalhub.evals.gate import Decision, Gate, decide
from evalhub.evals.runner import Progress, run_experiment
from evalhub.evals.suite import Suite
from evalhub.experiments import Tracker
from evalhub.model import Dataset, Experiment

__all__ = ["SuiteResult", "run_suite"]


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What came of a suite."""

    experiments: tuple[Experiment, ...]
    """One a target, in the file's order."""
    comparisons: tuple[Comparison, ...]
    """Each target against its baseline: what its gates name, else the first target."""
    decision: Decision | None
    """None when the suite has no gate."""


def run_suite(
    suite: Suite,
    tracker: Tracker,
    *,
    limit: int | None = None,
    on_progress: Callable[[str, Progress], None] | None = None,
) -> SuiteResult:
    """Run *suite*; each experiment is kept in *tracker* as soon as it is done.

    Args:
        suite: What to run.
        tracker: Where experiments are kept.
        limit: Take only the first examples; the data set's version then differs.
        on_progress: Called with the target's name after every step.

    Raises:
        ConfigError: the suite or the data set cannot be used.
        MissingExtraError: a package is not installed; found before the first call.
        TrackerError: the tracker does not answer, or did not take an experiment.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"the limit is {limit}; use 1 or more")
    experiments: list[Experiment] = []
    with assemble(suite) as assembly:
        tracker.check()
        for planned in assembly.targets:
            experiment = _run_target(suite, assembly, planned, limit, on_progress)
            files = [suite.path, *planned.files]
            experiments.append(replace(experiment, run_id=tracker.log(experiment, artifacts=files)))
    decision = decide(experiments, suite.gates) if suite.gates else None
    return SuiteResult(tuple(experiments), tuple(_comparisons(experiments, suite)), decision)


def _run_target(
    suite: Suite,
    assembly: Assembly,
    planned: PlannedTarget,
    limit: int | None,
    on_progress: Callable[[str, Progress], None] | None,
) -> Experiment:
    def report(progress: Progress) -> None:
        if on_progress is not None:
            on_progress(planned.target.name, progress)

    return run_experiment(
        planned.target,
        _first(assembly.dataset, limit),
        assembly.metrics,
        suite=suite.spec.name,
        concurrency=suite.spec.concurrency,
        repeats=suite.spec.repeats,
        params=planned.params,
        on_progress=report,
    )


def _first(dataset: Dataset, limit: int | None) -> Dataset:
    return Dataset(dataset.name, dataset.examples[:limit])


def _comparisons(experiments: Sequence[Experiment], suite: Suite) -> list[Comparison]:
    by_target = {experiment.target: experiment for experiment in experiments}
    first = experiments[0].target
    compared = []
    for experiment in experiments:
        names = _baselines(suite.gates, experiment.target, experiments[-1].target)
        if not names and experiment.target != first:
            names = [first]
        for name in names:
            compared.append(compare(by_target[name], experiment, seed=suite.spec.seed))
    return compared


def _baselines(gates: Sequence[Gate], target: str, fallback: str) -> list[str]:
    named = [
        gate.not_worse_than
        for gate in gates
        if (gate.of or fallback) == target and gate.not_worse_than is not None
    ]
    return list(dict.fromkeys(named))
