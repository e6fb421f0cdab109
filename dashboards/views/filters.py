"""The filters above a page; each is kept in the address, so a view can be shared."""

import time
from collections.abc import Mapping

import streamlit as st

from evalhub.dashboards import data

__all__ = ["RANGES", "project_filter", "range_filter", "since_ns"]

_MINUTE_NS = 60 * 10**9
_HOUR_NS = 60 * _MINUTE_NS
_DAY_NS = 24 * _HOUR_NS

RANGES: Mapping[str, int | None] = {
    "1 h": _HOUR_NS,
    "24 h": _DAY_NS,
    "7 d": 7 * _DAY_NS,
    "30 d": 30 * _DAY_NS,
    "All": None,
}
"""Length in ns by the label that is shown; None is everything."""

_STEP_NS = 10 * 10**9


def project_filter(url: str) -> str | None:
    """Show the choice of a project; return its name, or None for all."""
    names = data.projects(url)
    return st.selectbox(
        "Project",
        names,
        index=None,
        placeholder="All projects",
        key="project",
        bind="query-params",
        width=200,
    )


def range_filter() -> str:
    """Show the choice of a time range; return a key of :data:`RANGES`."""
    return (
        st.segmented_control(
            "Time", list(RANGES), default="7 d", required=True, key="range", bind="query-params"
        )
        or "7 d"
    )


def since_ns(label: str, now_ns: int | None = None) -> int | None:
    """Return the start of a range that ends now, in steps so that caches are hit."""
    length = RANGES[label]
    if length is None:
        return None
    now = time.time_ns() if now_ns is None else now_ns
    return (now - length) // _STEP_NS * _STEP_NS
