"""Charts, built from plain values; nothing here draws or queries.

Those over time take the width of a bucket in ns beside the buckets; see timeaxis.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import plotly.graph_objects as go

from evalhub.dashboards import formats
from evalhub.dashboards.theme import COLORS
from evalhub.dashboards.timeaxis import place_on_time, times
from evalhub.store.score_series import ScorePoint, ScoreSeries

__all__ = [
    "Bucket",
    "Difference",
    "calls_chart",
    "cost_chart",
    "difference_chart",
    "latency_chart",
    "score_chart",
    "tokens_chart",
]

_HEIGHT = 260
_HALVED_BELOW = 5
"""Counts below this would get ticks at fractions, and there are no half calls."""
_TICKS_MS = tuple(digit * 10**power for power in range(-2, 7) for digit in (1, 2, 5))
_SCORE_COLORS = ("blue", "orange", "violet", "teal")
_STANDING_COLORS = {"better": "green", "worse": "red", "changed": "blue", "unclear": "gray"}


class Bucket(Protocol):
    """What happened in one stretch of time, as the store's overview gives it."""

    @property
    def start_ns(self) -> int:
        """Start of the stretch."""

    @property
    def calls(self) -> int:
        """Traces that started in it."""

    @property
    def errors(self) -> int:
        """Traces of them that failed."""

    @property
    def input_tokens(self) -> int | None:
        """Tokens read by models."""

    @property
    def output_tokens(self) -> int | None:
        """Tokens written by models."""

    @property
    def cost_usd(self) -> float | None:
        """Cost of the priced calls, None when no call has a price."""

    @property
    def p50_ms(self) -> float | None:
        """Median latency."""

    @property
    def p95_ms(self) -> float | None:
        """Latency that 95% of the traces stay under."""

    @property
    def p99_ms(self) -> float | None:
        """Latency that 99% of the traces stay under."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One row of a forest chart: a paired difference and its 95% interval."""

    label: str
    value: float
    lower: float
    upper: float
    standing: str
    """``better``, ``worse``, ``changed`` or ``unclear``."""


def calls_chart(buckets: Sequence[Bucket], bucket_ns: int) -> go.Figure:
    """Return calls over time, failed ones stacked on the others."""
    succeeded = [bucket.calls - bucket.errors for bucket in buckets]
    failed = [bucket.errors for bucket in buckets]
    series = [("ok", succeeded, "blue"), ("error", failed, "red")]
    figure = _bars("Calls", buckets, bucket_ns, series)
    if max((bucket.calls for bucket in buckets), default=0) < _HALVED_BELOW:
        figure.update_yaxes(dtick=1)
    return figure


def tokens_chart(buckets: Sequence[Bucket], bucket_ns: int) -> go.Figure:
    """Return input and output tokens over time, stacked."""
    taken = [bucket.input_tokens for bucket in buckets]
    given = [bucket.output_tokens for bucket in buckets]
    return _bars(
        "Tokens", buckets, bucket_ns, [("input", taken, "teal"), ("output", given, "orange")]
    )


def cost_chart(buckets: Sequence[Bucket], bucket_ns: int) -> go.Figure:
    """Return cost over time; a stretch with unknown cost has no bar."""
    series = ("cost", [bucket.cost_usd for bucket in buckets], "violet")
    figure = _bars("Cost", buckets, bucket_ns, [series])
    return figure.update_yaxes(tickprefix="$").update_layout(showlegend=False)


def latency_chart(buckets: Sequence[Bucket], bucket_ns: int) -> go.Figure:
    """Return p50, p95 and p99 over time, in milliseconds, on a logarithmic axis."""
    starts_ns = [bucket.start_ns for bucket in buckets]
    figure = go.Figure()
    for name, color, dash in (
        ("p50", "blue", "solid"),
        ("p95", "orange", "dash"),
        ("p99", "red", "dot"),
    ):
        values = [getattr(bucket, f"{name}_ms") for bucket in buckets]
        figure.add_scatter(
            x=times(starts_ns),
            y=values,
            text=[formats.duration(value) for value in values],
            name=name,
            mode="lines+markers",
            line={"color": COLORS[color], "width": 2, "dash": dash},
            marker={"size": 5},
            hovertemplate="%{text}",
        )
    # The tail is often a hundred times the median, and both matter.
    figure.update_yaxes(
        type="log", tickvals=_TICKS_MS, ticktext=[formats.duration(tick) for tick in _TICKS_MS]
    )
    return place_on_time(_styled(figure, "Latency"), starts_ns, bucket_ns)


def score_chart(name: str, series: Sequence[ScoreSeries], bucket_ns: int) -> go.Figure:
    """Return the means of the scores called *name* over time, a line for each way of measuring."""
    starts_ns = [point.start_ns for one in series for point in one.points]
    figure = go.Figure()
    for place, one in enumerate(series):
        label = one.source if place == 0 else f"{one.source}, measured otherwise ({place})"
        figure.add_scatter(
            x=times([point.start_ns for point in one.points]),
            y=[point.mean for point in one.points],
            text=[_counted(point) for point in one.points],
            name=label,
            mode="lines+markers",
            line={"color": COLORS[_SCORE_COLORS[place % len(_SCORE_COLORS)]], "width": 2},
            marker={"size": 5},
            hovertemplate="%{y:.4g} %{text}",
        )
    _styled(figure, name).update_layout(showlegend=len(series) > 1)
    return place_on_time(figure, starts_ns, bucket_ns)


def _counted(point: ScorePoint) -> str:
    left_out = f", {point.missing} without a score" if point.missing else ""
    return f"mean of {point.n}{left_out}"


def difference_chart(rows: Sequence[Difference], *, title: str, unit: str = "") -> go.Figure:
    """Return a forest chart: a point and its interval for each row, and the line of no change.

    Args:
        rows: Shown from the top down.
        title: Written above; it should say which direction is better.
        unit: Written behind the numbers of the axis, such as ``%``.
    """
    figure = go.Figure()
    figure.add_vline(x=0, line={"color": COLORS["gray"], "width": 1, "dash": "dash"})
    for standing, color in _STANDING_COLORS.items():
        chosen = [row for row in rows if row.standing == standing]
        if chosen:
            figure.add_scatter(**_whiskers(chosen, standing, COLORS[color], unit))
    labels = [row.label for row in rows]
    figure.update_yaxes(
        type="category",
        categoryorder="array",
        categoryarray=labels[::-1],
        showgrid=False,
        range=[-0.6, len(rows) - 0.4],
    )
    figure.update_xaxes(ticksuffix=unit, zeroline=False)
    # The table beside it says in words what is better, so a legend would only take room.
    _styled(figure, title).update_layout(hovermode="closest", showlegend=False)
    return figure.update_layout(height=100 + 30 * len(rows))


def _whiskers(rows: Sequence[Difference], standing: str, color: str, unit: str) -> dict[str, Any]:
    return {
        "x": [row.value for row in rows],
        "y": [row.label for row in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [row.upper - row.value for row in rows],
            "arrayminus": [row.value - row.lower for row in rows],
            "color": color,
            "thickness": 2,
            "width": 5,
        },
        "customdata": [(row.lower, row.upper) for row in rows],
        "hovertemplate": (
            f"%{{y}}: %{{x:+.3g}}{unit}"
            f" (%{{customdata[0]:+.3g}} to %{{customdata[1]:+.3g}})<extra></extra>"
        ),
        "name": {"unclear": "no clear difference"}.get(standing, f"B {standing}"),
        "mode": "markers",
        "marker": {"color": color, "size": 9},
    }


def _bars(
    title: str,
    buckets: Sequence[Bucket],
    bucket_ns: int,
    series: Sequence[tuple[str, Sequence[float | None], str]],
) -> go.Figure:
    starts_ns = [bucket.start_ns for bucket in buckets]
    figure = go.Figure()
    for name, values, color in series:
        figure.add_bar(
            x=times(starts_ns),
            y=list(values),
            name=name,
            marker={"color": COLORS[color], "line": {"width": 0}},
        )
    _styled(figure, title).update_layout(barmode="stack", legend={"traceorder": "normal"})
    return place_on_time(figure, starts_ns, bucket_ns)


def _styled(figure: go.Figure, title: str) -> go.Figure:
    return figure.update_layout(
        title=title,
        height=_HEIGHT,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom"},
    )
