"""Scores of live traces over time: what online evaluation, people and users said of them."""

from collections.abc import Sequence
from itertools import groupby

import streamlit as st

from evalhub.dashboards import charts, data
from evalhub.store import TraceFilter
from evalhub.store.score_series import ScoreSeries

__all__ = ["by_score", "show_scores"]

_SHOWN = 6
"""Charts at most: those of the scores that most traces have."""


def show_scores(url: str, chosen: TraceFilter, bucket_ns: int) -> None:
    """Draw a chart for each kind of score that the *chosen* traces have; nothing without any."""
    named = by_score(data.score_series(url, chosen, bucket_ns))
    if not named:
        return
    st.markdown("**Scores**")
    columns = st.columns(2)
    for place, (name, series) in enumerate(list(named.items())[:_SHOWN]):
        with columns[place % 2].container(border=True):
            figure = charts.score_chart(name, series, bucket_ns)
            st.plotly_chart(figure, config={"displayModeBar": False}, key=f"score_{name}")
    left = list(named)[_SHOWN:]
    more = f" Not drawn: {', '.join(left)}." if left else ""
    st.caption(f"Means of the traces that started then; online evaluation scores a sample.{more}")


def by_score(series: Sequence[ScoreSeries]) -> dict[str, list[ScoreSeries]]:
    """Return the series by name: first the name, and the way of measuring, of most traces."""
    ordered = sorted(series, key=lambda one: one.name)
    named = {
        name: sorted(found, key=lambda one: -one.n)
        for name, found in groupby(ordered, key=lambda one: one.name)
    }
    numbers = {name: sum(one.n for one in found) for name, found in named.items()}
    return {
        name: named[name]
        for name in sorted(named, key=lambda name: -numbers[name])
        if numbers[name]
    }
