"""Traces: the list with its filters, or one trace when the address names it."""

import time
from dataclasses import replace

import streamlit as st

from evalhub.config import load_settings
from evalhub.dashboards import data
from evalhub.dashboards.board import board
from evalhub.dashboards.tracelist import trace_list
from evalhub.dashboards.views import trace_detail
from evalhub.dashboards.views.empty import no_traces, nothing_matches
from evalhub.dashboards.views.filters import project_filter, range_filter, since_ns
from evalhub.model import SpanStatus
from evalhub.store import TraceCursor, TraceFilter

__all__ = ["PAGE_SIZE", "show"]

PAGE_SIZE = 50

_CURSORS = "trace_cursors"
"""Session state: the filter that is paged through, and where each later page begins."""


def show() -> None:
    """Draw the list, or the trace of ``?trace=ID``."""
    url = load_settings().url
    trace_id = st.query_params.get("trace")
    if trace_id:
        trace_detail.show(url, trace_id)
    elif data.projects(url):
        _list(url)
    else:
        no_traces()


def _list(url: str) -> None:
    chosen = _filter_bar(url)
    cursors = _cursors(chosen)
    # One row more than shown says whether there is a next page.
    found = data.traces(url, chosen, limit=PAGE_SIZE + 1, before=cursors[-1] if cursors else None)
    if not found:
        nothing_matches("No trace fits these filters. Choose a longer time, or clear a filter.")
        return
    shown = found[:PAGE_SIZE]
    board(trace_list(shown, now_ns=time.time_ns()), key="traces", on_pick=_open)
    older = TraceCursor.after(shown[-1]) if len(found) > PAGE_SIZE else None
    _pager(cursors, shown=len(shown), older=older)


def _open(trace_id: str) -> None:
    st.query_params["trace"] = trace_id


def _filter_bar(url: str) -> TraceFilter:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        project = project_filter(url)
        name = _text_filter("Name", "part of the name", width=160)
        search = _text_filter("Search", "in inputs, outputs, errors", width=230)
        session = _text_filter("Session", "session id", width=140)
        status = st.segmented_control(
            "Status", [str(item) for item in SpanStatus], key="status", bind="query-params"
        )
        label = range_filter()
    return TraceFilter(
        project=project,
        status=status,
        name=name,
        search=search,
        session_id=session,
        since_ns=since_ns(label),
    )


def _text_filter(label: str, placeholder: str, *, width: int) -> str | None:
    text = st.text_input(
        label, placeholder=placeholder, key=label.lower(), bind="query-params", width=width
    )
    return text or None


def _cursors(chosen: TraceFilter) -> list[TraceCursor]:
    """Return where the pages after the first begin; other filters start anew."""
    # By the range's name: its start moves with the clock, which is not another filter.
    current = (replace(chosen, since_ns=None), st.session_state.get("range"))
    kept = st.session_state.get(_CURSORS)
    if kept is None or kept[0] != current:
        kept = st.session_state[_CURSORS] = (current, [])
    cursors: list[TraceCursor] = kept[1]
    return cursors


def _pager(cursors: list[TraceCursor], *, shown: int, older: TraceCursor | None) -> None:
    first = len(cursors) * PAGE_SIZE + 1
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"{first} to {first + shown - 1}, newest first", width="content")
        st.button(
            "Newer",
            icon=":material/chevron_left:",
            disabled=not cursors,
            on_click=_newer,
            args=(cursors,),
        )
        st.button(
            "Older",
            icon=":material/chevron_right:",
            disabled=older is None,
            on_click=cursors.append,
            args=(older,),
        )


def _newer(cursors: list[TraceCursor]) -> None:
    cursors.pop()
