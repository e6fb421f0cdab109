"""Metrics that are down, files that share a metric, and metrics that come later."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evalhub.evals.online.config import load_online
from evalhub.evals.online.scoring import Scorer
from evalhub.evals.online.watch import Watch
from evalhub.store import Store
from evalhub.store.scores import get_scores

MINUTE_NS = 60 * 10**9


@pytest.fixture
def watch_with(store: Store, write_config: Callable[..., Path], clock: Any) -> Callable[..., Watch]:
    """Return a function that makes a watch with these metrics."""

    def make(*metrics: Any, **changes: object) -> Watch:
        spec = load_online(write_config(**changes)).spec
        scorer = Scorer([(metric, "metric") for metric in metrics], spec.paths)
        return Watch(spec, scorer, store, clock_ns=clock)

    return make


def states(store: Store, number: int) -> dict[str, str]:
    """Return the state of each score of a trace."""
    with store.read() as connection:
        found = get_scores(connection, f"{number:032x}")
    return {f"{one.score.name} {one.score.signature}": one.score.state.value for one in found}


def test_while_a_judge_is_down_traces_are_kept_for_later(
    store: Store,
    add_trace: Callable[..., str],
    watch_with: Callable[..., Watch],
    make_metric: Callable[..., Any],
    clock: Any,
) -> None:
    """For as long as `give_up` says, across processes; a longer outage makes them errored."""
    for number in range(3):
        add_trace(number)
    broken = make_metric(is_broken=True)
    for _ in range(5):
        done = watch_with(broken).round()
        assert (done.scored, done.postponed, done.is_whole) == (0, 3, False)
    assert done.problems == (
        "length could score none of 3 traces: RuntimeError: the judge is down",
    )
    clock.now_ns += 30 * MINUTE_NS
    assert watch_with(make_metric()).round().scored == 3
    add_trace(9, end_ns=clock.now_ns - MINUTE_NS)
    assert watch_with(broken).round().postponed == 1
    clock.now_ns += 61 * MINUTE_NS
    add_trace(10, end_ns=clock.now_ns - MINUTE_NS)
    done = watch_with(broken).round()
    assert (done.scored, done.postponed) == (1, 1)
    assert states(store, 9) == {"length length|v:1": "errored"}
    assert watch_with(make_metric()).round().scored == 1
    assert states(store, 10) == {"length length|v:1": "scored"}


def test_a_metric_that_is_down_is_not_asked_for_each_batch(
    add_trace: Callable[..., str],
    watch_with: Callable[..., Watch],
    make_metric: Callable[..., Any],
) -> None:
    """A long backlog costs one failure a round, and the metrics that work go on."""
    for number in range(30):
        add_trace(number)
    broken = make_metric("broken", signature="broken|v:1", is_broken=True)
    works = make_metric()
    watch = watch_with(works, broken, batch=5)
    done = watch.round()
    assert (done.scored, done.postponed, len(broken.asked), len(works.asked)) == (0, 30, 5, 30)
    broken.is_broken = False
    assert watch.round().scored == 30
    assert set(works.asked.values()) == {1}, "what was scored was asked for again"


def test_a_trace_that_always_breaks_the_metric_is_not_tried_for_ever(
    store: Store,
    add_trace: Callable[..., str],
    watch_with: Callable[..., Watch],
    make_metric: Callable[..., Any],
    clock: Any,
) -> None:
    """After three rounds, in which the metric scored others, it is errored."""
    bad = add_trace(1)
    metric = make_metric(breaks_on={bad})
    watch = watch_with(metric, batch=1)
    for number in range(2, 6):
        add_trace(number, end_ns=clock.now_ns - MINUTE_NS)
        watch.round()
        clock.now_ns += MINUTE_NS
    assert metric.asked[bad] == 3
    assert states(store, 1) == {"length length|v:1": "errored"}


def test_two_files_that_share_a_metric_each_score_all_of_theirs(
    store: Store,
    add_trace: Callable[..., str],
    watch_with: Callable[..., Watch],
    make_metric: Callable[..., Any],
) -> None:
    """What the other file scored is not done again, and keeps this one from nothing."""
    add_trace(1)
    shared, own = make_metric(), make_metric("own", signature="own|v:1")
    assert watch_with(shared, name="first").round().scored == 1
    assert watch_with(shared, own, name="second").round().scored == 1
    assert set(states(store, 1)) == {"length length|v:1", "own own|v:1"}
    assert max(shared.asked.values()) == 1


def test_two_judges_of_one_name_are_two_and_a_band_is_on_its_own(
    add_trace: Callable[..., str],
    watch_with: Callable[..., Watch],
    make_metric: Callable[..., Any],
) -> None:
    """Other criteria make another signature: the mean of one is not that of the other's scores."""
    for number in range(40):
        add_trace(number, "x" * 100)
    bands = {"bands": [{"metric": "length", "at_most": 5}]}
    strict = make_metric(signature="length|criteria:a", factor=10.0)
    mild = make_metric(signature="length|criteria:b")
    first = watch_with(strict, name="strict", **bands)
    assert first.round().bands[-1].mean == 10.0
    assert watch_with(mild, name="mild", **bands).round().bands[-1].mean == 1.0
    assert first.round().bands[-1].mean == 10.0


def test_a_changed_metric_leaves_what_was_scored(
    add_trace: Callable[..., str],
    watch_with: Callable[..., Watch],
    make_metric: Callable[..., Any],
) -> None:
    """Another model for the judge is no reason to pay for the last hour again."""
    add_trace(1)
    assert watch_with(make_metric()).round().scored == 1
    changed = make_metric(signature="length|v:2")
    assert watch_with(changed).round().scored == 0
    add_trace(2)
    assert watch_with(changed).round().scored == 1
    assert watch_with(changed).round().scored == 0
    assert len(changed.asked) == 1


def test_calls_that_failed_half_way_are_no_outage(
    store: Store, add_trace: Callable[..., str], watch_with: Callable[..., Watch], make_metric: Any
) -> None:
    """Their roots hold part of an answer: errored, and nobody takes the metric to be down."""
    add_trace(1, "part of an ans", status="error", error="TimeoutError: 30 s")
    done = watch_with(make_metric()).round()
    assert (done.scored, done.postponed, done.problems) == (1, 0, ())
    assert states(store, 1) == {"length length|v:1": "errored"}
