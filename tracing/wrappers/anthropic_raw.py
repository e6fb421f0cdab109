"""Record answers that the caller wants raw: ``with_raw_response``, ``with_streaming_response``.

The body is the caller's. It is looked at when the caller has read it, or at once
when the anthropic package has; it is never read for us.
"""

import inspect
import json
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from evalhub.tracing.active import ActiveSpan

__all__ = ["Reading", "is_raw", "record_raw"]


class Reading(Protocol):
    """What to do with what the caller reads."""

    def whole(self, span: ActiveSpan, body: Any, request_id: str | None = None) -> None:
        """Record *body*, the JSON of the answer."""

    def stream(self, span: ActiveSpan, stream: Any) -> None:
        """Make *stream* record itself on *span*, and close it."""


def is_raw(kind: type) -> bool:
    """Say whether *kind* is an APIResponse: an HTTP response in anthropic's wrapping."""
    return hasattr(kind, "parse") and hasattr(kind, "http_request")


def record_raw(answer: Any, span: ActiveSpan, reading: Reading) -> None:
    """Record the raw *answer* on *span*, which closes now or when its body has been read."""
    pending = _Pending(span, reading, answer.http_response)
    if pending.settle_if_read():
        return
    # Weakly: an answer that is forgotten must be freed as early as without us.
    alive = weakref.ref(answer)
    is_async = inspect.iscoroutinefunction(type(answer).close)
    answer._parse = _parse(alive, pending)
    answer.close = (_async_close if is_async else _close)(alive, pending)


class _Pending:
    """A span whose answer the caller has not read yet; closes it once."""

    def __init__(self, span: ActiveSpan, reading: Reading, response: Any) -> None:
        self._span = span
        self._reading = reading
        self._response = response
        self._open = True

    def settle_if_read(self) -> bool:
        """Record the body and close the span if the body is there."""
        body = getattr(self._response, "_content", None)
        if self._open and body is not None:
            self._open = False
            self._close(body)
        return not self._open

    def hand_over(self, stream: Any) -> None:
        """Let *stream*, which the caller will read, close the span."""
        if not self._open:
            return
        self._open = False
        try:
            self._reading.stream(self._span, stream)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            self._span._tracer.absorb(error)

    def give_up(self) -> None:
        """Close the span without a body, unless it has been read by now."""
        if not self.settle_if_read():
            self._open = False
            self._close(None)

    def _close(self, body: bytes | None) -> None:
        tracer = self._span._tracer
        end_ns = tracer.clock()
        try:
            if body is None:
                self._span.set(metadata={"body": "read by the caller as it came"})
            else:
                request_id = self._response.headers.get("request-id")
                self._reading.whole(self._span, json.loads(body), request_id)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(self._span, end_ns)

    def __del__(self) -> None:
        self.give_up()


def _parse(answer: "weakref.ref[Any]", pending: _Pending) -> Callable[..., Any]:
    def parse(*args: Any, **kwargs: Any) -> Any:
        alive: Any = answer()
        parsed = type(alive)._parse(alive, *args, **kwargs)
        if not pending.settle_if_read() and hasattr(type(parsed), "__stream__"):
            pending.hand_over(parsed)
        return parsed

    return parse


def _close(answer: "weakref.ref[Any]", pending: _Pending) -> Callable[[], None]:
    def close() -> None:
        try:
            alive = answer()
            if alive is not None:
                type(alive).close(alive)
        finally:
            pending.give_up()

    return close


def _async_close(answer: "weakref.ref[Any]", pending: _Pending) -> Callable[[], Any]:
    async def close() -> None:
        try:
            alive = answer()
            if alive is not None:
                await type(alive).close(alive)
        finally:
            pending.give_up()

    return close
