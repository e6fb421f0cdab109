"""``evalhub eval check``: read a suite and resolve all that costs nothing."""

from pathlib import Path
from typing import Annotated

import typer

from evalhub.cli.evals.modules import look_for_modules
from evalhub.cli.output import JsonFlag, print_json
from evalhub.evals.runs.resume import calls_of
from evalhub.evals.suites.assemble import Assembly, assemble
from evalhub.evals.suites.labelled import column_names
from evalhub.evals.suites.suite import Suite, load_suite

__all__ = ["check_command"]


def check_command(
    suite: Annotated[Path, typer.Argument(help="The suite file (YAML).", show_default=False)],
    json: JsonFlag = False,
) -> None:
    """Check a suite without calling anything, and say what a run would do.

    Files, columns, functions, metrics, packages and pulled models are looked for; no model
    is started or asked. The exit code is 0, or 2 with one line that says what is wrong.
    """
    look_for_modules(suite)
    loaded = load_suite(suite)
    with assemble(loaded, asks=False) as assembly:
        found = _summary(loaded, assembly)
        for doubt in assembly.doubts:
            typer.echo(doubt, err=True)
    if json:
        print_json(found)
        return
    for key, value in found.items():
        typer.echo(f"{key}: {', '.join(value) or 'none' if isinstance(value, list) else value}")


def _summary(suite: Suite, assembly: Assembly) -> dict[str, object]:
    dataset, last = assembly.dataset, assembly.targets[-1].target.name
    return {
        "suite": suite.spec.name,
        "dataset": f"{dataset.name} {dataset.version[:8]}",
        "examples": len(dataset.examples),
        "targets": [planned.target.name for planned in assembly.targets],
        "metrics": [name for metric in assembly.metrics for name in column_names(metric)],
        "gates": [f"{gate.of or last}: {gate.sentence}" for gate in suite.gates],
        "calls": calls_of(suite, assembly),
    }
