"""Rounds over a real store: each trace once, whole ones only, whatever happens in between."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from evalhub.evals.online.assemble import watching
from evalhub.evals.online.config import load_online
from evalhub.evals.online.lease import Lease, LeaseLostError
from evalhub.evals.online.process import this_process
from evalhub.evals.online.reading import is_sampled
from evalhub.evals.online.watch import Watch
from evalhub.store import Store
from evalhub.store.online import write_state
from evalhub.store.scores import get_scores
from evalhub.store.tables import score

AddTrace = Callable[..., str]
WriteConfig = Callable[..., Path]
MakeMetric = Callable[..., Any]
MakeWatch = Callable[..., Watch]

HOUR_NS = 3600 * 10**9


def rows(store: Store) -> int:
    """Return how many scores there are."""
    with store.read() as connection:
        return len(connection.execute(select(score.c.id)).all())


def test_each_trace_is_scored_once(
    store: Store,
    add_trace: AddTrace,
    make_watch: MakeWatch,
    make_metric: MakeMetric,
) -> None:
    """Also by the next process, which finds what was scored in the store."""
    for number in range(45):
        add_trace(number)
    metric = make_metric()
    watch = make_watch(metric)
    assert [watch.round().scored for _ in range(2)] == [45, 0]
    assert make_watch(metric).round().scored == 0
    add_trace(99)
    assert make_watch(metric).round().scored == 1
    assert set(metric.asked.values()) == {1}
    assert rows(store) == len(metric.asked) == 46


def test_a_trace_is_waited_for_until_it_is_whole(
    add_trace: AddTrace,
    make_watch: MakeWatch,
    clock: Any,
    make_metric: MakeMetric,
) -> None:
    """Spans come late and in any order: without its root, or just now active, it is let be."""
    metric = make_metric()
    watch = make_watch(metric)
    late = add_trace(1, child=True)
    fresh = add_trace(2, end_ns=clock.now_ns - 10**9)
    assert watch.round().scored == 0
    add_trace(1)
    clock.now_ns += 60 * 10**9
    assert watch.round().scored == 2
    assert set(metric.asked) == {late, fresh}


def test_what_came_while_nobody_watched_is_scored(
    add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """After ten hours the next process goes on where the last one was, and not an hour ago."""
    add_trace(1)
    assert make_watch().round().scored == 1
    clock.now_ns += 10 * HOUR_NS
    add_trace(2, end_ns=clock.now_ns - 8 * HOUR_NS)
    assert make_watch().round().scored == 1


def test_the_first_round_looks_back_as_far_as_it_is_told(
    add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """A store full of old traces is not scored by surprise."""
    add_trace(1, end_ns=clock.now_ns - 3 * HOUR_NS)
    assert make_watch(name="short").round().scored == 0
    assert make_watch(name="long", since="4h").round().scored == 1


def test_a_trace_that_never_becomes_whole_is_left_out(
    add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """When nothing came for longer than `give_up` it is counted once, and waited for no more."""
    add_trace(1, child=True)
    watch = make_watch()
    assert watch.round().left_out == 0
    clock.now_ns += 3 * HOUR_NS
    assert [watch.round().left_out for _ in range(2)] == [1, 0]


def test_only_the_wanted_project_and_a_sample_of_it(
    store: Store,
    add_trace: AddTrace,
    make_watch: MakeWatch,
    make_metric: MakeMetric,
) -> None:
    """The sample is the same for everybody, and a greater one holds the smaller."""
    for number in range(60):
        add_trace(number, project="support" if number < 40 else "other")
    metric = make_metric()
    watch = make_watch(metric, traces={"project": "support"}, sample=0.5)
    watch.round()
    assert set(metric.asked) == {
        f"{number:032x}" for number in range(40) if is_sampled(f"{number:032x}", 0.5)
    }
    ids = [f"{number:032x}" for number in range(4000)]
    small, large = ({one for one in ids if is_sampled(one, share)} for share in (0.1, 0.3))
    assert small < large
    assert 0.08 < len(small) / len(ids) < 0.12


@pytest.mark.parametrize("project", ["evaluators", "evaluations"])
def test_what_evalhub_itself_asked_is_not_scored(
    add_trace: AddTrace, make_watch: MakeWatch, project: str
) -> None:
    """Judges' gradings and suites' calls have projects of their own: no user made them."""
    add_trace(1, project=project)
    add_trace(2)
    assert make_watch().round().scored == 1
    chosen = make_watch(name="chosen", traces={"project": project})
    assert chosen.round().scored == 1


def test_a_call_that_failed_has_a_state_and_no_score(
    store: Store, add_trace: AddTrace, make_watch: MakeWatch
) -> None:
    """It is not scored 0, nor asked for again."""
    failed = add_trace(1, None, status="error", error="ValueError: no")
    add_trace(2)
    watch = make_watch()
    assert [watch.round().scored for _ in range(2)] == [2, 0]
    with store.read() as connection:
        (found,) = get_scores(connection, failed)
    assert (found.score.value, found.score.state.value, found.source) == (None, "errored", "metric")


def test_two_at_once_never_score_the_same(
    add_trace: AddTrace,
    make_watch: MakeWatch,
    make_metric: MakeMetric,
) -> None:
    """While one is at work the other stands by."""
    for number in range(10):
        add_trace(number)
    slow, other = make_metric(may_go=threading.Event()), make_metric()
    first, second = make_watch(slow), make_watch(other)
    done: list[int] = []
    thread = threading.Thread(target=lambda: done.append(first.round().scored))
    thread.start()
    assert slow.entered.wait(10)
    assert second.round().is_standby
    assert slow.may_go is not None
    slow.may_go.set()
    thread.join(10)
    assert done == [10]
    assert second.round().scored == 0
    assert not other.asked


def test_a_process_that_slept_too_long_writes_nothing(
    store: Store,
    add_trace: AddTrace,
    make_watch: MakeWatch,
    clock: Any,
    make_metric: MakeMetric,
) -> None:
    """Its lease ran out and another took over: what it scored is the other's by now."""
    add_trace(1)
    slow = make_metric(may_go=threading.Event())
    first, caught = make_watch(slow), []

    def sleep_over_it() -> None:
        try:
            first.round()
        except LeaseLostError as error:
            caught.append(str(error))

    thread = threading.Thread(target=sleep_over_it)
    thread.start()
    assert slow.entered.wait(10)
    clock.now_ns += 180 * 10**9
    assert make_watch().round().scored == 1
    assert slow.may_go is not None
    slow.may_go.set()
    thread.join(10)
    assert caught == ["another process took over 'support'; nothing was written"]
    assert rows(store) == 1


def test_the_lease_of_a_killed_process_is_free_at_once(
    store: Store, add_trace: AddTrace, make_watch: MakeWatch, clock: Any
) -> None:
    """Nobody waits two minutes for a process of this machine that is gone."""
    add_trace(1)
    script = "from evalhub.evals.online.process import this_process; print(this_process())"
    gone = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    held = {"owner": "x", "until_ns": clock.now_ns + 100 * 10**9}
    for mark, is_standby in (
        (this_process(), True),
        ("another-boot pid:[1] 7 7", True),
        (gone.stdout.decode().strip(), False),
    ):
        with store.begin() as connection:
            write_state(connection, "support", {**held, "process": mark})
        assert make_watch().round().is_standby is is_standby


def test_a_lease_is_given_back(store: Store, clock: Any) -> None:
    """The next one need not wait for its end, also after an error."""
    first, second = (Lease(store, "x", clock) for _ in range(2))
    with pytest.raises(RuntimeError, match="no"), first.held():
        raise RuntimeError("no")
    with second.held() as state, first.held() as nothing:
        assert state is not None
        assert nothing is None


def test_outputs_that_hold_no_text_are_told(add_trace: AddTrace, make_watch: MakeWatch) -> None:
    """A wrong path is seen in the first round; the right one then scores all."""
    add_trace(1, outputs=b'{"reply": {"words": "good"}}')
    done = make_watch(columns={"output": "reply.text"}).round()
    assert "hold no text where 'columns' looks for it" in done.problems[0]
    assert make_watch(columns={"output": "reply.words"}).round().scored == 1


def test_it_stops_between_two_batches(
    add_trace: AddTrace,
    make_watch: MakeWatch,
    make_metric: MakeMetric,
) -> None:
    """What was scored is stored; the rest is left for the next process."""
    for number in range(10):
        add_trace(number)
    metric = make_metric()
    watch = make_watch(metric, batch=4)
    told: list[int] = []
    metric.may_go = threading.Event()
    thread = threading.Thread(target=watch.run, args=(lambda done: told.append(done.scored),))
    thread.start()
    assert metric.entered.wait(10)
    watch.stopping.set()
    metric.may_go.set()
    thread.join(10)
    assert not thread.is_alive()
    assert told == [4]
    assert make_watch().round().scored == 6


def test_a_metric_of_the_library_and_its_source(
    store: Store, add_trace: AddTrace, write_config: WriteConfig, clock: Any
) -> None:
    """A file as a user writes it: metrics by name, latency among them."""
    trace_id = add_trace(1)
    config = load_online(
        write_config(metrics=[{"metric": "regex", "pattern": "good", "full": False}, "latency_ms"])
    )
    with watching(config, store) as made:
        watch = Watch(made.spec, made.scorer, store, clock_ns=clock)
        assert watch.round().scored == 1
    with store.read() as connection:
        found = {one.score.name: one.score.value for one in get_scores(connection, trace_id)}
    assert found == {"regex": 1.0, "latency_ms": 1000.0}
