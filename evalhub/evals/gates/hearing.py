"""What a suite's gates need beside its experiments: kept runs and canaries; and what they said.

Prepared before the first call, so that a baseline that is not there costs nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalhub.evals.gates.baseline import Baseline
from evalhub.evals.gates.demand import BASELINE_RUN, Decision, Gate, Verdict
from evalhub.evals.gates.gate import decide
from evalhub.experiments.base import Tracker
from evalhub.experiments.tags import VERDICT_TAG
from evalhub.metrics.judge.canary import CanaryResult
from evalhub.model import Experiment

__all__ = ["Hearing", "find_baselines", "keep_verdicts"]


@dataclass(frozen=True, slots=True)
class Hearing:
    """A suite's gates and what they are held against."""

    gates: tuple[Gate, ...]
    kept: Mapping[str, Experiment] = field(default_factory=dict)
    """By a target's name, the earlier run that ``baseline-run`` stands for."""
    canaries: Mapping[str, CanaryResult] = field(default_factory=dict)
    """By a judge's metric, what judging its canaries again showed."""

    def decide(self, experiments: Sequence[Experiment]) -> Decision | None:
        """Return the verdict on *experiments*; None when there is no gate.

        Raises:
            ConfigError: a gate names a target or a metric that is not there.
        """
        if not self.gates:
            return None
        return decide(experiments, self.gates, kept=self.kept, canaries=self.canaries)


def keep_verdicts(
    tracker: Tracker,
    experiments: Sequence[Experiment],
    decision: Decision | None,
    *,
    partial: str | None = None,
) -> None:
    """Tag each of the kept *experiments* with what the gates on it said.

    Last of all, when the runs were reported: a run that goes on after a kill must not find
    itself as the last that passed.

    Raises:
        TrackerError: the tracker did not take it.
    """
    for experiment in experiments:
        verdict = _verdict(experiment.target, experiments[-1].target, decision)
        if partial is not None:
            verdict = Verdict.INCOMPLETE
        if experiment.run_id is not None and verdict is not None:
            tracker.tag(experiment.run_id, {VERDICT_TAG: verdict.value})


def _verdict(target: str, fallback: str, decision: Decision | None) -> Verdict | None:
    """Return the gravest verdict of the gates that judge *target*; None when none does."""
    own = [
        result.verdict
        for result in (() if decision is None else decision.results)
        if (result.gate.of or fallback) == target
    ]
    return max(own, key=list(Verdict).index, default=None)


def find_baselines(
    baseline: Baseline | None,
    gates: Sequence[Gate],
    tracker: Tracker,
    *,
    suite: str,
    targets: Sequence[str],
    dataset_versions: Sequence[str],
) -> dict[str, Experiment]:
    """Return the kept runs that *gates* ask for, by the target that is held against them.

    Raises:
        ConfigError: a run that is named is not there, or is partial.
        TrackerError: the tracker does not answer.
    """
    asking = [gate.of or targets[-1] for gate in gates if gate.other == BASELINE_RUN]
    if baseline is None or BASELINE_RUN in targets:
        return {}
    found = {
        target: baseline.find(tracker, suite, target, dataset_versions)
        for target in dict.fromkeys(asking)
    }
    return {target: run for target, run in found.items() if run is not None}
