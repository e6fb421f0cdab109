"""One trace as a tree of its spans, for people."""

from collections.abc import Sequence

from rich.text import Text
from rich.tree import Tree

from evalhub.cli import formats
from evalhub.cli.output import console
from evalhub.store import StoredScore, StoredSpan, TraceDetail

__all__ = ["print_tree"]

_PREVIEW = 200


def print_tree(found: TraceDetail, scores: Sequence[StoredScore] = ()) -> None:
    """Print the spans of a trace below their parents, each with its *scores*."""
    by_span: dict[str | None, list[StoredScore]] = {}
    for score in scores:
        by_span.setdefault(score.span_id, []).append(score)
    summary = found.summary
    started = formats.time(summary.start_ns, "%Y-%m-%d %H:%M:%S")
    head = f"{summary.trace_id}  {summary.project}  {started}"
    tree = Tree(_with_scores(Text(head, style="bold"), by_span.get(None, ())))
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
        label = _with_scores(_label(stored), by_span.get(stored.span.span_id, ()))
        node = above.add(label)
        below = children.get(stored.span.span_id, [])
        waiting.extend((node, child) for child in reversed(below))
    console.print(tree)


def _label(stored: StoredSpan) -> Text:
    span = stored.span
    facts = [formats.duration(span.duration_ms)]
    if span.usage is not None:
        facts.append(formats.tokens(span.usage.input_tokens, span.usage.output_tokens) + " tokens")
        facts.append(formats.cost(stored.cost_usd))
        if span.usage.tier is not None:
            facts.append(span.usage.tier)
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
    for item in stored.attachments:
        facts_of_it = f"{item.name} ({item.mime_type}, {formats.size(item.size)})"
        label.append("\nattached ", style="dim").append(facts_of_it)
    if span.error is not None:
        label.append("\nerror ", style="red").append(span.error.partition("\n")[0][:_PREVIEW])
    return label


def _with_scores(label: Text, scores: Sequence[StoredScore]) -> Text:
    for stored in scores:
        given = stored.score
        value = "" if given.value is None else f"{given.value:g}"
        facts = (value, given.label, f"({stored.source})", given.explanation)
        line = "  ".join(" ".join(fact.split()) for fact in facts if fact)
        label.append("\nscore ", style="dim").append(f"{given.name}  {line}", style="not bold")
    return label


def _preview(payload: bytes) -> str:
    text = payload[: 4 * _PREVIEW].decode("utf-8", "ignore")
    return " ".join(text[:_PREVIEW].split())
