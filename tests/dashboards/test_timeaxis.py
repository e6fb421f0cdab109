"""The axis of charts over time."""

from datetime import UTC, datetime, timedelta

import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.dashboards.timeaxis import bucket_length, bucket_name, place_on_time, times

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOON = 1_795_262_400 * SECOND


def axis(starts_ns: list[int], bucket_ns: int) -> go.Figure:
    """Return a bar and a line over these buckets, placed on time."""
    figure = go.Figure()
    figure.add_bar(x=times(starts_ns), y=[1] * len(starts_ns))
    figure.add_scatter(x=times(starts_ns), y=[1] * len(starts_ns))
    return place_on_time(figure, starts_ns, bucket_ns)


@pytest.mark.parametrize(
    ("length_ns", "name"),
    [
        (0, "1 s"),
        (30 * SECOND, "1 s"),
        (5 * MINUTE, "5 s"),
        (HOUR, "1 min"),
        (DAY, "30 min"),
        (7 * DAY, "3 h"),
        (30 * DAY, "12 h"),
        (365 * DAY, "7 d"),
        (20 * 365 * DAY, "30 d"),
    ],
)
def test_the_bucket_follows_from_the_extent_of_the_data(length_ns: int, name: str) -> None:
    """A minute of calls is drawn in seconds, a month in half days."""
    assert bucket_name(bucket_length(NOON, NOON + length_ns)) == name


@given(first=st.integers(0, 2**60), length=st.integers(2 * MINUTE, 6 * 365 * DAY))
def test_a_chart_has_neither_few_nor_many_bars(first: int, length: int) -> None:
    """From two minutes to six years of data touch 13 to 80 buckets."""
    step = bucket_length(first, first + length)
    assert 13 <= (first + length) // step - first // step + 1 <= 80


def test_the_axis_ends_half_a_bucket_around_the_data() -> None:
    """Bars fill the chart, whatever the time that was chosen above it."""
    starts = [NOON + number * MINUTE for number in range(60)]
    left, right = axis(starts, MINUTE).layout.xaxis.range
    assert left == datetime(2026, 11, 21, 11, 59, 30, tzinfo=UTC)
    assert right == datetime(2026, 11, 21, 13, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("count", [1, 3])
def test_few_bars_do_not_fill_the_chart(count: int) -> None:
    """A lone bar stands in the middle and is one of twenty wide."""
    starts = [NOON + number * SECOND for number in range(count)]
    left, right = axis(starts, SECOND).layout.xaxis.range
    assert right - left == timedelta(seconds=20)
    middle = datetime.fromtimestamp(NOON / 1e9 + count / 2, tz=UTC)
    assert left + (right - left) / 2 == middle


def test_bars_and_points_of_a_bucket_stand_above_each_other() -> None:
    """Both are drawn in the middle of their bucket, and a bar is narrower than it."""
    figure = axis([NOON, NOON + 7 * DAY], 7 * DAY)
    for trace in figure.data:
        assert trace.xperiod == 7 * DAY / 1e6
        assert trace.xperiod0 == times([NOON])[0]
        assert trace.xperiodalignment == "middle"
    assert 0.5 < figure.data[0].width * 1e6 / (7 * DAY) < 1


def test_an_axis_without_data_is_left_to_plotly() -> None:
    """No bucket is no reason to fail."""
    assert axis([], HOUR).layout.xaxis.range is None
