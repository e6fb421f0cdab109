"""MLflow's failures as one line each, and whether they may pass."""

import re
from http.client import HTTPException
from typing import Any

from evalhub.errors import TrackerError, TrackerUnavailableError

__all__ = ["explained", "is_local", "reason_of", "without_password"]

_BUSY = frozenset({"REQUEST_LIMIT_EXCEEDED", "TEMPORARILY_UNAVAILABLE"})
_BROKEN = "INTERNAL_ERROR"
_LOGINS = {
    "UNAUTHENTICATED": "it wants a login: set MLFLOW_TRACKING_USERNAME and "
    "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
    "PERMISSION_DENIED": "ask its owner for the right to write, or log in as somebody else",
}
_STATUSES = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "REQUEST_LIMIT_EXCEEDED"}
_SERVER_ERRORS = 500
_LONGEST = 300


def without_password(url: str) -> str:
    """Return *url* without the login in it."""
    return re.sub(r"//[^/@]*@", "//***@", url)


def is_local(url: str) -> bool:
    """Return whether the MLflow at *url* is files of this machine."""
    return "://" not in url or url.startswith(("sqlite:", "file:"))


def explained(error: Exception, url: str) -> TrackerError:
    """Return what MLflow's client, or a library that it calls, raised as an error of ours.

    A store of artifacts or of runs raises what its own library has (botocore's, SQLAlchemy's);
    none of that may end a run whose calls are paid for.
    """
    code = _code(error)
    passing = code in _BUSY or (code == _BROKEN and not is_local(url))
    kind = TrackerUnavailableError if passing else TrackerError
    parts = [reason_of(error), *([_LOGINS[code]] if code in _LOGINS else [])]
    where = f"MLflow at {without_password(url)}"
    if isinstance(error, OSError) and code is None:
        return kind(f"the files of {where} cannot be used: {parts[0]}")
    return kind(f"{where}: {'; '.join(parts)}")


def reason_of(error: BaseException) -> str:
    """Return the first cause of *error* in one line.

    What went wrong on the way to a server is told by the innermost exception; around it MLflow
    writes the whole address, twice.
    """
    found = error
    if "API request to http" in str(error):
        while (cause := found.__cause__ or found.__context__) is not None:
            found = cause
    while found.args and isinstance(found.args[-1], Exception):  # urllib3 puts it in there
        found = found.args[-1]
    text = str(found).strip().partition("\n")[0]
    named = f"{type(found).__name__}: {text}" if isinstance(found, _UNCLEAR) or not text else text
    return without_password(named if len(named) <= _LONGEST else f"{named[:_LONGEST]} ...")


_UNCLEAR = (KeyError, TypeError, AttributeError, HTTPException)


def _code(error: Exception) -> str | None:
    """Return MLflow's code for *error*; for what others raised the one that means the same."""
    code: Any = getattr(error, "error_code", None)
    if code is not None:
        return str(code)
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):  # of requests: a file that a server did not take
        return _BROKEN if status >= _SERVER_ERRORS else _STATUSES.get(status)
    # SQLAlchemy's for a database that does not answer, and every broken connection.
    lost = isinstance(error, ConnectionError) or type(error).__name__ == "OperationalError"
    return _BROKEN if lost else None
