"""Which failures are tried again, after how long, and how threads wait together."""

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import openai
import pytest

from evalhub.errors import ModelBusyError, ModelError, ModelUnavailableError
from evalhub.http import retry
from evalhub.http.retry import Retries, pause_before_retry, status_of


def openai_error(status: int, headers: dict[str, str] | None = None) -> openai.APIStatusError:
    """Return what the openai client raises for *status*."""
    request = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")
    response = httpx2.Response(status, headers=headers, request=request)
    return openai.APIStatusError("no", response=response, body=None)


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


def test_what_shall_not_be_retried_is_not() -> None:
    """A spent quota is a 429 as well; the endpoint says that waiting does not help."""
    assert pause_before_retry(openai_error(429, {"x-should-retry": "false"}), 0) is None
    assert pause_before_retry(openai_error(429, {"x-should-retry": "true"}), 0) is not None


class Failing:
    """A request that fails some times and is answered then."""

    def __init__(self, error: Exception, times: int) -> None:
        self.error = error
        self.times = times
        self.asked = 0

    def __call__(self) -> str:
        """Fail, or answer."""
        self.asked += 1
        if self.asked <= self.times:
            raise self.error
        return "answer"


@pytest.mark.parametrize(
    ("most", "error", "asked"),
    [
        (0, ModelUnavailableError("down"), 1),
        (0, ModelBusyError("busy"), 1),
        (2, ModelUnavailableError("down"), 3),
        (2, ModelBusyError("busy"), 9),
        (2, ModelError("wrong"), 1),
    ],
)
def test_a_busy_endpoint_has_more_patience_than_one_that_is_down(
    monkeypatch: pytest.MonkeyPatch, most: int, error: Exception, asked: int
) -> None:
    """Who is busy will answer; who is down may not, and a wrong request never is right."""
    monkeypatch.setattr(retry, "_FIRST_S", 1e-4)
    request = Failing(error, times=100)
    with pytest.raises(type(error)):
        Retries(most).run(request)
    assert request.asked == asked
    if asked > 1:
        assert Retries(most).run(Failing(error, times=asked - 1)) == "answer"


def test_a_quota_that_is_used_up_is_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each question would else take two minutes; the first answer brings the patience back."""
    monkeypatch.setattr(retry, "_FIRST_S", 1e-4)
    retries, busy = Retries(2), ModelBusyError("quota")
    asked = []
    for times in (100, 100, 0, 8):
        request = Failing(busy, times)
        if times > 8:
            with pytest.raises(ModelBusyError):
                retries.run(request)
        else:
            assert retries.run(request) == "answer"
        asked.append(request.asked)
    assert asked == [9, 1, 1, 9]


def test_threads_wait_together_for_a_busy_endpoint() -> None:
    """What one is told by Retry-After, the others do not have to be told each."""
    retries, told = Retries(2), threading.Event()
    busy = openai_error(429, {"retry-after": "0.4"})

    def ask() -> str:
        if not told.is_set():
            told.set()
            raise ModelBusyError("busy") from busy
        return "answer"

    first = threading.Thread(target=retries.run, args=(ask,))
    start = time.monotonic()
    first.start()
    assert told.wait(10)
    time.sleep(0.1)
    assert retries.run(lambda: "other") == "other"
    assert time.monotonic() - start >= 0.4
    first.join()
