"""Which failures of a call are worth another try, and after how long."""

import contextlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from evalhub.errors import ModelBusyError, ModelUnavailableError

__all__ = ["Pause", "pause_before_retry", "status_of"]

_FIRST_S = 0.5
_LONGEST_S = 60.0
_LONGEST_TOLD_S = 600.0
"""Beyond this an endpoint's word is not waited for, as where a day's quota is used up."""
_BUSY = 429
_PASSING = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
"""Status codes of failures that pass."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so long, then try again."""

    seconds: float
    is_busy: bool
    """Whether the endpoint asked for fewer requests, so that all calls should wait."""


def pause_before_retry(error: BaseException, attempt: int) -> Pause | None:
    """Return how long to wait after *error* of try number *attempt*, from 0; None is never.

    An endpoint's own word (Retry-After) counts, and more than ten minutes is never; else pauses
    double from half a second, each drawn at random between half of it and all of it, so that
    calls do not come back together.
    Errors of the openai, anthropic and httpx packages are known by their status code.
    """
    status = status_of(error)
    if not isinstance(error, ModelUnavailableError) and status not in {_BUSY, *_PASSING}:
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
    for raised in (error, error.__cause__):
        headers: Any = getattr(getattr(raised, "response", None), "headers", None) or {}
        with contextlib.suppress(AttributeError, TypeError, ValueError):
            return max(0.0, float(headers.get("retry-after-ms")) / 1e3)
        with contextlib.suppress(AttributeError, TypeError, ValueError):
            return max(0.0, _seconds(headers.get("retry-after")))
    return None


def _seconds(told: str) -> float:
    """Return the seconds of a Retry-After header, which may also be a date (RFC 9110, 10.2.3)."""
    try:
        return float(told)
    except ValueError:
        return (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds()
