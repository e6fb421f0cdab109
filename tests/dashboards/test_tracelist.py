"""The list of traces."""

from evalhub.dashboards.markup import find, text_of
from evalhub.dashboards.tracelist import trace_list
from evalhub.model import TraceSummary

NOW = 10**18


def summary(**changes: object) -> TraceSummary:
    """Return a trace that started a minute before NOW and took a second."""
    fields: dict[str, object] = {
        "trace_id": "t1",
        "name": "answer",
        "project": "p",
        "start_ns": NOW - 60 * 10**9,
        "end_ns": NOW - 59 * 10**9,
        "status": "ok",
        "spans": 3,
        "errors": 0,
        "input_tokens": 12_345,
        "output_tokens": 10,
        "cost_usd": 0.0012,
    }
    return TraceSummary(**{**fields, **changes})  # type: ignore[arg-type]  # checked by its use


def test_a_row_has_what_one_scans_for() -> None:
    """Status, name, age, latency, tokens and cost are in people's units."""
    shown = text_of(trace_list([summary()], now_ns=NOW))
    for part in ("ok", "answer", "1 min ago", "1.0 s", "12.3k / 10", "$0.0012"):
        assert part in shown


def test_unknown_tokens_and_cost_are_dashes() -> None:
    """A trace without a priced model call costs nothing known, which is not nothing."""
    shown = text_of(
        trace_list([summary(input_tokens=None, output_tokens=None, cost_usd=None)], now_ns=NOW)
    )
    assert shown.count("–") == 2
    assert "$" not in shown


def test_the_slowest_trace_fills_its_meter() -> None:
    """The bars compare the latencies of the page."""
    half = summary(end_ns=NOW - 59_500_000_000)
    shown = trace_list([summary(), half], now_ns=NOW)
    widths = [meter["children"][0] for meter in find(shown, "meter")]
    assert [bar["attrs"]["style"] for bar in widths if isinstance(bar, dict)] == [
        "width:100.0%",
        "width:50.0%",
    ]


def test_traces_of_no_length_are_listed() -> None:
    """Nothing is divided by a slowest latency of 0."""
    instant = summary(end_ns=NOW - 60 * 10**9)
    assert "0 µs" in text_of(trace_list([instant], now_ns=NOW))
