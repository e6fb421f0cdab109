"""A page of traces as a table."""

from collections.abc import Sequence

from evalhub.dashboards import formats
from evalhub.dashboards.markup import Element, chip, element, table
from evalhub.model import SpanStatus, TraceSummary

__all__ = ["trace_list"]

_HEADERS = (
    "",
    "Name",
    "Project",
    "Started",
    "Latency",
    "Spans",
    "Tokens in / out",
    "Cost",
    "Session",
)
_NUMERIC = ("Latency", "Spans", "Tokens in / out", "Cost")


def trace_list(traces: Sequence[TraceSummary], *, now_ns: int) -> Element:
    """Return *traces* in the given order; a row picks its trace id."""
    slowest = max((trace.duration_ms for trace in traces), default=0.0)
    rows = [_row(trace, slowest, now_ns) for trace in traces]
    return table(_HEADERS, rows, numeric=_NUMERIC, css="traces")


def _row(trace: TraceSummary, slowest_ms: float, now_ns: int) -> Element:
    failed = trace.status == SpanStatus.ERROR
    link = element("a", trace.name, css="ellipsis", href=f"traces?trace={trace.trace_id}")
    errors = formats.plural(trace.errors, "error") if trace.errors else None
    return element(
        "tr",
        element("td", chip("error", tone="error") if failed else chip("ok", tone="ok")),
        element("td", link, css="name", title=errors),
        element("td", trace.project, css="quiet"),
        element(
            "td",
            formats.ago(trace.start_ns, now_ns),
            css="quiet",
            title=f"{formats.timestamp(trace.start_ns)} UTC",
        ),
        element("td", *_latency(trace.duration_ms, slowest_ms), css="number"),
        element("td", formats.compact(trace.spans), css="number spans"),
        element("td", formats.tokens(trace.input_tokens, trace.output_tokens), css="number"),
        element("td", formats.cost(trace.cost_usd), css="number", title=_cost_note(trace)),
        element("td", trace.session_id or "", css="quiet ellipsis"),
        data_pick=trace.trace_id,
    )


def _latency(duration_ms: float, slowest_ms: float) -> tuple[Element, Element]:
    share = 100 * duration_ms / slowest_ms if slowest_ms else 0
    bar = element("i", style=f"width:{share:.1f}%")
    return element("span", formats.duration(duration_ms)), element("span", bar, css="meter")


def _cost_note(trace: TraceSummary) -> str | None:
    return "unknown: no price for this model" if trace.cost_usd is None else None
