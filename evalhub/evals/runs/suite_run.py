"""Run a whole suite: every target, kept, compared, and judged by the gates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalhub.config import load_settings
from evalhub.errors import ConfigError, EvalhubError
from evalhub.evals.gates.canaries import ask_canaries
from evalhub.evals.gates.compare import Comparison, compare
from evalhub.evals.gates.demand import Decision, Gate
from evalhub.evals.gates.hearing import Hearing, find_baselines, keep_verdicts
from evalhub.evals.gates.part import part_of
from evalhub.evals.runs.calling import CallAll
from evalhub.evals.runs.engines import open_engine
from evalhub.evals.runs.journal import Journal
from evalhub.evals.runs.lacking import lacking
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.runs.resume import calls_of, greeting, parting, plan_of
from evalhub.evals.runs.runner import Progress, run_experiment
from evalhub.evals.runs.scoring import BASELINE_OUTPUTS
from evalhub.evals.runs.usage import costs_of
from evalhub.evals.suites.assemble import Assembly, assemble
from evalhub.evals.suites.make_targets import PlannedTarget
from evalhub.evals.suites.suite import Suite
from evalhub.experiments import Tracker
from evalhub.experiments.tags import ATTEMPT_TAG, GROUP_TAG, PARTIAL_TAG
from evalhub.model import Experiment

__all__ = ["ATTEMPT_TAG", "PARTIAL_TAG", "SuiteResult", "run_suite"]


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """What came of a suite."""

    experiments: tuple[Experiment, ...]
    """One a target, in the file's order."""
    comparisons: tuple[Comparison, ...]
    """Each target against its baseline: what its gates name, else the first target."""
    decision: Decision | None
    """None when the suite has no gate."""
    partial: str | None = None
    """Why calls are lacking, when the budget was spent before the end; else None."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """Why the result is not whole, a line each: see :func:`~evalhub.evals.runs.lacking`."""
        return lacking(self.experiments, self.partial)


def run_suite(
    suite: Suite,
    tracker: Tracker,
    *,
    limit: int | None = None,
    fresh: bool = False,
    engine: str = "local",
    on_progress: Callable[[str, Progress], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    deliver: Callable[[SuiteResult], None] | None = None,
) -> SuiteResult:
    """Run *suite*; each experiment is kept in *tracker* as soon as it is done.

    Where the same plan was killed before, it goes on: no finished call is made again, and
    no experiment is kept twice. Once the budget is spent the result is partial, and the
    journal stays for a run with a higher budget.

    Args:
        suite: What to run.
        tracker: Where experiments are kept.
        limit: Take only the first examples. A baseline over the whole data set is then held
            against by what it gave for these.
        fresh: Start anew even where a run of this plan was killed.
        engine: Where targets are called: ``local``, ``ray`` or ``ray=ADDRESS``.
        on_progress: Called with the target's name after every step.
        on_note: Called with a line for the user: that the run goes on, or how to go on.
        deliver: Called with the result before the journal goes: a kill while it reports
            makes the next run report again, and call nothing.

    Raises:
        ConfigError: the suite or the data set cannot be used.
        MissingExtraError: packages are not installed; found before the first call.
        TrackerError: the tracker does not answer, or did not take an experiment.
    """
    if limit is not None and limit < 1:
        raise ConfigError(f"the limit is {limit}; use 1 or more")
    note = on_note or _silent
    ledger = Ledger(suite.spec.budget.budget())
    call_by = open_engine(engine, suite)
    with assemble(suite, ledger, also=[tracker.check]) as whole:
        assembly = whole.first(limit)
        tracker.check()
        folder = load_settings().home / "journals"
        with Journal(folder, plan_of(suite, assembly), fresh=fresh) as journal:
            run = _Run(suite, assembly, tracker, journal, ledger, call_by, on_progress)
            result = run.whole(note)
            if deliver is not None:
                deliver(result)
            keep_verdicts(tracker, result.experiments, result.decision, partial=result.partial)
            if result.partial is None:
                journal.finish()
    return result


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt at a suite, perhaps after a kill."""

    suite: Suite
    assembly: Assembly
    tracker: Tracker
    journal: Journal
    ledger: Ledger
    call_by: Callable[[str], CallAll]
    on_progress: Callable[[str, Progress], None] | None

    def whole(self, note: Callable[[str], None]) -> SuiteResult:
        """Run what is not done yet; return what came of all of it."""
        total = calls_of(self.suite, self.assembly)
        told = greeting(self.journal, total)
        if told is not None:
            note(told)
        for doubt in self.assembly.doubts:
            note(doubt)
        self.ledger.keep_in(self.journal)
        self.ledger.read_with(costs_of)
        try:
            hearing = self._hearing()
            experiments = self._experiments()
        except (KeyboardInterrupt, EvalhubError):
            if self.journal.count():
                note(parting(self.journal, total))
            raise
        partial = self.ledger.reason and f"{self.ledger.reason}: {parting(self.journal, total)}"
        decision = hearing.decide(experiments)
        return SuiteResult(
            tuple(experiments),
            tuple(_comparisons(experiments, self.suite, hearing.kept)),
            decision,
            partial,
        )

    def _hearing(self) -> Hearing:
        """Return what the gates need; what of it is not there is found before a call."""
        spec, targets = self.suite.spec, [one.target.name for one in self.assembly.targets]
        dataset, whole = self.assembly.dataset, self.assembly.whole_version
        kept = find_baselines(
            None if spec.baseline is None else spec.baseline.baseline(),
            self.suite.gates,
            self.tracker,
            suite=spec.name,
            targets=targets,
            dataset_versions=[dataset.version, *([] if whole is None else [whole])],
        )
        kept = {
            target: part_of(run, dataset) if run.dataset_version == whole else run
            for target, run in kept.items()
        }
        canaries = ask_canaries(
            self.assembly.canaries, self.journal, is_spent=lambda: self.ledger.reason is not None
        )
        return Hearing(self.suite.gates, kept, canaries)

    def _experiments(self) -> list[Experiment]:
        """Return one experiment a target; the first is what later ones are compared with."""
        found: list[Experiment] = []
        for planned in self.assembly.targets:
            found.append(self._experiment(planned, found[0] if found else None))
        return found

    def _experiment(self, planned: PlannedTarget, baseline: Experiment | None) -> Experiment:
        """Return the experiment of one target: the one kept already, or a new one."""
        return self._kept(planned) or self._keep(planned, self._run(planned, baseline))

    def _kept(self, planned: PlannedTarget) -> Experiment | None:
        run_id = self.journal.run_id(planned.target.name) or self.tracker.find(
            self.suite.spec.name, ATTEMPT_TAG, self._mark(planned)
        )
        return None if run_id is None else self.tracker.load(run_id)

    def _keep(self, planned: PlannedTarget, experiment: Experiment) -> Experiment:
        files = [*self.suite.files, *planned.files]
        # Of this attempt: each night has a parent run of its own.
        group = (
            {} if planned.group is None else {GROUP_TAG: f"{self.journal.attempt}/{planned.group}"}
        )
        reason = self.ledger.reason
        if reason is not None:
            # No attempt's mark: a run that goes on must not take this for the whole.
            run_id = self.tracker.log(
                experiment, artifacts=files, tags={PARTIAL_TAG: reason, **group}
            )
            return replace(experiment, run_id=run_id)
        # The tag tells the next attempt what was kept when a kill comes before the journal.
        tags = {ATTEMPT_TAG: self._mark(planned), **group}
        run_id = self.tracker.log(experiment, artifacts=files, tags=tags)
        self.journal.set_run_id(planned.target.name, run_id)
        return replace(experiment, run_id=run_id)

    def _mark(self, planned: PlannedTarget) -> str:
        return f"{self.journal.attempt}/{planned.target.name}"

    def _run(self, planned: PlannedTarget, baseline: Experiment | None) -> Experiment:
        spec = self.suite.spec
        scored = [
            metric
            for metric in self.assembly.metrics
            if baseline is not None or BASELINE_OUTPUTS not in metric.requires
        ]
        return run_experiment(
            planned.target,
            self.assembly.dataset,
            scored,
            suite=spec.name,
            limits=spec.limits,
            repeats=spec.repeats,
            params=planned.params,
            on_progress=lambda progress: self._report(planned, progress),
            journal=self.journal,
            ledger=self.ledger,
            call=self.call_by(planned.target.name),
            slices=self.assembly.slices,
            baseline=baseline,
            directions=self.assembly.directions,
            asked={gate.metric for gate in self.suite.gates},
        )

    def _report(self, planned: PlannedTarget, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(planned.target.name, progress)


def _silent(line: str) -> None:
    """Take the place of a missing *on_note*."""


def _comparisons(
    experiments: Sequence[Experiment], suite: Suite, kept: Mapping[str, Experiment]
) -> list[Comparison]:
    by_target = {experiment.target: experiment for experiment in experiments}
    first, last = experiments[0].target, experiments[-1].target
    compared = []
    for experiment in experiments:
        own = [gate for gate in suite.gates if (gate.of or last) == experiment.target]
        names = _baselines(own)
        if not names and experiment.target != first:
            names = [first]
        for name in names:
            baseline = by_target.get(name) or kept.get(experiment.target)
            if baseline is not None:
                declared = [gate.metric for gate in own if gate.other == name]
                compared.append(
                    compare(baseline, experiment, seed=suite.spec.seed, declared=declared)
                )
    return compared


def _baselines(gates: Sequence[Gate]) -> list[str]:
    return list(dict.fromkeys(gate.other for gate in gates if gate.other is not None))
