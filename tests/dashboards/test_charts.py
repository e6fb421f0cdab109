"""Charts as data: series, axes and labels."""

import math
from dataclasses import dataclass

import pytest

from evalhub.dashboards import charts
from evalhub.dashboards.charts import Difference
from evalhub.dashboards.theme import COLORS

HOUR_NS = 3600 * 10**9


@dataclass(frozen=True)
class Hour:
    """An overview bucket."""

    start_ns: int = 0
    calls: int = 10
    errors: int = 3
    input_tokens: int | None = 100
    output_tokens: int | None = 20
    cost_usd: float | None = 0.5
    p50_ms: float | None = 100.0
    p95_ms: float | None = 900.0
    p99_ms: float | None = 2000.0


def test_errors_are_stacked_on_the_calls_that_succeeded() -> None:
    """The height of a bar is all calls, and no call is counted twice."""
    figure = charts.calls_chart([Hour()], HOUR_NS)
    assert {trace.name: list(trace.y) for trace in figure.data} == {"ok": [7], "error": [3]}
    assert figure.layout.barmode == "stack"


def test_latency_is_in_milliseconds_on_a_logarithmic_axis() -> None:
    """Median and tail can both be read; a gap stays a gap."""
    figure = charts.latency_chart([Hour(), Hour(p99_ms=None)], HOUR_NS)
    assert [list(trace.y) for trace in figure.data] == [[100, 100], [900, 900], [2000, None]]
    assert figure.layout.yaxis.type == "log"


def test_latency_lines_differ_without_color() -> None:
    """Each percentile has its own dash, for those who see no difference in colour."""
    figure = charts.latency_chart([Hour()], HOUR_NS)
    assert len({trace.line.dash for trace in figure.data}) == 3


def test_an_unknown_cost_has_no_bar() -> None:
    """Unknown is a gap and not a zero."""
    figure = charts.cost_chart([Hour(), Hour(cost_usd=None)], HOUR_NS)
    assert list(figure.data[0].y) == [0.5, None]


def test_there_are_no_half_calls() -> None:
    """A few calls have a tick at each whole number; many have the ticks that fit."""
    assert charts.calls_chart([Hour(calls=1, errors=0)], HOUR_NS).layout.yaxis.dtick == 1
    assert charts.calls_chart([Hour(calls=100)], HOUR_NS).layout.yaxis.dtick is None


def test_tokens_are_split() -> None:
    """Input and output are told apart."""
    figure = charts.tokens_chart([Hour()], HOUR_NS)
    assert {trace.name: list(trace.y) for trace in figure.data} == {"input": [100], "output": [20]}


ROWS = [
    Difference("rouge1", 0.02, 0.01, 0.04, "better"),
    Difference("rouge2", -0.03, -0.05, -0.01, "worse"),
    Difference("rougeL", 0.0, -0.01, 0.02, "unclear"),
]


def test_a_difference_is_a_point_between_the_ends_of_its_interval() -> None:
    """The whiskers reach from the lower to the upper end, however lopsided."""
    figure = charts.difference_chart(ROWS, title="")
    by_name = {trace.y[0]: trace for trace in figure.data}
    for row in ROWS:
        drawn = by_name[row.label]
        assert math.isclose(drawn.x[0] - drawn.error_x.arrayminus[0], row.lower, abs_tol=1e-12)
        assert math.isclose(drawn.x[0] + drawn.error_x.array[0], row.upper, abs_tol=1e-12)


def test_differences_keep_their_order_from_the_top() -> None:
    """The chart reads like the table beside it; a vertical axis counts from the bottom."""
    figure = charts.difference_chart(ROWS, title="")
    assert list(figure.layout.yaxis.categoryarray) == ["rougeL", "rouge2", "rouge1"]


def test_better_and_worse_have_a_name_and_a_color() -> None:
    """Each colour has the name that the table uses."""
    figure = charts.difference_chart(ROWS, title="")
    assert {trace.name: trace.marker.color for trace in figure.data} == {
        "B better": COLORS["green"],
        "B worse": COLORS["red"],
        "no clear difference": COLORS["gray"],
    }


@pytest.mark.parametrize("rows", [ROWS, ROWS[:1], []])
def test_the_line_of_no_change_is_always_drawn(rows: list[Difference]) -> None:
    """A difference is read against zero, whatever its sign."""
    (line,) = charts.difference_chart(rows, title="").layout.shapes
    assert (line.x0, line.x1) == (0, 0)
