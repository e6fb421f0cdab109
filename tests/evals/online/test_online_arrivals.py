"""Traces that come long after their start are scored like others: by when they came."""

from collections.abc import Callable
from typing import Any

import pytest

from evalhub.errors import SuiteError
from evalhub.evals.online.arrivals import Arrivals
from evalhub.evals.online.config import load_online
from evalhub.evals.online.watch import Watch
from evalhub.store import Store
from evalhub.store.online import read_state, write_state

AddTrace = Callable[..., str]
MakeMetric = Callable[..., Any]
MakeWatch = Callable[..., Watch]

MINUTE_NS = 60 * 10**9
HOUR_NS = 60 * MINUTE_NS


def test_a_call_that_ran_for_longer_than_give_up_is_scored(
    add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """An agent's steps come over five hours, its root at the end; each hour there is a round."""
    watch = make_watch()
    start_ns = clock.now_ns
    for _ in range(5):
        clock.now_ns += HOUR_NS
        add_trace(1, child=True, start_ns=start_ns, end_ns=clock.now_ns - MINUTE_NS)
        watch.round()
    add_trace(1, start_ns=start_ns, end_ns=clock.now_ns)
    assert watch.round().scored == 0, "it has not settled"
    clock.now_ns += MINUTE_NS
    assert [watch.round().scored for _ in range(2)] == [1, 0]


def test_what_was_held_back_on_its_way_is_scored(
    add_trace: AddTrace, make_watch: MakeWatch, make_metric: MakeMetric, clock: Any
) -> None:
    """A spool that is sent half a day later; other traces went on meanwhile."""
    metric = make_metric()
    watch = make_watch(metric)
    for number in range(12):
        add_trace(number, end_ns=clock.now_ns - MINUTE_NS)
        assert watch.round().scored == 1
        clock.now_ns += HOUR_NS
    held = add_trace(99, end_ns=clock.now_ns - 11 * HOUR_NS)
    assert [make_watch(metric).round().scored for _ in range(2)] == [1, 0]
    assert metric.asked[held] == 1
    assert set(metric.asked.values()) == {1}


def test_a_root_that_comes_after_the_trace_was_given_up_is_scored(
    add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """Giving up ends the waiting, not the trace."""
    add_trace(1, child=True)
    watch = make_watch()
    watch.round()
    clock.now_ns += 3 * HOUR_NS
    assert watch.round().left_out == 1
    add_trace(1)
    assert [(done.scored, done.left_out) for done in (watch.round(), watch.round())] == [
        (1, 0),
        (0, 0),
    ]


def test_what_ended_before_the_first_round_looked_back_is_never_scored(
    add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """Last month's traces, imported today, cost no judge; what only began then is new."""
    watch = make_watch()
    watch.round()
    clock.now_ns += HOUR_NS
    add_trace(1, end_ns=clock.now_ns - 700 * HOUR_NS)
    add_trace(2, start_ns=clock.now_ns - 700 * HOUR_NS, end_ns=clock.now_ns - MINUTE_NS)
    assert watch.round().scored == 1


def test_a_span_that_comes_after_the_scores_changes_nothing(
    add_trace: AddTrace, make_watch: MakeWatch, make_metric: MakeMetric, clock: Any
) -> None:
    """Each trace once: it is found again, and has its scores already."""
    metric = make_metric()
    watch = make_watch(metric)
    trace_id = add_trace(1)
    watch.round()
    clock.now_ns += 24 * HOUR_NS
    add_trace(1, child=True)
    assert watch.round().scored == 0
    assert metric.asked == {trace_id: 1}


def test_a_trace_whose_judge_is_down_is_kept_however_late_it_came(
    store: Store, add_trace: AddTrace, make_watch: MakeWatch, make_metric: MakeMetric, clock: Any
) -> None:
    """Ten hours old when it came, it is waited for like a new one."""
    make_watch().round()
    clock.now_ns += 10 * HOUR_NS
    add_trace(1, end_ns=clock.now_ns - 10 * HOUR_NS)
    broken = make_metric(is_broken=True)
    for _ in range(3):
        assert make_watch(broken).round().postponed == 1
        clock.now_ns += 20 * MINUTE_NS
    assert make_watch(make_metric()).round().scored == 1


def test_the_state_of_an_older_version_is_taken_up(
    store: Store, add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """It knew from which start on traces were to be read; what ended since is read."""
    with store.begin() as connection:
        write_state(connection, "support", {"since_ns": clock.now_ns - 2 * HOUR_NS})
    add_trace(1, end_ns=clock.now_ns - 3 * HOUR_NS)
    add_trace(2, end_ns=clock.now_ns - 90 * MINUTE_NS)
    assert make_watch().round().scored == 1


def test_a_store_that_was_put_back_from_a_backup_is_read_anew(
    store: Store, add_trace: AddTrace, make_watch: MakeWatch, make_metric: MakeMetric, clock: Any
) -> None:
    """Its spans get numbers that others had: none is passed over, and none is scored twice."""
    metric = make_metric()
    add_trace(1)
    make_watch(metric).round()
    with store.begin() as connection:
        state = read_state(connection, "support")
        later = {"done": 900, "marks": [[clock.now_ns, 1000]]}
        write_state(connection, "support", {**state, "arrivals": later})
    clock.now_ns += HOUR_NS
    add_trace(2, end_ns=clock.now_ns - MINUTE_NS)
    assert make_watch(metric).round().scored == 1
    assert set(metric.asked.values()) == {1}


def test_a_round_reads_what_came_lately_and_keeps_few_marks(
    store: Store, add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """A round a second for over an hour: what came longer ago than that is not read again."""
    watch = make_watch(every="1s")
    arrivals = Arrivals(0, 0)
    for second in range(4000):
        if second % 1000 == 0:
            add_trace(second)
        arrivals = arrivals.marked(store, second * 10**9, waited_ns=HOUR_NS)
    assert len(arrivals.marks) < 130
    assert arrivals.here_by(400 * 10**9 - 1) == 1
    assert arrivals.here_by(3999 * 10**9) == 4
    watch.round()
    clock.now_ns += 2 * HOUR_NS
    watch.round()
    with store.read() as connection:
        assert read_state(connection, "support")["arrivals"]["done"] == 4


def test_give_up_must_be_longer_than_settle(write_config: Callable[..., Any]) -> None:
    """Else every trace would be given up before it may be scored."""
    with pytest.raises(SuiteError, match=r"settle is 2h and give_up 1h.*give_up must be longer"):
        load_online(write_config(settle="2h"))
