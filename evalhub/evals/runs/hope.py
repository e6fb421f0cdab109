"""Whether more calls of a target can get through, or the run had better end.

What was finished is kept, so a run that ends early loses nothing: the same command goes on.
A run that asks an endpoint a thousand times in vain loses the night.
"""

import threading

from evalhub.errors import ModelBusyError, ModelError, ModelUnavailableError
from evalhub.http.retry import status_of

__all__ = ["Hope"]

_REFUSALS = frozenset({401, 403, 404})
"""Statuses with which a model's endpoint will, most likely, refuse every other request too."""
_REFUSED = 3
"""Refusals after which an endpoint is believed: one may be a filter's word on one example."""
_HOPELESS = 10
"""Calls, beside those under way at once, that fail one after the other before it is given up."""


class Hope:
    """Counts the calls of the target *name* that fail one after the other.

    At the start any failure counts: nothing comes from a target that is broken. Later only
    what the endpoint does to every call does, as a key that was revoked, a quota that is used
    up or a server that is gone; errors of examples are the result.

    Args:
        name: Of the target, for messages.
        planned: How many calls there are to make.
        concurrency: How many are under way at once, and may fail together.
        has_answers: Whether calls got through before, in a run that was killed.
    """

    def __init__(
        self, name: str, *, planned: int, concurrency: int, has_answers: bool = False
    ) -> None:
        self._name = name
        self._refused = min(_REFUSED, planned)
        self._most = _HOPELESS + concurrency
        self._has_answers = has_answers
        self._failures = 0
        self._refusals = 0
        self._counting = threading.Lock()

    def went_well(self) -> None:
        """Note a call that was answered."""
        with self._counting:
            self._has_answers = True
            self._failures = self._refusals = 0

    def failed(self, error: BaseException) -> None:
        """Note a call that ended with *error*.

        Raises:
            ModelError: no other call would get through either.
        """
        with self._counting:
            is_refusal = isinstance(error, ModelError) and status_of(error) in _REFUSALS
            self._refusals = self._refusals + 1 if is_refusal else 0
            if self._has_answers:
                self._failures = self._failures + 1 if is_refusal or _is_cut_off(error) else 0
            else:
                self._failures += 1
            if is_refusal and self._refusals >= self._refused and not self._has_answers:
                raise error
            if self._failures >= self._most:
                raise ModelError(self._told(error))

    def _told(self, error: BaseException) -> str:
        which = "last" if self._has_answers else "first"
        return (
            f"the {which} {self._failures} calls of {self._name!r} all failed, the last with: "
            f"{type(error).__name__}: {error}"
        )


def _is_cut_off(error: BaseException) -> bool:
    """Return whether the endpoint did not even look at the request."""
    if isinstance(error, ModelBusyError):
        return True
    has_status = status_of(error) is not None
    return isinstance(error, ModelUnavailableError) and not has_status and not _was_late(error)


def _was_late(error: BaseException) -> bool:
    return "Timeout" in type(error.__cause__).__name__
