"""Rounds over a real store: each trace once, whole ones only, whatever happens in between."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from evalhub.evals.online.assemble import watching
from evalhub.evals.online.config import load_online
from evalhub.evals.online.lease import Lease, LeaseLostError
from evalhub.evals.online.reading import is_sampled
from evalhub.evals.online.scoring import Scorer
from evalhub.evals.online.watch import Watch
from evalhub.metrics.base import ScoreColumn, ScoreTable
from evalhub.store import Store
from evalhub.store.scores import get_scores
from evalhub.store.tables import score

AddTrace = Callable[..., str]
WriteConfig = Callable[..., Path]

HOUR_NS = 3600 * 10**9


@dataclass
class Clock:
    """Time that stands still until it is moved."""

    now_ns: int

    def __call__(self) -> int:
        """Return it."""
        return self.now_ns


@dataclass
class Counting:
    """A metric that counts what it is asked, and breaks when told to."""

    name: str = "length"
    requires: tuple[str, ...] = ("outputs", "ids")
    signature: str = "length|v:1"
    is_broken: bool = False
    asked: Counter[str] = field(default_factory=Counter)
    entered: threading.Event = field(default_factory=threading.Event)
    may_go: threading.Event | None = None

    def score_batch(self, outputs: Sequence[str | None], ids: Sequence[str]) -> ScoreTable:
        """Return the outputs' lengths in hundreds."""
        self.asked.update(ids)
        self.entered.set()
        if self.may_go is not None:
            assert self.may_go.wait(10)
        if self.is_broken:
            raise RuntimeError("the judge is down")
        values = np.array([len(output or "") / 100 for output in outputs])
        return {"length": ScoreColumn("length", values, self.signature)}


@pytest.fixture
def clock() -> Clock:
    """Return a clock at noon."""
    return Clock(1_790_000_000 // 86_400 * 86_400 * 10**9 + 12 * HOUR_NS)


@pytest.fixture
def make_watch(store: Store, write_config: WriteConfig, clock: Clock) -> Callable[..., Watch]:
    """Return a function that makes a watch with a metric of the test's own."""

    def make(metric: Counting | None = None, **changes: object) -> Watch:
        spec = load_online(write_config(**changes)).spec
        scorer = Scorer([(metric or Counting(), "metric")], spec.paths)
        return Watch(spec, scorer, ["length"], store, clock_ns=clock)

    return make


def rows(store: Store) -> int:
    """Return how many scores there are."""
    with store.read() as connection:
        return len(connection.execute(select(score.c.id)).all())


def test_each_trace_is_scored_once(
    store: Store, add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """Also by the next process, which finds what was scored in the store."""
    for number in range(45):
        add_trace(number)
    metric = Counting()
    watch = make_watch(metric)
    assert [watch.round().scored for _ in range(2)] == [45, 0]
    assert make_watch(metric).round().scored == 0
    add_trace(99)
    assert make_watch(metric).round().scored == 1
    assert set(metric.asked.values()) == {1}
    assert rows(store) == len(metric.asked) == 46


def test_a_trace_is_waited_for_until_it_is_whole(
    add_trace: AddTrace, make_watch: Callable[..., Watch], clock: Clock
) -> None:
    """Spans come late and in any order: without its root, or just now active, it is let be."""
    metric = Counting()
    watch = make_watch(metric)
    late = add_trace(1, child=True)
    fresh = add_trace(2, end_ns=clock.now_ns - 10**9)
    assert watch.round().scored == 0
    add_trace(1)
    clock.now_ns += 60 * 10**9
    assert watch.round().scored == 2
    assert set(metric.asked) == {late, fresh}


def test_what_came_while_nobody_watched_is_scored(
    add_trace: AddTrace, make_watch: Callable[..., Watch], clock: Clock
) -> None:
    """After ten hours the next process goes on where the last one was, and not an hour ago."""
    add_trace(1)
    assert make_watch().round().scored == 1
    clock.now_ns += 10 * HOUR_NS
    add_trace(2, end_ns=clock.now_ns - 8 * HOUR_NS)
    assert make_watch().round().scored == 1


def test_the_first_round_looks_back_as_far_as_it_is_told(
    add_trace: AddTrace, make_watch: Callable[..., Watch], clock: Clock
) -> None:
    """A store full of old traces is not scored by surprise."""
    add_trace(1, end_ns=clock.now_ns - 3 * HOUR_NS)
    assert make_watch(name="short").round().scored == 0
    assert make_watch(name="long", since="4h").round().scored == 1


def test_a_trace_that_never_becomes_whole_is_left_out(
    add_trace: AddTrace, make_watch: Callable[..., Watch], clock: Clock
) -> None:
    """Its root comes three hours later; by then it was given up."""
    add_trace(1, child=True)
    watch = make_watch()
    watch.round()
    clock.now_ns += 3 * HOUR_NS
    watch.round()
    add_trace(1)
    assert watch.round().scored == 0


def test_only_the_wanted_project_and_a_sample_of_it(
    store: Store, add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """The sample is the same for everybody, and a greater one holds the smaller."""
    for number in range(60):
        add_trace(number, project="support" if number < 40 else "other")
    metric = Counting()
    watch = make_watch(metric, traces={"project": "support"}, sample=0.5)
    watch.round()
    assert set(metric.asked) == {
        f"{number:032x}" for number in range(40) if is_sampled(f"{number:032x}", 0.5)
    }
    ids = [f"{number:032x}" for number in range(4000)]
    small, large = ({one for one in ids if is_sampled(one, share)} for share in (0.1, 0.3))
    assert small < large
    assert 0.08 < len(small) / len(ids) < 0.12


def test_what_judges_are_asked_is_not_judged(
    add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """Their gradings are traces in a project of their own; judging them would never end."""
    add_trace(1, project="evaluators")
    add_trace(2)
    assert make_watch().round().scored == 1
    chosen = make_watch(name="judges", traces={"project": "evaluators"})
    assert chosen.round().scored == 1


def test_a_call_that_failed_has_a_state_and_no_score(
    store: Store, add_trace: AddTrace, make_watch: Callable[..., Watch]
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
    add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """While one is at work the other stands by."""
    for number in range(10):
        add_trace(number)
    slow, other = Counting(may_go=threading.Event()), Counting()
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
    store: Store, add_trace: AddTrace, make_watch: Callable[..., Watch], clock: Clock
) -> None:
    """Its lease ran out and another took over: what it scored is the other's by now."""
    add_trace(1)
    slow = Counting(may_go=threading.Event())
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


def test_a_lease_is_given_back(store: Store, clock: Clock) -> None:
    """The next one need not wait for its end, also after an error."""
    first, second = (Lease(store, "x", clock) for _ in range(2))
    with pytest.raises(RuntimeError, match="no"), first.held():
        raise RuntimeError("no")
    with second.held() as state, first.held() as nothing:
        assert state is not None
        assert nothing is None


def test_while_a_judge_is_down_traces_are_kept_for_later(
    store: Store, add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """They are tried again, and are errored only when three rounds could not score them."""
    for number in range(3):
        add_trace(number)
    metric = Counting(is_broken=True)
    watch = make_watch(metric)
    done = watch.round()
    assert (done.scored, done.postponed, rows(store)) == (0, 3, 0)
    assert done.problems == (
        "length could score none of 3 traces: RuntimeError: the judge is down",
    )
    metric.is_broken = False
    assert watch.round().scored == 3
    add_trace(9)
    metric.is_broken = True
    assert [watch.round().scored for _ in range(3)] == [0, 0, 1]
    with store.read() as connection:
        (found,) = get_scores(connection, f"{9:032x}")
    assert found.score.state.value == "errored"


def test_outputs_that_hold_no_text_are_told(
    add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """A wrong path is seen in the first round; the right one then scores all."""
    add_trace(1, outputs=b'{"reply": {"words": "good"}}')
    done = make_watch(columns={"output": "reply.text"}).round()
    assert "hold no text where 'columns' looks for it" in done.problems[0]
    assert make_watch(columns={"output": "reply.words"}).round().scored == 1


def test_it_stops_between_two_batches(
    add_trace: AddTrace, make_watch: Callable[..., Watch]
) -> None:
    """What was scored is stored; the rest is left for the next process."""
    for number in range(10):
        add_trace(number)
    metric = Counting()
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
    store: Store, add_trace: AddTrace, write_config: WriteConfig, clock: Clock
) -> None:
    """A file as a user writes it: metrics by name, latency among them."""
    trace_id = add_trace(1)
    config = load_online(
        write_config(metrics=[{"metric": "regex", "pattern": "good", "full": False}, "latency_ms"])
    )
    with watching(config, store) as made:
        watch = Watch(made.spec, made.scorer, made.names, store, clock_ns=clock)
        assert watch.round().scored == 1
    with store.read() as connection:
        found = {one.score.name: one.score.value for one in get_scores(connection, trace_id)}
    assert found == {"regex": 1.0, "latency_ms": 1000.0}
