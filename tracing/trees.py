"""Whole traces as text: one line a span, indented below its parent, and comparing two of them."""

import difflib
from collections.abc import Iterable, Mapping, Sequence

from evalhub.model import Span

__all__ = ["difference", "tree"]

_DEEPEST = 100


def tree(spans: Iterable[Span], *, payloads: bool = True, details: bool = False) -> str:
    """Return *spans* as an indented text, in the order in which they were opened.

    Each span is a line with its name and kind, then its inputs, outputs and error (the
    first line of it) on lines of their own. Ids and times are left out: the text of
    the same program is the same.

    Args:
        spans: Spans of one or more traces. One whose parent is not among them is a root.
        payloads: Whether inputs, outputs and errors are in it.
        details: Whether model, tokens, tags, metadata, events and attachments are in it too.
    """
    ordered = sorted(spans, key=lambda span: (span.start_ns, span.span_id))
    known = {(span.trace_id, span.span_id) for span in ordered}
    children: dict[tuple[str, str] | None, list[Span]] = {}
    for span in ordered:
        above = (span.trace_id, span.parent_id or "")
        children.setdefault(above if above in known else None, []).append(span)
    lines: list[str] = []
    for root in children.get(None, ()):
        _add(lines, root, children, 0, payloads=payloads, details=details)
    return "\n".join(lines)


def difference(expected: str, actual: str) -> str:
    """Return the lines in which two texts of :func:`tree` differ; empty when they are equal."""
    lines = difflib.unified_diff(
        expected.splitlines(), actual.splitlines(), "expected", "recorded", n=3, lineterm=""
    )
    return "\n".join(lines)


def _add(
    lines: list[str],
    span: Span,
    children: Mapping[tuple[str, str] | None, Sequence[Span]],
    depth: int,
    *,
    payloads: bool,
    details: bool,
) -> None:
    indent = "  " * depth
    lines.append(f"{indent}{span.name} [{span.kind}]{'' if span.status == 'ok' else ' error'}")
    if payloads:
        lines.extend(f"{indent}    {line}" for line in _payload_lines(span))
    if details:
        lines.extend(f"{indent}    {line}" for line in _detail_lines(span))
    if depth < _DEEPEST:  # a span that is its own ancestor has no bottom
        for child in children.get((span.trace_id, span.span_id), ()):
            _add(lines, child, children, depth + 1, payloads=payloads, details=details)


def _payload_lines(span: Span) -> Iterable[str]:
    if span.inputs is not None:
        yield f"inputs: {_text(span.inputs)}"
    if span.outputs is not None:
        yield f"outputs: {_text(span.outputs)}"
    if span.error is not None:
        yield f"error: {span.error.partition(chr(10))[0]}"


def _detail_lines(span: Span) -> Iterable[str]:
    named = {
        "project": span.project,
        "model": span.model,
        "provider": span.provider,
        "session": span.session_id,
        "user": span.user_id,
        "tags": ", ".join(span.tags),
    }
    yield from (f"{name}: {value}" for name, value in named.items() if value)
    if span.usage is not None:
        yield f"usage: {span.usage}"
    if span.attributes is not None:
        yield f"metadata: {_text(span.attributes)}"
    for event in span.events:
        yield f"event: {event.name} {_text(event.attributes or b'')}".rstrip()
    for attachment in span.attachments:
        kept = f"{attachment.mime_type}, {len(attachment.data)} bytes, {attachment.sha256[:12]}"
        yield f"attachment: {attachment.name} ({kept})"


def _text(payload: bytes) -> str:
    return payload.decode("utf-8", "replace")
