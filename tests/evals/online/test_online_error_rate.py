"""Bands on the share of failed calls, and on windows that were over when a trace came."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.online.assemble import watching
from evalhub.evals.online.config import load_online
from evalhub.evals.online.watch import Watch
from evalhub.model import Span
from evalhub.store import Store
from evalhub.store.spans import add_spans

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS
NOON_NS = 1_790_000_000 // 86_400 * 86_400 * 10**9 + 12 * HOUR_NS
BAND = {"metric": "error_rate", "at_most": 0.05, "min_n": 20}

AddTrace = Callable[..., str]
MakeWatch = Callable[..., Watch]


def add_failing(add_trace: AddTrace, count: int, failed: int, **changes: Any) -> None:
    """Store *count* traces, the first *failed* of which failed."""
    for number in range(count):
        add_trace(number, status="error" if number < failed else "ok", **changes)


def test_an_error_rate_that_rises_is_told(
    add_trace: AddTrace, make_watch: MakeWatch, receiver: Any
) -> None:
    """Half of sixty calls failed: one alert, with the share and its interval."""
    add_failing(add_trace, 60, 30)
    watch = make_watch(bands=[BAND], alert={"webhook": receiver.url})
    (found,) = watch.round().bands
    assert (found.n, found.mean, found.missing, found.is_out) == (60, 0.5, 0, True)
    assert watch.round().is_out
    (alert,) = receiver.got
    assert (alert["metric"], alert["at_most"], alert["mean"]) == ("error_rate", 0.05, 0.5)
    assert alert["text"].startswith("support: error_rate at most 0.05 over 24h: LEFT, mean 0.5 [")


def test_few_errors_stay_within(add_trace: AddTrace, make_watch: MakeWatch) -> None:
    """One failure of sixty, and none at all, raise nothing."""
    add_failing(add_trace, 60, 1)
    (found,) = make_watch(bands=[BAND]).round().bands
    assert not found.is_out
    assert found.mean == pytest.approx(1 / 60)


def test_the_error_rate_is_of_all_traces_with_a_root(
    add_trace: AddTrace, make_watch: MakeWatch
) -> None:
    """Of the wanted ones, sampled or not; what evalhub itself asked is no user's call."""
    add_failing(add_trace, 40, 20)
    add_trace(100, child=True, status="error")
    add_trace(101, project="evaluators", status="error")
    add_trace(102, project="other", status="error")
    bands = {"bands": [BAND]}
    (found,) = (
        make_watch(name="b", sample=0.01, traces={"project": "support"}, **bands).round().bands
    )
    assert (found.n, found.mean) == (40, 0.5)
    (found,) = make_watch(name="all", **bands).round().bands
    assert (found.n, found.mean) == (41, 21 / 41)


def test_calls_stored_together_count_in_the_order_in_which_they_ended(
    store: Store, make_watch: MakeWatch
) -> None:
    """Each second one failed: an order by outcome would give an interval without the mean."""
    spans = [
        Span(
            trace_id=f"{number:032x}",
            span_id=f"{number:016x}",
            parent_id=None,
            project="support",
            name="answer",
            kind="chain",
            status="error" if number % 2 else "ok",
            start_ns=NOON_NS - 400 * 10**9 + number,
            end_ns=NOON_NS - 300 * 10**9 + number,
            error="ValueError: no" if number % 2 else None,
        )
        for number in range(60)
    ]
    with store.begin() as connection:
        add_spans(connection, spans)
    (found,) = make_watch(bands=[BAND]).round().bands
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < 0.5 < found.upper


def test_a_failing_step_of_a_call_that_went_well_is_no_error(
    add_trace: AddTrace, make_watch: MakeWatch
) -> None:
    """A retry that helped is not what the user saw."""
    for number in range(30):
        add_trace(number, child=True, status="error")
        add_trace(number)
    (found,) = make_watch(bands=[BAND]).round().bands
    assert (found.n, found.mean) == (30, 0.0)


def test_a_long_conversation_counts_once(add_trace: AddTrace, make_watch: MakeWatch) -> None:
    """Sixty failed calls of one session are one observation."""
    add_failing(add_trace, 60, 60, session_id="s")
    (found,) = make_watch(bands=[BAND]).round().bands
    assert (found.n, found.is_out) == (1, False)


def test_a_file_may_name_error_rate(write_config: Callable[..., Any], store: Store) -> None:
    """Without a metric of that name; a slip is told the right one."""
    with watching(load_online(write_config(bands=[BAND])), store) as watch:
        assert watch.spec.bands[0].metric == "error_rate"
    wrong = load_online(write_config(bands=[{**BAND, "metric": "eror_rate"}]))
    with pytest.raises(SuiteError, match="did you mean 'error_rate'"), watching(wrong, store):
        pass


def test_a_window_is_looked_at_again_when_a_trace_of_it_comes_late(
    add_trace: AddTrace, make_watch: MakeWatch, receiver: Any, clock: Any
) -> None:
    """Else traces of long calls, and those that were held back, would count nowhere."""
    bands = [
        {"metric": "length", "at_least": 5, "min_n": 20, "window": "1h"},
        {**BAND, "window": "1h"},
    ]
    watch = make_watch(bands=bands, alert={"webhook": receiver.url})
    watch.round()
    clock.now_ns += 2 * HOUR_NS
    assert [one.is_over for one in watch.round().bands] == [False, False]
    add_failing(add_trace, 40, 40, end_ns=clock.now_ns - 90 * MINUTE_NS)
    receiver.statuses += [400]
    done = watch.round()
    assert not done.is_whole, "nobody could be told of the first"
    assert [(one.band.metric, one.is_over, one.n) for one in done.bands] == [
        ("length", True, 0),
        ("length", False, 0),
        ("error_rate", True, 40),
        ("error_rate", False, 0),
    ]
    assert watch.round().is_whole
    assert [one["metric"] for one in receiver.got] == ["error_rate", "error_rate"]
    assert [one.is_over for one in watch.round().bands] == [False, False]
