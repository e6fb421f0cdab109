"""The spans of a trace in reading order: each under its parent, by start time."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from evalhub.model import Span

__all__ = ["Row", "arrange"]


class Row(NamedTuple):
    """One span and how deep in the tree it stands."""

    span: Span
    depth: int


def arrange(spans: Sequence[Span]) -> list[Row]:
    """Return every span once, children after their parent.

    A span whose parent did not arrive stands at the top. So does the earliest span
    of a ring of parents, which a broken producer could send.
    """
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.span_id))
    known = {span.span_id for span in ordered}
    children: dict[str, list[Span]] = {}
    roots = []
    for span in ordered:
        if span.parent_id in known and span.parent_id != span.span_id:
            children.setdefault(span.parent_id, []).append(span)
        else:
            roots.append(span)
    seen: set[str] = set()
    # Only spans of a ring are left when the roots are walked.
    return [row for span in (*roots, *ordered) for row in _walk(span, children, seen)]


def _walk(root: Span, children: dict[str, list[Span]], seen: set[str]) -> Iterator[Row]:
    # A stack, not recursion: an agent's trace may be deeper than Python's limit.
    stack = [Row(root, 0)]
    while stack:
        row = stack.pop()
        if row.span.span_id in seen:
            continue
        seen.add(row.span.span_id)
        yield row
        below = children.get(row.span.span_id, ())
        stack.extend(Row(child, row.depth + 1) for child in reversed(below))
