"""Make the report of what a suite, or a comparison of kept runs, came to."""

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from evalhub.evals.gates.compare import Comparison
from evalhub.evals.gates.demand import BASELINE_RUN, Decision
from evalhub.evals.reports.cut_off import cut_off_notes
from evalhub.evals.reports.of_comparison import comparison_report
from evalhub.evals.reports.of_gates import gate_report, reason_of, verdict_of
from evalhub.evals.reports.of_run import experiment_report
from evalhub.evals.reports.report import Distribution, Report
from evalhub.evals.reports.totals import distribution_of
from evalhub.evals.reports.values import Values, values_of_run
from evalhub.model import Experiment

__all__ = ["make_report"]

_PACKAGES = ("numpy", "scipy", "mlflow", "torch", "transformers", "openai", "anthropic")


def make_report(
    experiments: Sequence[Experiment],
    comparisons: Sequence[Comparison] = (),
    decision: Decision | None = None,
    *,
    lacking: Sequence[str] = (),
    suite_file: str | None = None,
    notes: Sequence[str] = (),
) -> Report:
    """Return the report of *experiments*.

    Args:
        experiments: At least one; the last is the candidate.
        comparisons: Between them.
        decision: What the gates said; None without gates.
        lacking: Why the experiments are not whole, a line each. The verdict is then
            ``incomplete``, unless a gate failed.
        suite_file: The text of the suite file.
        notes: What a reader must know beside.
    """
    candidate = experiments[-1].target
    gates = [gate_report(result, candidate) for result in decision.results] if decision else []
    comparisons = _name_earlier(experiments, comparisons)
    targets = {run.target for run in experiments}
    kept = {item.baseline.target: item.baseline for item in comparisons}
    earlier = [run for name, run in kept.items() if name not in targets]
    runs = [*earlier, *experiments]
    values = {run.target: values_of_run(run) for run in runs}
    compared = {side.target for item in comparisons for side in (item.baseline, item.candidate)}
    reports = [
        experiment_report(
            run,
            values[run.target],
            is_alone=run.target not in compared,
            is_earlier=run.target not in targets,
        )
        for run in runs
    ]
    return Report(
        suite=experiments[-1].suite,
        verdict=verdict_of(decision, lacking),
        reason=reason_of(decision, gates, lacking),
        gates=tuple(gates),
        experiments=tuple(reports),
        comparisons=tuple(
            comparison_report(
                item, values, [gate.metric for gate in gates if gate.of == item.candidate.target]
            )
            for item in comparisons
        ),
        distributions=_distributions(values),
        notes=(*notes, *cut_off_notes(reports)),
        suite_file=suite_file,
        versions=_versions(),
    )


def _name_earlier(
    experiments: Sequence[Experiment], comparisons: Sequence[Comparison]
) -> list[Comparison]:
    """Return *comparisons* with the runs of an earlier night named as gates name them.

    Such a run has the name of the target that is held against it.
    """
    own = {id(run) for run in experiments}
    earlier = {item.baseline.target for item in comparisons if id(item.baseline) not in own}
    named = []
    for item in comparisons:
        name = BASELINE_RUN if len(earlier) == 1 else f"{BASELINE_RUN} of {item.baseline.target}"
        baseline = replace(item.baseline, target=name)
        is_own = id(item.baseline) in own
        named.append(item if is_own else replace(item, baseline=baseline))
    return named


def _distributions(runs: Mapping[str, Values]) -> tuple[Distribution, ...]:
    names = dict.fromkeys(name for values in runs.values() for name in values)
    found = (distribution_of(name, runs) for name in names)
    return tuple(item for item in found if item is not None)


def _versions() -> dict[str, str]:
    found = {"evalhub": _version("evalhub"), "python": platform.python_version()}
    found |= {name: _version(name) for name in _PACKAGES}
    found["platform"] = platform.platform()
    return {name: text for name, text in found.items() if text}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
