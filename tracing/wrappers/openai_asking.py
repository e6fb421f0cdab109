"""Ask for the usage of a stream that would not say it, and learn from the errors of a call.

A server may refuse the question. ``parse`` gives up an answer that is too short, which was
paid for all the same.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from evalhub.tracing.context import CURRENT
from evalhub.tracing.wrappers.openai_answer import record_answer
from evalhub.tracing.wrappers.openai_raw import reads_raw

__all__ = ["UsageAsking"]

_BAD_REQUEST = frozenset({400, 422})
_WORDS = ("stream_options", "include_usage")


class _Asked(dict[str, Any]):
    """Stream options that ask for usage because the caller did not."""

    def __init__(self, given: Any) -> None:
        super().__init__(given if isinstance(given, Mapping) else {}, include_usage=True)
        self.given = given


class UsageAsking:
    """Asks for usage in the calls whose spans are called *name*, until the server refuses once."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._asks = True

    def ask(self, arguments: dict[str, Any]) -> None:
        """Have *arguments* of a streamed call ask for usage, when its caller did not."""
        if not self._asks or arguments.get("stream") is not True or reads_raw(arguments):
            return  # what is read raw is read by the caller: nothing can be hidden
        options, body = arguments.get("stream_options"), arguments.get("extra_body")
        if isinstance(options, Mapping) and "include_usage" in options:
            return
        if isinstance(body, Mapping) and "stream_options" in body:
            return
        arguments["stream_options"] = _Asked(options)

    @staticmethod
    def has_asked(arguments: Mapping[str, Any]) -> bool:
        """Say whether it was us who asked."""
        return isinstance(arguments.get("stream_options"), _Asked)

    def forgiven(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return *original*, called again without our question when the server refuses that."""
        if inspect.iscoroutinefunction(inspect.unwrap(original)):
            return self._forgiven_async(original)
        return self._forgiven_sync(original)

    def _forgiven_sync(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return original(*args, **kwargs)
            except Exception as error:
                if not self._is_refused(error, kwargs):
                    raise
            return original(*args, **_as_given(kwargs))

        return call

    def _forgiven_async(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return await original(*args, **kwargs)
            except Exception as error:
                if not self._is_refused(error, kwargs):
                    raise
            return await original(*args, **_as_given(kwargs))

        return call

    def _is_refused(self, error: Exception, arguments: Mapping[str, Any]) -> bool:
        self._keep_answer(error)
        if not self.has_asked(arguments):
            return False
        if getattr(error, "status_code", None) not in _BAD_REQUEST:
            return False
        if not any(word in str(error) for word in _WORDS):
            return False
        self._asks = False
        return True

    def _keep_answer(self, error: Exception) -> None:
        answer, span = getattr(error, "completion", None), CURRENT.get()
        if answer is None or span is None or span.name != self._name:
            return  # no answer, or the call is not recorded
        try:
            record_answer(span, answer)
        except Exception as problem:  # noqa: BLE001 - our failure must not reach the program
            span._tracer.absorb(problem)


def _as_given(arguments: dict[str, Any]) -> dict[str, Any]:
    rest = dict(arguments)
    given = rest.pop("stream_options").given
    return rest if given is None else {**rest, "stream_options": given}
