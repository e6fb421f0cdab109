"""``evalhub traces``: what was recorded, as a list and one by one."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from evalhub.cli import formats
from evalhub.cli.output import JsonFlag, console, print_json
from evalhub.cli.trace_json import missing_json, score_json, span_json, summary_json
from evalhub.cli.trace_options import (
    FilterOption,
    NameOption,
    ProjectOption,
    SinceOption,
    StatusOption,
    UntilOption,
    trace_filter,
)
from evalhub.cli.trace_tree import print_tree
from evalhub.cli.traces_to_dataset import to_dataset
from evalhub.errors import StoreError
from evalhub.model import TraceSummary
from evalhub.store import Completeness, Producer, open_store
from evalhub.store.completeness import SILENT_AFTER_S, completeness, completeness_of
from evalhub.store.ledger import list_producers
from evalhub.store.queries import get_trace, list_traces
from evalhub.store.scores import get_scores

__all__ = ["app"]

app = typer.Typer(help="List and show traces, and make data sets of them.")
app.command("to-dataset")(to_dataset)

_COUNTS = ("recorded", "stored", "spooled", "dropped", "outstanding")


@app.command("list")
def list_(  # noqa: PLR0917 - Typer calls it, by keyword
    project: ProjectOption = None,
    status: StatusOption = None,
    name: NameOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    filter: FilterOption = None,  # noqa: A002 - the option's name
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    json: JsonFlag = False,
) -> None:
    """List traces, newest first; those of which something is missing say so."""
    wanted = trace_filter(
        filter, project=project, status=status, name=name, since=since, until=until
    )
    with open_store() as store, store.read() as connection:
        found = list_traces(connection, wanted, limit=limit)
        missing = completeness_of(connection, [summary.trace_id for summary in found])
    if json:
        print_json(
            [
                {**summary_json(summary), "complete": missing[summary.trace_id].is_complete}
                for summary in found
            ]
        )
    elif found:
        _print_list(found, missing)
    else:
        typer.echo("no traces; see evalhub demo, or decorate a function with evalhub.traceable")


@app.command()
def show(
    trace_id: Annotated[str, typer.Argument(help="The trace's id, or enough of its beginning.")],
    json: JsonFlag = False,
) -> None:
    """Show one trace as a tree of its spans, with scores and what is known to be missing."""
    with open_store() as store, store.read() as connection:
        found = get_trace(connection, trace_id)
        if found is None:
            raise StoreError(f"no trace has the id {trace_id!r}; see evalhub traces list")
        missing = completeness(connection, found.summary.trace_id)
        scores = get_scores(connection, found.summary.trace_id)
    now_ns = time.time_ns()
    if json:
        spans = [span_json(stored) for stored in found.spans]
        known = {"scores": [score_json(one) for one in scores], "spans": spans}
        print_json({**summary_json(found.summary), **missing_json(missing, now_ns), **known})
        return
    print_tree(found, scores)
    if not missing.is_complete:
        line = f"incomplete: {'; '.join(missing.reasons(now_ns))}"
        console.print(Text(line, style="yellow"), soft_wrap=True)


@app.command()
def delivery(
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    json: JsonFlag = False,
) -> None:
    """List the processes that sent spans, and what each says became of its own.

    Records are spans and scores. Outstanding are those that are neither here nor known to
    be lost: spooled on its disk, or in its memory, where they died with it if it was killed.
    """
    with open_store() as store, store.read() as connection:
        found = list_producers(connection, limit=limit)
    if json:
        print_json([{**asdict(one), "outstanding": one.outstanding} for one in found])
    elif found:
        _print_delivery(found, now_ns=time.time_ns())
    else:
        typer.echo("no process has reported yet; see evalhub traces list for what is stored")


def _print_list(found: Sequence[TraceSummary], missing: Mapping[str, Completeness]) -> None:
    # A table of its own: an id or a time that wraps cannot be read, a name may be cut.
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("id", "started (UTC)"):
        table.add_column(column, no_wrap=True)
    table.add_column("name", no_wrap=True, overflow="ellipsis")
    table.add_column("status", no_wrap=True)
    for column in ("tokens", "cost", "duration"):
        table.add_column(column, no_wrap=True, justify="right")
    length = _id_length([summary.trace_id for summary in found])
    for summary in found:
        table.add_row(
            summary.trace_id[:length],
            formats.time(summary.start_ns, "%m-%d %H:%M:%S"),
            summary.name,
            _status(summary, missing[summary.trace_id]),
            formats.tokens(summary.input_tokens, summary.output_tokens),
            formats.cost(summary.cost_usd),
            formats.duration(summary.duration_ms),
        )
    console.print(table)


def _id_length(ids: Sequence[str]) -> int:
    """Return how much of each id must be shown to tell them apart, with some to spare."""
    longest = max(map(len, ids))
    fits = (n for n in range(14, longest) if len({i[:n] for i in ids}) == len(ids))
    return min(next(fits, longest) + 2, longest)


def _status(summary: TraceSummary, missing: Completeness) -> Text:
    text = Text(summary.status, style="red" if summary.status == "error" else "")
    return text if missing.is_complete else text.append(" incomplete", style="yellow")


def _print_delivery(found: Sequence[Producer], *, now_ns: int) -> None:
    # A table of its own: a number that is cut cannot be read, a host's name may wrap.
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("process", overflow="fold")
    table.add_column("last report", no_wrap=True)
    for column in _COUNTS:
        table.add_column(column, no_wrap=True, justify="right")
    for one in found:
        counts = (str(getattr(one, name)) for name in _COUNTS)
        table.add_row(f"{one.pid} on {one.host}", _last_report(one, now_ns), *counts)
    console.print(table)


def _last_report(one: Producer, now_ns: int) -> str:
    if one.is_ended:
        return "ended"
    ago_s = max((now_ns - one.updated_ns) // 10**9, 0)
    ago = formats.age(ago_s)
    return f"silent for {ago}" if ago_s >= SILENT_AFTER_S else f"{ago} ago"
