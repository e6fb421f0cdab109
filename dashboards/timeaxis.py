"""The axis of charts over time: how wide a bar is, what is shown, how times are written."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go

__all__ = ["bucket_length", "bucket_name", "place_on_time", "times"]

_SECOND_NS = 10**9
_MINUTE_NS = 60 * _SECOND_NS
_HOUR_NS = 60 * _MINUTE_NS
_DAY_NS = 24 * _HOUR_NS

_UNITS = ((_DAY_NS, "d"), (_HOUR_NS, "h"), (_MINUTE_NS, "min"), (_SECOND_NS, "s"))
_STEPS_NS = (
    *(_SECOND_NS * count for count in (1, 5, 15, 30)),
    *(_MINUTE_NS * count for count in (1, 5, 15, 30)),
    *(_HOUR_NS * count for count in (1, 3, 6, 12)),
    *(_DAY_NS * count for count in (1, 7, 30)),
)
_MOST = 80
"""Buckets that a chart has at most."""
_LEAST = 20
"""Buckets that an axis has room for at least, so that one bar does not fill the chart."""
_TICKS = 8
_BAR = 0.85
"""Share of a bucket's width that its bar takes."""

# Plotly writes the second line under the first tick, and again where it changes.
_TICK_FORMATS = (
    {"dtickrange": [None, 60_000], "value": "%H:%M:%S\n%b %-d"},
    {"dtickrange": [60_000, 86_400_000], "value": "%H:%M\n%b %-d"},
    {"dtickrange": [86_400_000, "M1"], "value": "%b %-d\n%Y"},
    {"dtickrange": ["M1", None], "value": "%b\n%Y"},
)


def bucket_length(first_ns: int, last_ns: int) -> int:
    """Return the shortest round length that cuts a stretch of time into few enough buckets."""
    # Of n lengths the stretch may touch n + 1 buckets.
    length_ns = last_ns - first_ns
    return next((step for step in _STEPS_NS if length_ns < step * (_MOST - 1)), _STEPS_NS[-1])


def bucket_name(bucket_ns: int) -> str:
    """Return a length of :func:`bucket_length` in words: ``5 s``, ``12 h``, ``7 d``."""
    size, unit = next(item for item in _UNITS if bucket_ns >= item[0])
    return f"{bucket_ns // size} {unit}"


def place_on_time(figure: go.Figure, starts_ns: Sequence[int], bucket_ns: int) -> go.Figure:
    """Place bars and points, drawn at starts of buckets, in the middle of their bucket.

    Args:
        figure: Its traces have :func:`times` as x.
        starts_ns: Starts of the buckets, oldest first; the axis ends half a bucket around them.
        bucket_ns: Width of a bucket.
    """
    width_ms = bucket_ns / 1e6
    periods = {"xperiod": width_ms, "xperiodalignment": "middle"}
    if starts_ns:
        # Else periods count from a Sunday in 2000, and a week of ours begins on a Thursday.
        periods["xperiod0"] = _time(starts_ns[0])
        figure.update_xaxes(range=_range(starts_ns, bucket_ns))
    figure.update_traces(**periods)
    figure.update_traces(selector={"type": "bar"}, width=width_ms * _BAR)
    return figure.update_xaxes(
        type="date",
        nticks=_TICKS,
        tickformatstops=_TICK_FORMATS,
        hoverformat=_hover_format(bucket_ns),
        fixedrange=True,
    )


def times(starts_ns: Sequence[int]) -> list[datetime]:
    """Return moments in UTC."""
    return [_time(start_ns) for start_ns in starts_ns]


def _time(time_ns: float) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC)


def _range(starts_ns: Sequence[int], bucket_ns: int) -> list[Any]:
    first, last = starts_ns[0] - bucket_ns / 2, starts_ns[-1] + 1.5 * bucket_ns
    missing = max(0.0, _LEAST * bucket_ns - (last - first))
    return [_time(first - missing / 2), _time(last + missing / 2)]


def _hover_format(bucket_ns: int) -> str:
    if bucket_ns >= _DAY_NS:
        return "%b %-d, %Y"
    return "%b %-d, %H:%M" if bucket_ns >= _MINUTE_NS else "%b %-d, %H:%M:%S"
