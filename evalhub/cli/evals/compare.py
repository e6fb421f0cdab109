"""``evalhub eval compare``: two kept runs, example by example."""

from typing import Annotated

import typer

from evalhub.cli.evals.kept import GateOption, load_runs, parse_gates
from evalhub.cli.evals.list_runs import FolderOption, tracker_at
from evalhub.cli.evals.output import end_with, print_result
from evalhub.cli.output import JsonFlag
from evalhub.evals.gates.compare import compare
from evalhub.evals.gates.gate import decide
from evalhub.evals.runs.suite_run import SuiteResult

__all__ = ["compare_command"]


def compare_command(
    baseline: Annotated[str, typer.Argument(help="Run id.", show_default=False)],
    candidate: Annotated[str, typer.Argument(help="Run id.", show_default=False)],
    *,
    gate: GateOption = None,
    seed: Annotated[int, typer.Option(help="Seed of the permutation test.")] = 0,
    folder: FolderOption = None,
    json: JsonFlag = False,
) -> None:
    """Compare two kept runs, example by example.

    Without --gate the exit code is 0; with it, as for `evalhub eval run`.
    """
    tracker = tracker_at(folder)
    left, right = load_runs(tracker, [baseline, candidate])
    gates = parse_gates(gate or (), baseline=left.target)
    comparison = compare(left, right, seed=seed, declared=[gate.metric for gate in gates])
    decision = decide([left, right], gates) if gates else None
    print_result(SuiteResult((left, right), (comparison,), decision), json=json)
    end_with(decision)
