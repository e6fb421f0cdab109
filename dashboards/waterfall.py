"""A trace as tree and waterfall in one table: names on the left, time on the right."""

from collections.abc import Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.markup import Element, element
from evalhub.dashboards.theme import KIND_COLORS
from evalhub.dashboards.tree import Row, arrange
from evalhub.model import Span, SpanStatus

__all__ = ["MAX_ROWS", "waterfall"]

MAX_ROWS = 500
"""Rows drawn at most; a longer trace says how many are left out."""

_DEEPEST = 12


def waterfall(spans: Sequence[Span], *, selected: str) -> Element:
    """Return the spans of one trace as rows; the *selected* span id stands out."""
    rows = arrange(spans)
    start = min(span.start_ns for span in spans)
    length = max(1, max(span.end_ns for span in spans) - start)
    shown = [_row(row, start, length, selected) for row in rows[:MAX_ROWS]]
    left_out = len(rows) - len(shown)
    note = f"{formats.plural(left_out, 'more span')} not drawn" if left_out else None
    return element(
        "div",
        _axis(length),
        element("div", *shown, css="wf-rows", role="list"),
        element("p", note, css="quiet") if note else None,
        css="waterfall",
    )


def _axis(length_ns: int) -> Element:
    ticks = [
        element(
            "span",
            formats.duration(tick / 1e6) if tick else "0",
            style=f"left:{_share(tick, length_ns)}%",
        )
        for tick in _ticks(length_ns)
    ]
    return element(
        "div",
        element("span", "Span"),
        element("span", "Tokens", css="number"),
        element("span", "Time", css="number"),
        element("div", *ticks, css="wf-ticks"),
        css="wf-row wf-head",
    )


def _ticks(length_ns: int) -> list[int]:
    """Return round times from 0 on, far enough from each other and from the end."""
    power = 10 ** (len(str(length_ns)) - 2) if length_ns >= 10 else 1
    step = next(size * power for size in (1, 2, 5, 10, 20, 50) if size * power * 4 >= length_ns)
    # A label is centred on its tick, so one at the very end would be cut off.
    return [tick for tick in range(0, length_ns, step) if tick <= 0.92 * length_ns]


def _row(row: Row, start_ns: int, length_ns: int, selected: str) -> Element:
    span = row.span
    failed = span.status == SpanStatus.ERROR
    state = " ".join(
        name for name, holds in (("error", failed), ("selected", span.span_id == selected)) if holds
    )
    usage = span.usage.total_tokens if span.usage else None
    return element(
        "a",
        _name(span, row.depth, failed),
        element("span", "" if usage is None else formats.compact(usage), css="number quiet"),
        element("span", formats.duration(span.duration_ms), css="number"),
        element("div", *_bar(span, start_ns, length_ns), css="wf-lane"),
        css=f"wf-row kind-{_kind_class(span.kind)} {state}".rstrip(),
        href=f"?trace={span.trace_id}&span={span.span_id}",
        data_pick=span.span_id,
        role="listitem",
        title=f"{span.name} ({span.kind}), {formats.duration(span.duration_ms)}",
        aria_current="true" if span.span_id == selected else None,
    )


def _name(span: Span, depth: int, failed: bool) -> Element:
    return element(
        "span",
        element("span", span.kind, css="chip kind"),
        element("span", span.name, css="ellipsis"),
        element("span", "error", css="chip error") if failed else None,
        css="wf-name",
        style=f"padding-left:{min(depth, _DEEPEST) * 14}px",
    )


def _bar(span: Span, start_ns: int, length_ns: int) -> list[Element]:
    left = _share(span.start_ns - start_ns, length_ns)
    width = _share(span.end_ns - span.start_ns, length_ns)
    # A bar at the very end keeps its two pixels inside the lane.
    pieces = [element("i", css="wf-bar", style=f"left:min({left}%,100% - 2px);width:{width}%")]
    if span.first_token_ns is not None:
        first = _share(span.first_token_ns - start_ns, length_ns)
        waited = formats.duration((span.first_token_ns - span.start_ns) / 1e6)
        mark = element("i", css="wf-first", style=f"left:{first}%", title=f"first token {waited}")
        pieces.append(mark)
    return pieces


def _share(part_ns: int, whole_ns: int) -> float:
    return round(min(100.0, max(0.0, 100 * part_ns / whole_ns)), 3)


def _kind_class(kind: str) -> str:
    # Other producers' kinds are free text, and this is a class name.
    return kind if kind in KIND_COLORS else "other"
