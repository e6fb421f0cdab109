"""Which failures of a call are worth another try, and after how long."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from evalhub.errors import ModelBusyError, ModelUnavailableError

__all__ = ["Pause", "Retries", "let_wait", "pause_before_retry", "status_of"]

_T = TypeVar("_T")


_FIRST_S = 0.5
_LONGEST_S = 60.0
_LONGEST_TOLD_S = 600.0
"""Beyond this an endpoint's word is not waited for, as where a day's quota is used up."""
_BUSY_RETRIES = 8
"""Times that a request is repeated to an endpoint that is up and busy: about two minutes."""
_STEP_S = 0.2
"""Longest sleep between looks at whether waiting is still allowed."""
_BUSY = 429
_PASSING = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
"""Status codes of failures that pass."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long, then try again."""

    seconds: float
    is_busy: bool
    """Whether the endpoint asked for fewer requests, so that all calls should wait."""


class _Waiting:
    """Whether a failure may be slept over; one for the process."""

    is_allowed = True


def let_wait(is_allowed: bool) -> None:
    """Allow or forbid to wait for another try; who waits then gets the failure.

    For a process that is to end. It takes no lock, so that a signal's handler may call it.
    """
    _Waiting.is_allowed = is_allowed


def _sleep_until(end_s: float) -> None:
    while (left_s := end_s - time.monotonic()) > 0 and _Waiting.is_allowed:
        time.sleep(min(left_s, _STEP_S))


class Retries:
    """Repeats requests to one endpoint; threads share it, and wait together while it is busy.

    Args:
        most: Times that a request is repeated; 0 is never. One that is refused because the
            endpoint is busy (429) is repeated 8 times at least, for it will be answered; until
            one was not, as where a quota is used up: then none is, before an answer comes.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_busy = max(most, _BUSY_RETRIES) if most else 0
        self._resume_at = 0.0
        self._is_hopeless = False
        self._lock = threading.Lock()

    def run(self, request: Callable[[], _T]) -> _T:
        """Return what *request* does, called again after each failure that may pass."""
        attempt = 0
        while True:
            self._wait()
            try:
                answer = request()
            except ModelUnavailableError as error:
                pause = pause_before_retry(error, attempt)
                if pause is None or not self._goes_on(attempt, pause) or not _Waiting.is_allowed:
                    raise
            else:
                self._is_hopeless = False
                return answer
            attempt += 1
            if pause.is_busy:
                self._all_wait(pause.seconds)
            else:
                _sleep_until(time.monotonic() + pause.seconds)

    def _goes_on(self, attempt: int, pause: Pause) -> bool:
        if not pause.is_busy:
            return attempt < self._most
        if attempt >= self._most_busy:
            self._is_hopeless = True
        return not self._is_hopeless

    def _all_wait(self, seconds: float) -> None:
        with self._lock:
            self._resume_at = max(self._resume_at, time.monotonic() + seconds)

    def _wait(self) -> None:
        while self._resume_at > time.monotonic() and _Waiting.is_allowed:
            _sleep_until(self._resume_at)


def pause_before_retry(error: BaseException, attempt: int) -> Pause | None:
    """Return how long to wait after *error* of try number *attempt*, from 0; None is never.

    An endpoint's own word (Retry-After) counts, and more than ten minutes is never, as is what
    it says shall not be retried (x-should-retry, by which a spent quota is told); else pauses
    double from half a second, each drawn at random between half of it and all of it, so that
    calls do not come back together.
    Errors of the openai, anthropic and httpx packages are known by their status code.
    """
    status = status_of(error)
    if not isinstance(error, ModelUnavailableError) and status not in {_BUSY, *_PASSING}:
        return None
    if _header(error, "x-should-retry") == "false":
        return None
    is_busy = isinstance(error, ModelBusyError) or status == _BUSY
    told = _retry_after_s(error)
    if told is not None:
        return None if told > _LONGEST_TOLD_S else Pause(told, is_busy)
    longest = min(_LONGEST_S, _FIRST_S * 2**attempt)
    return Pause(random.uniform(longest / 2, longest), is_busy)


def status_of(error: BaseException) -> int | None:
    """Return the HTTP status behind *error*, where there is one."""
    for raised in (error, error.__cause__):
        response = getattr(raised, "response", None)
        status = getattr(raised, "status_code", getattr(response, "status_code", None))
        if isinstance(status, int):
            return status
    return None


def _retry_after_s(error: BaseException) -> float | None:
    with contextlib.suppress(TypeError, ValueError):
        return max(0.0, float(_header(error, "retry-after-ms")) / 1e3)
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        return max(0.0, _seconds(_header(error, "retry-after")))
    return None


def _header(error: BaseException, name: str) -> Any:
    """Return that header of the answer behind *error*; None where there is none."""
    for raised in (error, error.__cause__):
        headers: Any = getattr(getattr(raised, "response", None), "headers", None)
        with contextlib.suppress(AttributeError, TypeError):
            if name in headers:
                return headers.get(name)
    return None


def _seconds(told: str) -> float:
    """Return the seconds of a Retry-After header, which may also be a date (RFC 9110, 10.2.3)."""
    try:
        return float(told)
    except ValueError:
        return (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
