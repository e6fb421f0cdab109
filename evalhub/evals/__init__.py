"""Run targets over data sets, compare the experiments, decide.

Each name is fetched at its first use: a command that reads a data set pays at import neither
for the runner nor for the statistics of gates.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.evals.datasets.diff import DatasetDiff, diff_datasets
    from evalhub.evals.datasets.export import export_examples
    from evalhub.evals.datasets.from_traces import TraceExamples, dataset_from_traces
    from evalhub.evals.datasets.load import load_dataset
    from evalhub.evals.datasets.slices import Slice, SliceSpec, cut_slices, slice_of
    from evalhub.evals.datasets.spec import DatasetSpec, SampleSpec
    from evalhub.evals.datasets.stored import load_stored, store_dataset
    from evalhub.evals.gates.compare import Comparison, MetricComparison, compare
    from evalhub.evals.gates.gate import Decision, Gate, Verdict, decide
    from evalhub.evals.runs.runner import Progress, run_experiment
    from evalhub.evals.runs.suite_run import SuiteResult, run_suite
    from evalhub.evals.suites.suite import Suite, load_suite
    from evalhub.evals.targets.base import Target, TargetOutput
    from evalhub.evals.targets.function import FunctionTarget
    from evalhub.evals.targets.prompt import PromptTarget

__all__ = [
    "Comparison",
    "DatasetDiff",
    "DatasetSpec",
    "Decision",
    "FunctionTarget",
    "Gate",
    "MetricComparison",
    "Progress",
    "PromptTarget",
    "SampleSpec",
    "Slice",
    "SliceSpec",
    "Suite",
    "SuiteResult",
    "Target",
    "TargetOutput",
    "TraceExamples",
    "Verdict",
    "compare",
    "cut_slices",
    "dataset_from_traces",
    "decide",
    "diff_datasets",
    "export_examples",
    "load_dataset",
    "load_stored",
    "load_suite",
    "run_experiment",
    "run_suite",
    "slice_of",
    "store_dataset",
]

_HOMES = {
    "evalhub.evals.datasets.diff": ("DatasetDiff", "diff_datasets"),
    "evalhub.evals.datasets.export": ("export_examples",),
    "evalhub.evals.datasets.from_traces": ("TraceExamples", "dataset_from_traces"),
    "evalhub.evals.datasets.load": ("load_dataset",),
    "evalhub.evals.datasets.slices": ("Slice", "SliceSpec", "cut_slices", "slice_of"),
    "evalhub.evals.datasets.spec": ("DatasetSpec", "SampleSpec"),
    "evalhub.evals.datasets.stored": ("load_stored", "store_dataset"),
    "evalhub.evals.gates.compare": ("Comparison", "MetricComparison", "compare"),
    "evalhub.evals.gates.gate": ("Decision", "Gate", "Verdict", "decide"),
    "evalhub.evals.runs.runner": ("Progress", "run_experiment"),
    "evalhub.evals.runs.suite_run": ("SuiteResult", "run_suite"),
    "evalhub.evals.suites.suite": ("Suite", "load_suite"),
    "evalhub.evals.targets.base": ("Target", "TargetOutput"),
    "evalhub.evals.targets.function": ("FunctionTarget",),
    "evalhub.evals.targets.prompt": ("PromptTarget",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value: object = getattr(importlib.import_module(home), name)
            globals()[name] = value  # the next look-up does not come here
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
