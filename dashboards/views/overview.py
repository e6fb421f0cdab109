"""Overview: calls, errors, tokens, cost and latency over time."""

import time
from collections.abc import Callable, Sequence

import streamlit as st

from evalhub.config import load_settings
from evalhub.dashboards import charts, data, formats
from evalhub.dashboards.board import board
from evalhub.dashboards.tracelist import trace_list
from evalhub.dashboards.views.empty import no_traces, nothing_matches
from evalhub.dashboards.views.filters import RANGES, project_filter, range_filter, since_ns
from evalhub.model import SpanStatus
from evalhub.store import OverviewBucket, TraceFilter

__all__ = ["bucket_length", "show"]

_MINUTE_NS = 60 * 10**9
_STEPS_NS = tuple(
    _MINUTE_NS * minutes for minutes in (1, 5, 15, 60, 180, 720, 1440, 7 * 1440, 30 * 1440)
)
_BUCKETS = 60
"""Bars that a chart has at most."""
_ERRORS_SHOWN = 8
_NOTES = {"Cost": "The sum over calls of models whose price is known."}


def show(open_trace: Callable[[str], None]) -> None:
    """Draw the page; *open_trace* goes to a trace of that id."""
    url = load_settings().url
    if not data.projects(url):
        no_traces()
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        project = project_filter(url)
        label = range_filter()
    chosen = TraceFilter(project=project, since_ns=since_ns(label))
    total = data.totals(url, chosen)
    if total is None:
        nothing_matches("No calls in this time. Choose a longer one, or another project.")
        return
    _headlines(total)
    _charts(data.overview(url, chosen, bucket_length(url, chosen, RANGES[label])))
    _latest_errors(url, chosen, open_trace)


def bucket_length(url: str, chosen: TraceFilter, length_ns: int | None) -> int:
    """Return the shortest step that divides the range into few enough bars."""
    if length_ns is None:
        days = data.overview(url, chosen, _STEPS_NS[-3])
        length_ns = max(1, days[-1].start_ns - days[0].start_ns) if days else 1
    return next((step for step in _STEPS_NS if length_ns / step <= _BUCKETS), _STEPS_NS[-1])


def _headlines(total: OverviewBucket) -> None:
    share = formats.percent(total.errors / total.calls)
    usage = (formats.compact(total.input_tokens), formats.compact(total.output_tokens))
    values = {
        "Calls": formats.compact(total.calls),
        "Errors": f"{formats.compact(total.errors)} ({share})",
        "Latency p50": formats.duration(total.p50_ms),
        "Latency p95": formats.duration(total.p95_ms),
        "Latency p99": formats.duration(total.p99_ms),
        "Tokens in / out": " / ".join(usage),
        "Cost": "unknown" if total.cost_usd is None else formats.cost(total.cost_usd),
    }
    with st.container(horizontal=True, gap="small"):
        for label, value in values.items():
            st.metric(label, formats.literal(value), border=True, help=_NOTES.get(label))


def _charts(buckets: Sequence[OverviewBucket]) -> None:
    figures = {
        "calls": charts.calls_chart(buckets),
        "latency": charts.latency_chart(buckets),
        "tokens": charts.tokens_chart(buckets),
    }
    if any(bucket.cost_usd is not None for bucket in buckets):
        figures["cost"] = charts.cost_chart(buckets)
    columns = st.columns(2)
    for place, (name, figure) in enumerate(figures.items()):
        with columns[place % 2].container(border=True):
            st.plotly_chart(figure, config={"displayModeBar": False}, key=f"chart_{name}")


def _latest_errors(url: str, chosen: TraceFilter, open_trace: Callable[[str], None]) -> None:
    failed = TraceFilter(
        project=chosen.project, since_ns=chosen.since_ns, status=SpanStatus.ERROR.value
    )
    found = data.traces(url, failed, limit=_ERRORS_SHOWN)
    if not found:
        return
    st.markdown("**Latest errors**")
    picked = board(trace_list(found, now_ns=time.time_ns()), key="latest_errors")
    if picked:
        open_trace(picked)
