"""Concurrency that adapts, and limits a minute."""

import threading
import time

import pytest

from evalhub.errors import ConfigError
from evalhub.evals.runs.pace import Limits, Pace


@pytest.mark.parametrize(
    ("setting", "value"),
    [("concurrency", 0), ("requests_per_minute", 0), ("tokens_per_minute", -1), ("timeout_s", 0)],
)
def test_limits_are_above_zero(setting: str, value: float) -> None:
    """A limit that would stop everything is refused, and named with its value."""
    with pytest.raises(ConfigError, match=f"{setting} is {value}"):
        Limits(**{setting: value})  # type: ignore[arg-type]  # one of several types


def test_no_more_calls_than_allowed_are_under_way() -> None:
    """Threads that want more turns than there are wait for one."""
    pace, most, now = Pace(Limits(concurrency=3)), 0, 0
    lock = threading.Lock()

    def work() -> None:
        nonlocal most, now
        for _ in range(5):
            with pace.turn():
                with lock:
                    now += 1
                    most = max(most, now)
                time.sleep(0.002)
                with lock:
                    now -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 3


def test_a_busy_endpoint_halves_the_calls_and_success_brings_them_back() -> None:
    """Refusals of one moment count once; each good call then adds a part of one."""
    pace = Pace(Limits(concurrency=16))
    for _ in range(5):
        pace.was_busy(0.01)
    assert pace.allowed == 8
    time.sleep(0.02)
    pace.was_busy(0.01)
    assert pace.allowed == 4
    for _ in range(200):
        pace.went_well()
    assert pace.allowed == 16


def test_all_calls_wait_as_long_as_a_busy_endpoint_asked() -> None:
    """The next turn comes after the pause."""
    pace = Pace(Limits())
    start = time.monotonic()
    pace.was_busy(0.2)
    with pace.turn():
        assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize("unit", ["requests_per_minute", "tokens_per_minute"])
def test_limits_a_minute_are_kept(unit: str) -> None:
    """Of 600 a minute, six take at least half a second."""
    pace = Pace(Limits(**{unit: 600.0}))  # type: ignore[arg-type]  # one of several types
    start = time.monotonic()
    for _ in range(6):
        with pace.turn():
            pace.went_well(1)
    assert time.monotonic() - start >= 0.5


def test_who_waits_for_a_turn_is_told_that_the_run_was_stopped() -> None:
    """No call starts after the stop, however long it would have waited."""
    pace = Pace(Limits(requests_per_minute=1.0))
    with pace.turn() as started:
        assert started
    threading.Timer(0.05, pace.stop).start()
    with pace.turn() as started:
        assert not started
