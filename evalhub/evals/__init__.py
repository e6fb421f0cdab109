"""Run targets over data sets, compare the experiments, decide."""

from evalhub.evals.compare import Comparison, MetricComparison, compare
from evalhub.evals.datasets import DatasetSpec, load_dataset
from evalhub.evals.gate import Decision, Gate, Verdict, decide
from evalhub.evals.runner import Progress, run_experiment
from evalhub.evals.targets import FunctionTarget, PromptTarget, Target, TargetOutput

__all__ = [
    "Comparison",
    "DatasetSpec",
    "Decision",
    "FunctionTarget",
    "Gate",
    "MetricComparison",
    "Progress",
    "PromptTarget",
    "Target",
    "TargetOutput",
    "Verdict",
    "compare",
    "decide",
    "load_dataset",
    "run_experiment",
]
