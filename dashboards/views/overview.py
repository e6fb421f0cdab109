"""Overview: calls, errors, tokens, cost and latency over time."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import plotly.graph_objects as go
import streamlit as st

from evalhub.config import load_settings
from evalhub.dashboards import charts, data, formats, timeaxis
from evalhub.dashboards.board import board
from evalhub.dashboards.namelist import name_list
from evalhub.dashboards.tracelist import trace_list
from evalhub.dashboards.views.empty import no_traces, nothing_matches
from evalhub.dashboards.views.filters import project_filter, range_filter, since_ns
from evalhub.dashboards.views.scores import show_scores
from evalhub.model import SpanStatus
from evalhub.store import OverviewBucket, TraceFilter

__all__ = ["OpenTraces", "show"]

_ERRORS_SHOWN = 8
_NAMES_SHOWN = 7
"""As many as stand beside a chart without scrolling."""
_NOTES = {"Cost": "The sum over calls of models whose price is known."}


OpenTraces: TypeAlias = Callable[[Mapping[str, str]], None]
"""Goes to the traces page with these parameters in its address."""


def show(open_traces: OpenTraces) -> None:
    """Draw the page; a click on an error or a name goes to its traces."""
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
    ends = data.extent(url, chosen)
    if ends is None:  # the total was cached before the last trace was deleted
        return
    bucket_ns = timeaxis.bucket_length(*ends)
    picked = _over_time(url, chosen, bucket_ns)
    if picked:
        open_traces({"name": picked})
    show_scores(url, chosen, bucket_ns)
    _latest_errors(url, chosen, open_traces)


def _over_time(url: str, chosen: TraceFilter, bucket_ns: int) -> str | None:
    """Draw the charts and the names; return the name just picked."""
    figures = _figures(data.overview(url, chosen, bucket_ns), bucket_ns)
    columns = st.columns(2)
    for place, (name, figure) in enumerate(figures.items()):
        with columns[place % 2].container(border=True):
            st.plotly_chart(figure, config={"displayModeBar": False}, key=f"chart_{name}")
    # Three charts leave a place free; below four, the names have a row of their own.
    with (columns[1] if len(figures) == 3 else st).container(border=True, height="stretch"):
        st.markdown("**By name**")
        picked = board(name_list(data.by_name(url, chosen, limit=_NAMES_SHOWN)), key="names")
    st.caption(f"One bar is {timeaxis.bucket_name(bucket_ns)}. Times are in UTC.")
    return picked


def _headlines(total: OverviewBucket) -> None:
    share = formats.percent(total.errors / total.calls)
    values = {
        "Calls": formats.compact(total.calls),
        "Errors": f"{formats.compact(total.errors)} ({share})",
        "Latency p50": formats.duration(total.p50_ms),
        "Latency p95": formats.duration(total.p95_ms),
        "Latency p99": formats.duration(total.p99_ms),
        "Tokens in / out": formats.tokens(total.input_tokens, total.output_tokens),
        "Cost": "unknown" if total.cost_usd is None else formats.cost(total.cost_usd),
    }
    with st.container(horizontal=True, gap="small"):
        for label, value in values.items():
            st.metric(label, formats.literal(value), border=True, help=_NOTES.get(label))


def _figures(buckets: Sequence[OverviewBucket], bucket_ns: int) -> dict[str, go.Figure]:
    """Return the charts by name; that of cost only when some cost is known."""
    figures = {
        "calls": charts.calls_chart(buckets, bucket_ns),
        "latency": charts.latency_chart(buckets, bucket_ns),
        "tokens": charts.tokens_chart(buckets, bucket_ns),
    }
    if any(bucket.cost_usd is not None for bucket in buckets):
        figures["cost"] = charts.cost_chart(buckets, bucket_ns)
    return figures


def _latest_errors(url: str, chosen: TraceFilter, open_traces: OpenTraces) -> None:
    failed = TraceFilter(
        project=chosen.project, since_ns=chosen.since_ns, status=SpanStatus.ERROR.value
    )
    found = data.traces(url, failed, limit=_ERRORS_SHOWN)
    if not found:
        return
    st.markdown("**Latest errors**")
    picked = board(trace_list(found, now_ns=time.time_ns()), key="latest_errors")
    if picked:
        open_traces({"trace": picked})
