"""Bands: rarely left by chance, soon left by a real change, told once."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalhub.errors import SuiteError
from evalhub.evals.online.assemble import watching
from evalhub.evals.online.bands import look_at
from evalhub.evals.online.config import AlertSpec, BandSpec, OnlineSpec, duration_ns, load_online
from evalhub.evals.online.watch import Watch
from evalhub.evals.online.webhook import AlertError, post_alert
from evalhub.store import Store
from evalhub.store.online import WindowScore

DAY_NS = 86_400 * 10**9
NOON_NS = 1_790_000_000 // 86_400 * DAY_NS + DAY_NS // 2
BAND = BandSpec(metric="faithful", at_least=0.8)


def scores(values: list[float | None], *, sessions: int | None = None) -> list[WindowScore]:
    """Return scores in this order; with *sessions* the traces are dealt out to as many."""
    return [
        WindowScore(
            str(index), None if sessions is None else str(index % sessions), value, "v:1", index
        )
        for index, value in enumerate(values)
    ]


def test_a_mean_at_its_limit_hardly_ever_leaves_however_often_it_is_looked_at() -> None:
    """Of 200 days with a look after each of 200 scores, at most 5% raise an alert."""
    rng, alarms, days = np.random.default_rng(0), 0, 200
    for _ in range(days):
        day = scores((rng.random(200) < 0.8).astype(float).tolist())
        # The interval only narrows: what was outside once is outside at the last look.
        alarms += look_at(BAND, day, (0.0, 1.0), window_start_ns=0).is_out
    assert alarms / days <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / days)


def test_a_real_drop_is_seen() -> None:
    """From 90% to 50%: within a hundred scores in nearly each of 100 days."""
    rng, seen = np.random.default_rng(1), 0
    for _ in range(100):
        day = scores((rng.random(100) < 0.5).astype(float).tolist())
        seen += look_at(BAND, day, (0.0, 1.0), window_start_ns=0).is_out
    assert seen >= 95


def test_too_few_scores_say_nothing() -> None:
    """Twenty failures are below min_n."""
    found = look_at(BAND, scores([0.0] * 20), (0.0, 1.0), window_start_ns=0)
    assert not found.is_out
    assert look_at(BAND, scores([0.0] * 40), (0.0, 1.0), window_start_ns=0).is_out
    assert look_at(BAND, [], None, window_start_ns=0).mean is None


def test_one_long_conversation_counts_once() -> None:
    """Two hundred bad turns of four sessions are four observations."""
    found = look_at(BAND, scores([0.0] * 200, sessions=4), (0.0, 1.0), window_start_ns=0)
    assert (found.n, found.is_out) == (4, False)


def test_scores_of_an_older_judge_are_left_out() -> None:
    """A mean over two measurements is none."""
    older = [replace(one, signature="v:0") for one in scores([0.0] * 50)]
    newer = scores([1.0] * 50)
    found = look_at(BAND, [*older, *newer], (0.0, 1.0), window_start_ns=0)
    assert (found.n, found.mean) == (50, 1.0)


def test_missing_scores_are_counted_and_an_unbounded_metric_has_an_interval_too() -> None:
    """Latency has no greatest value; its interval is the plain one."""
    band = BandSpec(metric="latency_ms", at_most=500)
    values: list[float | None] = [900.0 + index for index in range(40)]
    found = look_at(band, scores([*values, None]), (0.0, math.inf), window_start_ns=0)
    assert (found.is_out, found.missing) == (True, 1)
    assert "LEFT, mean 919.5" in found.sentence


@pytest.fixture
def watch_at(
    store: Store, write_config: Callable[..., Path], receiver: Any
) -> Callable[..., Watch]:
    """Return a function that makes a watch of answers that should be good, at a moment."""

    def make(now_ns: int, **changes: object) -> Watch:
        config = load_online(
            write_config(
                bands=[{"metric": "regex", "at_least": 0.8, "min_n": 20}],
                since="2d",
                alert={"webhook": receiver.url, "headers": {"x-token": "t"}},
                **changes,
            )
        )
        with watching(config, store) as made:
            return Watch(made.spec, made.scorer, store, clock_ns=lambda: now_ns)

    return make


def test_an_alert_is_sent_once_a_window(
    add_trace: Callable[..., str], watch_at: Callable[..., Watch], receiver: Any
) -> None:
    """Also when another process looks again; the next day is told anew."""
    got = receiver.got
    for number in range(60):
        add_trace(number, "a bad answer")
    for _ in range(2):
        done = watch_at(NOON_NS).round()
        assert done.is_out
    assert len(got) == 1
    assert {key: got[0][key] for key in ("name", "metric", "at_least", "mean", "n")} == {
        "name": "support", "metric": "regex", "at_least": 0.8, "mean": 0.0, "n": 60,
    }  # fmt: skip
    assert got[0]["text"].startswith("support: regex at least 0.8 over 24h: LEFT, mean 0 [0, ")
    assert receiver.headers[0]["x-token"] == "t"
    for number in range(100, 160):
        add_trace(number, "a bad answer", end_ns=NOON_NS + DAY_NS - 300 * 10**9)
    watch_at(NOON_NS + DAY_NS).round()
    assert len(got) == 2
    assert got[0]["id"] != got[1]["id"]


def test_nothing_is_sent_while_all_is_well(
    add_trace: Callable[..., str], watch_at: Callable[..., Watch], receiver: Any
) -> None:
    """Good answers stay in their band."""
    for number in range(60):
        add_trace(number)
    done = watch_at(NOON_NS).round()
    assert not done.is_out
    assert done.bands[0].mean == 1.0
    assert not receiver.got


def test_an_alert_that_was_refused_is_sent_in_the_next_round(
    add_trace: Callable[..., str], watch_at: Callable[..., Watch], receiver: Any
) -> None:
    """A busy receiver is asked again at once; one that refuses, in the next round."""
    receiver.statuses += [503, 400]
    for number in range(60):
        add_trace(number, "a bad answer")
    watch = watch_at(NOON_NS)
    assert watch.round().problems == (
        "the alert could not be sent: the webhook answered 400; it is tried again",
    )
    assert watch.round().problems == ()
    ids = [one["id"] for one in receiver.got]
    assert len(ids) == 3
    assert len(set(ids)) == 1


def test_a_receiver_that_is_not_there_is_one_line_without_its_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The address of a webhook often is the key to it."""
    monkeypatch.setattr("evalhub.evals.online.webhook._WAITS_S", (0.0,))
    alert = AlertSpec(webhook="http://127.0.0.1:9/secret")
    with pytest.raises(AlertError, match="did not answer") as caught:
        post_alert(alert, {})
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampel": 0.5}, "unknown key 'sampel'; did you mean 'sample'?"),
        ({"sample": 0}, "sample is 0"),
        ({"every": "soon"}, "use 30s, 15m, 24h or 7d"),
        ({"settle": "0s"}, "it must be above 0"),
        ({"bands": [{"metric": "regex"}]}, "needs one of at_least and at_most"),
        ({"bands": [{"metric": "regx", "at_least": 1}]}, "no metric is called 'regx'"),
        ({"metrics": ["rouge1"]}, "needs 'references', which traces do not have"),
        ({"metrics": ["rogue1"]}, "rogue1"),
        ({"alert": {"webhook": "ftp://x"}}, "must begin with http:// or https://"),
        ({"columns": {"output": "a["}}, "is no JMESPath"),
    ],
)
def test_a_wrong_file_is_one_line(
    write_config: Callable[..., Path], store: Store, changes: dict[str, object], message: str
) -> None:
    """It names the file, and what to write; nothing was read from the store."""
    with pytest.raises(SuiteError) as caught, watching(load_online(write_config(**changes)), store):
        pass
    assert message in str(caught.value)
    assert "online.yaml" in str(caught.value)


def test_durations() -> None:
    """Seconds to weeks; a date is none."""
    assert [duration_ns(text) // 10**9 for text in ("30s", "2h", "1d")] == [30, 7200, 86400]
    with pytest.raises(ValueError, match="no duration"):
        duration_ns("abc")
    assert OnlineSpec.model_fields["every"].default == "60s"
