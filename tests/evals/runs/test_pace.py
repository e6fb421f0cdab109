"""Concurrency that adapts, limits a minute, and which failures are tried again."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import openai
import pytest

from evalhub.errors import ConfigError, ModelBusyError, ModelError, ModelUnavailableError
from evalhub.evals.runs.pace import Limits, Pace
from evalhub.evals.runs.retry import pause_before_retry, status_of


def openai_error(status: int, headers: dict[str, str] | None = None) -> openai.APIStatusError:
    """Return what the openai client raises for *status*."""
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = httpx2.Response(status, headers=headers, request=request)
    return openai.APIStatusError("no", response=response, body=None)


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


@pytest.mark.parametrize(
    ("error", "is_busy"),
    [
        (ModelBusyError("busy"), True),
        (ModelUnavailableError("down"), False),
        (openai_error(429), True),
        (openai_error(503), False),
    ],
)
def test_failures_that_pass_are_tried_again(error: Exception, is_busy: bool) -> None:
    """Ours, and those of the openai client in a function of the user's."""
    pause = pause_before_retry(error, 0)
    assert pause is not None
    assert pause.is_busy is is_busy
    assert 0.25 <= pause.seconds <= 0.5


def test_pauses_grow_up_to_a_minute() -> None:
    """Doubling from half a second, never above sixty seconds."""
    pauses = [pause_before_retry(ModelUnavailableError("down"), n) for n in range(12)]
    seconds = [pause.seconds for pause in pauses if pause is not None]
    assert seconds[3] > seconds[0]
    assert 30 <= seconds[-1] <= 60


@pytest.mark.parametrize(
    "error", [ValueError("no"), ModelError("wrong"), openai_error(400), openai_error(401)]
)
def test_failures_that_stay_are_not_tried_again(error: Exception) -> None:
    """A wrong request is wrong the second time as well."""
    assert pause_before_retry(error, 0) is None


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"retry-after": "0.25"}, 0.25, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5, 1.5),
        ({"retry-after": format_datetime(datetime.now(UTC) + timedelta(minutes=9))}, 1, 540),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0, 0),
        ({"retry-after": "soon"}, 0.25, 0.5),
    ],
)
def test_the_endpoint_s_own_word_is_kept(
    headers: dict[str, str], least: float, most: float
) -> None:
    """Seconds, milliseconds or a date; nonsense is no word."""
    pause = pause_before_retry(openai_error(429, headers), 0)
    assert pause is not None
    assert least <= pause.seconds <= most


@pytest.mark.parametrize("told", ["86400", "1e9", "inf"])
def test_a_day_is_not_waited_for(told: str) -> None:
    """Where a quota comes back tomorrow, the call is an error now."""
    assert pause_before_retry(openai_error(429, {"retry-after": told}), 0) is None


def test_retry_after_counts_even_behind_an_error_of_ours() -> None:
    """The header is found on the error that ours was raised from."""
    error = ModelBusyError("busy")
    error.__cause__ = openai_error(429, {"retry-after": "7"})
    pause = pause_before_retry(error, 0)
    assert status_of(error) == 429
    assert pause is not None
    assert pause.seconds == 7.0
