"""Tell somebody, by a POST of JSON."""

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import orjson

from evalhub.errors import ConfigError
from evalhub.evals.online.config import AlertSpec

__all__ = ["AlertError", "post_alert"]

_WAITS_S = (1.0, 2.0, 4.0)
_TOO_MANY, _SERVER_ERRORS = 429, 500
_REDIRECTS = range(300, 400)


class AlertError(ConfigError):
    """Nobody could be told."""


def post_alert(
    alert: AlertSpec, message: Mapping[str, Any], *, stopping: threading.Event | None = None
) -> None:
    """Send *message*; where the receiver is busy or away, again after 1, 2 and 4 seconds.

    The message has the same ``id`` each time, so that a receiver may drop what it has had.

    Raises:
        AlertError: it was refused, or nobody answered.
    """
    pause = stopping or threading.Event()
    problem = _post(alert, message)
    for wait_s in _WAITS_S:
        if problem is None or not problem.may_pass or pause.wait(wait_s):
            break
        problem = _post(alert, message)
    if problem is not None:
        raise AlertError(f"the alert could not be sent: {problem.reason}; it is tried again")


class _Problem:
    """Why the receiver did not take it, and whether it may the next time."""

    def __init__(self, reason: str, *, may_pass: bool) -> None:
        self.reason = reason
        self.may_pass = may_pass


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows none: a POST would become a GET without its body, and be answered with 200."""

    def redirect_request(self, *_: Any) -> None:
        """Return nothing, so that the redirect is an error."""


_OPENER = urllib.request.build_opener(_NoRedirect)


def _post(alert: AlertSpec, message: Mapping[str, Any]) -> _Problem | None:
    request = urllib.request.Request(
        alert.webhook,
        data=orjson.dumps(message),
        headers={"content-type": "application/json", **alert.headers},
        method="POST",
    )
    try:
        _OPENER.open(request, timeout=alert.timeout_s).close()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _REDIRECTS:
            reason = f"the webhook answered {error.code} and points elsewhere; name that address"
            return _Problem(reason, may_pass=False)
        busy = error.code == _TOO_MANY or error.code >= _SERVER_ERRORS
        return _Problem(f"the webhook answered {error.code}", may_pass=busy)
    except (ValueError, http.client.InvalidURL):
        # Neither the address nor a header: they often hold a secret.
        reason = "its address, or a header, cannot be sent: a line break or a letter beyond Latin-1"
        return _Problem(reason, may_pass=False)
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or f"{type(error).__name__}: {error}"
        return _Problem(f"the webhook did not answer ({reason})", may_pass=True)
    return None
