"""``evalhub eval plan``: what a suite will ask, cost and show, before anything is spent."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evalhub.cli.evals.modules import look_for_modules
from evalhub.cli.evals.output import report_console
from evalhub.cli.output import JsonFlag, print_json
from evalhub.evals.runs.forecast import Forecast, forecast
from evalhub.evals.runs.ledger import Ledger
from evalhub.evals.suites.assemble import assemble
from evalhub.evals.suites.make_tracker import make_keeper
from evalhub.evals.suites.suite import Suite, load_suite

__all__ = ["plan_command"]

_UNKNOWN = "?"


def plan_command(
    suite: Annotated[Path, typer.Argument(help="The suite file (YAML).", show_default=False)],
    limit: Annotated[
        int | None, typer.Option(help="Take only the first N examples.", metavar="N", min=1)
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Show the calls, cost and time of a suite and the smallest difference it can see.

    Nothing is called and nothing is spent. Figures are those of the last kept run;
    where there is none, prompts are measured by their length.
    """
    look_for_modules(suite)
    loaded = load_suite(suite)
    with assemble(loaded, Ledger(), asks=False) as whole:
        found = forecast(loaded, whole.first(limit), make_keeper(loaded))
    if json:
        print_json(_as_json(found))
    else:
        _print(found, loaded)


def _as_json(found: Forecast) -> dict[str, object]:
    totals = {"tokens": found.tokens, "usd": found.usd, "seconds": found.seconds}
    return {**asdict(found), **totals}


def _print(found: Forecast, suite: Suite) -> None:
    console = report_console()
    repeated = f", {found.repeats} times each" if found.repeats > 1 else ""
    console.print(f"{found.suite}: {found.examples:,} examples{repeated}", markup=False)
    console.print(_calls(found))
    console.print(_total(found, suite), markup=False)
    if found.gates:
        console.print("\nthe smallest difference that is found 8 times in 10:")
        console.print(_gates(found))
    for note in found.notes:
        console.print(note, markup=False)


def _calls(found: Forecast) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("asked", overflow="fold")
    for title in ("calls", "done", "tokens", "USD", "time"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("by", overflow="fold")
    for line in found.lines:
        table.add_row(
            escape(f"{line.kind} {line.name}"),
            f"{line.calls:,}",
            f"{line.done:,}",
            _UNKNOWN if line.tokens is None else f"{line.tokens:,}",
            _UNKNOWN if line.usd is None else f"{line.usd:.4f}",
            _time(line.seconds),
            escape(line.origin),
        )
    return table


def _gates(found: Forecast) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("gate", overflow="fold")
    for title in ("smallest", "units"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("by", overflow="fold")
    for gate in found.gates:
        smallest = _UNKNOWN if gate.smallest is None else f"{gate.smallest:.3g}"
        name = escape(f"{gate.metric} of {gate.of}")
        table.add_row(name, smallest, f"{gate.units:,}", escape(gate.origin))
    return table


def _total(found: Forecast, suite: Suite) -> str:
    usd = _UNKNOWN if found.usd is None else f"{found.usd:.4f} USD"
    tokens = _UNKNOWN if found.tokens is None else f"{found.tokens:,} tokens"
    told = f"together: {usd}, {tokens}, {_time(found.seconds)}"
    budget = suite.spec.budget.model_dump(exclude_none=True)
    limits = ", ".join(f"{value:g} {name}" for name, value in budget.items())
    return f"{told}; budget: {limits}" if limits else told


def _time(seconds: float | None) -> str:
    if seconds is None:
        return _UNKNOWN
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
