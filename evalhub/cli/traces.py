"""``evalhub traces``: what was recorded, as a list and one by one."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from evalhub.cli.output import JsonFlag, console, print_json
from evalhub.errors import ConfigError, StoreError
from evalhub.model import SpanEvent, TraceSummary
from evalhub.store import StoredSpan, TraceDetail, TraceFilter, open_store
from evalhub.store.queries import get_trace, list_traces

__all__ = ["app"]

app = typer.Typer(help="List and show traces.")

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_PREVIEW = 200


@app.command("list")
def list_(  # noqa: PLR0917 - Typer calls it, by keyword
    project: Annotated[str | None, typer.Option(help="Only this project.")] = None,
    status: Annotated[str | None, typer.Option(help="Only ok, or only error.")] = None,
    name: Annotated[str | None, typer.Option(help="Only names that contain this.")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only those started since: 30m, 24h, 7d, or a date like 2026-11-22."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    json: JsonFlag = False,
) -> None:
    """List traces, newest first."""
    if status not in (None, "ok", "error"):
        raise ConfigError(f"--status is {status!r}; use ok or error")
    since_ns = None if since is None else parse_since(since, now_ns=time.time_ns())
    wanted = TraceFilter(project=project, status=status, name=name, since_ns=since_ns)
    with open_store() as store, store.read() as connection:
        found = list_traces(connection, wanted, limit=limit)
    if json:
        print_json([_summary_json(summary) for summary in found])
    elif found:
        _print_list(found)
    else:
        typer.echo("no traces; see evalhub demo, or decorate a function with evalhub.traceable")


@app.command()
def show(
    trace_id: Annotated[str, typer.Argument(help="The trace's id, or enough of its beginning.")],
    json: JsonFlag = False,
) -> None:
    """Show one trace as a tree of its spans."""
    with open_store() as store, store.read() as connection:
        found = get_trace(connection, trace_id)
    if found is None:
        raise StoreError(f"no trace has the id {trace_id!r}; see evalhub traces list")
    if json:
        spans = [_span_json(stored) for stored in found.spans]
        print_json({**_summary_json(found.summary), "spans": spans})
    else:
        _print_tree(found)


def parse_since(text: str, *, now_ns: int) -> int:
    """Return the moment that *text* means, in nanoseconds since the Unix epoch.

    Raises:
        ConfigError: it is neither a duration such as ``24h`` nor an ISO 8601 date; a date
            without a zone is UTC.
    """
    if match := re.fullmatch(r"(\d{1,9})([smhdw])", text.strip()):
        return now_ns - int(match[1]) * _UNITS[match[2]] * 10**9
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ConfigError(f"--since is {text!r}; use 30m, 24h, 7d or 2026-11-22") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 10**6) * 1000


def _print_list(found: Sequence[TraceSummary]) -> None:
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
            _time(summary.start_ns, "%m-%d %H:%M:%S"),
            summary.name,
            Text(summary.status, style="red" if summary.status == "error" else ""),
            _tokens(summary.input_tokens, summary.output_tokens),
            _cost(summary.cost_usd),
            _duration(summary.duration_ms),
        )
    console.print(table)


def _id_length(ids: Sequence[str]) -> int:
    """Return how much of each id must be shown to tell them apart, with some to spare."""
    longest = max(map(len, ids))
    fits = (n for n in range(14, longest) if len({i[:n] for i in ids}) == len(ids))
    return min(next(fits, longest) + 2, longest)


def _print_tree(found: TraceDetail) -> None:
    summary = found.summary
    head = f"{summary.trace_id}  {summary.project}  {_time(summary.start_ns, '%Y-%m-%d %H:%M:%S')}"
    tree = Tree(Text(head, style="bold"))
    ids = {stored.span.span_id for stored in found.spans}
    children: dict[str | None, list[StoredSpan]] = {}
    for stored in found.spans:
        parent = stored.span.parent_id
        # A parent that did not arrive, or is another program's: shown at the top.
        children.setdefault(parent if parent in ids else None, []).append(stored)
    # A stack, not recursion: chains of agents can be deeper than Python's.
    waiting = [(tree, stored) for stored in reversed(children.get(None, []))]
    while waiting:
        above, stored = waiting.pop()
        node = above.add(_label(stored))
        below = children.get(stored.span.span_id, [])
        waiting.extend((node, child) for child in reversed(below))
    console.print(tree)


def _label(stored: StoredSpan) -> Text:
    span = stored.span
    facts = [_duration(span.duration_ms)]
    if span.usage is not None:
        facts.append(_tokens(span.usage.input_tokens, span.usage.output_tokens) + " tokens")
        facts.append(_cost(stored.cost_usd))
    facts.append(span.kind)
    if span.model is not None:
        facts.append(span.model)
    # One line each: a list of long prompts stays a tree that can be read.
    label = Text(no_wrap=True, overflow="ellipsis")
    label.append(span.name, style="bold red" if span.status == "error" else "bold")
    label.append("  " + "  ".join(facts), style="dim")
    for mark, payload in (("in ", span.inputs), ("out", span.outputs)):
        if payload is not None:
            label.append(f"\n{mark} ", style="dim").append(_preview(payload))
    if span.error is not None:
        label.append("\nerror ", style="red").append(span.error.partition("\n")[0][:_PREVIEW])
    return label


def _summary_json(summary: TraceSummary) -> dict[str, Any]:
    return {
        "id": summary.trace_id,
        "name": summary.name,
        "project": summary.project,
        "start_time": _time(summary.start_ns, None),
        "duration_ms": summary.duration_ms,
        "status": summary.status,
        "spans": summary.spans,
        "errors": summary.errors,
        "input_tokens": summary.input_tokens,
        "output_tokens": summary.output_tokens,
        "cost_usd": summary.cost_usd,
        "session_id": summary.session_id,
        "user_id": summary.user_id,
    }


def _span_json(stored: StoredSpan) -> dict[str, Any]:
    span, usage = stored.span, stored.span.usage
    return {
        "id": span.span_id,
        "parent_id": span.parent_id,
        "name": span.name,
        "kind": span.kind,
        "status": span.status,
        "start_time": _time(span.start_ns, None),
        "duration_ms": span.duration_ms,
        "first_token_ms": None
        if span.first_token_ns is None
        else (span.first_token_ns - span.start_ns) / 1e6,
        "model": span.model,
        "provider": span.provider,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "cache_read_tokens": usage and usage.cache_read_tokens,
        "cache_write_tokens": usage and usage.cache_write_tokens,
        "reasoning_tokens": usage and usage.reasoning_tokens,
        "cost_usd": stored.cost_usd,
        "tags": list(span.tags),
        "inputs": _content(span.inputs),
        "outputs": _content(span.outputs),
        "attributes": _content(span.attributes),
        "error": span.error,
        "events": [_event_json(event) for event in span.events],
    }


def _event_json(event: SpanEvent) -> dict[str, Any]:
    attributes = _content(event.attributes)
    return {"name": event.name, "time": _time(event.time_ns, None), "attributes": attributes}


def _content(payload: bytes | None) -> Any:
    if payload is None:
        return None
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError:  # cut at a size limit: shown as the text it is
        return payload.decode("utf-8", "replace")


def _preview(payload: bytes) -> str:
    text = payload[: 4 * _PREVIEW].decode("utf-8", "ignore")
    return " ".join(text[:_PREVIEW].split())


def _time(time_ns: int, form: str | None) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)
    return moment.isoformat() if form is None else moment.strftime(form)


def _duration(duration_ms: float) -> str:
    return f"{duration_ms:.0f} ms" if duration_ms < 999.5 else f"{duration_ms / 1000:.1f} s"


def _tokens(given: int | None, answered: int | None) -> str:
    if given is None and answered is None:
        return "–"
    return f"{'?' if given is None else given}+{'?' if answered is None else answered}"


def _cost(cost_usd: float | None) -> str:
    return "–" if cost_usd is None else f"${cost_usd:.4f}"
