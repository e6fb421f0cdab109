"""``evalhub eval show``: one kept run."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from evalhub._readable import readable_text
from evalhub.cli.evals.list_runs import FolderOption, tracker_at
from evalhub.cli.evals.output import report_console
from evalhub.cli.evals.run_ids import whole_id
from evalhub.cli.evals.run_json import run_json, started
from evalhub.cli.output import JsonFlag, print_json
from evalhub.evals.gates.baseline import aliases_of
from evalhub.experiments import RunInfo
from evalhub.experiments.tags import (
    BRANCH_TAG,
    COMMIT_TAG,
    DIRTY_TAG,
    PARTIAL_TAG,
    PREFIX,
    VERDICT_TAG,
)

__all__ = ["show_command"]


def show_command(
    run: Annotated[
        str, typer.Argument(help="Run id, or its beginning, as `evalhub eval list` shows it.")
    ],
    folder: FolderOption = None,
    json: JsonFlag = False,
) -> None:
    """Show one kept run: its figures, its settings, where it comes from."""
    tracker = tracker_at(folder)
    found = tracker.info(whole_id(tracker, run))
    if json:
        print_json({**run_json(found), "tags": dict(found.tags)})
        return
    console = report_console()
    title = readable_text(f"{found.name} ({found.run_id})")
    console.print(title, markup=False, style="bold", soft_wrap=True)
    console.print(_facts(found))
    console.print()
    console.print(_figures(found))


def _facts(run: RunInfo) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    changed = " with changes" if run.tags.get(DIRTY_TAG) == "true" else ""
    facts = {
        "suite": run.suite,
        "target": run.target,
        "data set": f"{run.dataset_name} {run.dataset_version}",
        "started": f"{started(run):%Y-%m-%d %H:%M:%S} UTC",
        "verdict": run.tags.get(VERDICT_TAG),
        "partial": run.tags.get(PARTIAL_TAG),
        "alias": ", ".join(aliases_of(run.tags)),
        "branch": run.tags.get(BRANCH_TAG),
        "commit": COMMIT_TAG in run.tags and run.tags[COMMIT_TAG] + changed,
        "evalhub": run.tags.get(f"{PREFIX}version"),
        **{f"param {name}": value for name, value in run.params.items()},
    }
    for name, value in facts.items():
        if value:
            table.add_row(escape(readable_text(name)), escape(readable_text(str(value))))
    return table


def _figures(run: RunInfo) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("metric", overflow="fold")
    for title in ("mean", "95% interval", "n", "without a score"):
        table.add_column(title, justify="right", no_wrap=True)
    for item in run.summaries:
        known = item.lower is not None and item.upper is not None
        missing = item.errored + item.unparsed + item.skipped
        table.add_row(
            escape(item.name),
            "-" if item.mean is None else f"{item.mean:.4g}",
            f"{item.lower:.4g} to {item.upper:.4g}" if known else "-",
            f"{item.n:,}",
            f"{missing:,}" if missing else "",
        )
    return table
