"""Record answers that are taken raw: ``with_raw_response``, ``with_streaming_response``.

What has been read already is recorded at once. What has not is the caller's to read: it is
recorded when he parses it, or when he closes it after having read it.
"""

import inspect
import weakref
from collections.abc import Callable, Mapping
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.method import fail
from evalhub.tracing.wrappers.openai_answer import record_body
from evalhub.tracing.wrappers.stream import Chunks, record_stream

__all__ = ["reads_raw", "record_raw"]

Record = Callable[[ActiveSpan, Any], None]
_RAW = "x-stainless-raw-response"
"""The header by which the openai package tells itself what to return; it is not sent."""


def reads_raw(arguments: Mapping[str, Any]) -> bool:
    """Say whether the caller of a method wants the raw response."""
    headers = arguments.get("extra_headers")
    return isinstance(headers, Mapping) and any(str(key).lower() == _RAW for key in headers)


def record_raw(answer: Any, span: ActiveSpan, record: Record, chunks: Callable[[], Chunks]) -> None:
    """Record *answer* on *span* and close it, now or when the caller has parsed or closed it.

    Args:
        answer: A ``LegacyAPIResponse``, ``APIResponse`` or ``AsyncAPIResponse``.
        span: The call's span; not the current one any more.
        record: Records the parsed answer, or its JSON.
        chunks: Makes what gathers the answer if it turns out to be a stream.
    """
    response = answer.http_response
    if record_body(span, response, record):
        span._tracer.end(span, span._tracer.clock())
        return
    unread = _Unread(span, record, chunks)
    # Weakly: what is forgotten must be freed as early as without us.
    alive = weakref.ref(answer)
    parse, close = getattr(type(answer), "parse", None), getattr(type(answer), "close", None)
    if parse is not None:
        answer.parse = (_parse_async if inspect.iscoroutinefunction(parse) else _parse)(
            alive, parse, unread
        )
    if close is not None:
        answer.close = (_close_async if inspect.iscoroutinefunction(close) else _close)(
            alive, close, unread
        )


class _Unread:
    """The span of an answer that is still to be read; closes it once."""

    __slots__ = ("_chunks", "_open", "_record", "_span")

    def __init__(self, span: ActiveSpan, record: Record, chunks: Callable[[], Chunks]) -> None:
        self._span = span
        self._record = record
        self._chunks = chunks
        self._open = True

    def parsed(self, result: Any) -> None:
        """Record what the caller's parsing gave, which may be a stream."""
        if not self._open:
            return
        self._open = False
        span, tracer = self._span, self._span._tracer
        end_ns = tracer.clock()
        try:
            if hasattr(result, "_iterator"):
                is_async = hasattr(type(result), "__aiter__")
                record_stream(result, span, self._chunks(), is_async=is_async)
                return
            self._record(span, result)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)

    def failed(self, error: BaseException) -> None:
        """Record that the caller's parsing failed."""
        if self._open:
            self._open = False
            fail(self._span, error)

    def closed(self, answer: Any) -> None:
        """Record what the caller has read of *answer*, if he has read it whole."""
        if not self._open:
            return
        self._open = False
        tracer = self._span._tracer
        end_ns = tracer.clock()
        try:
            response = None if answer is None else answer.http_response
            if response is None or not record_body(self._span, response, self._record):
                self._span.set(metadata={"body_recorded": False})
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(self._span, end_ns)

    def __del__(self) -> None:
        self.closed(None)


def _parse(alive: Callable[[], Any], parse: Any, unread: _Unread) -> Callable[..., Any]:
    def parsed(**options: Any) -> Any:
        try:
            result = parse(alive(), **options)
        except BaseException as error:
            unread.failed(error)
            raise
        unread.parsed(result)
        return result

    return parsed


def _parse_async(alive: Callable[[], Any], parse: Any, unread: _Unread) -> Callable[..., Any]:
    async def parsed(**options: Any) -> Any:
        try:
            result = await parse(alive(), **options)
        except BaseException as error:
            unread.failed(error)
            raise
        unread.parsed(result)
        return result

    return parsed


def _close(alive: Callable[[], Any], close: Any, unread: _Unread) -> Callable[[], Any]:
    def closed() -> None:
        answer = alive()
        try:
            close(answer)
        finally:
            unread.closed(answer)

    return closed


def _close_async(alive: Callable[[], Any], close: Any, unread: _Unread) -> Callable[[], Any]:
    async def closed() -> None:
        answer = alive()
        try:
            await close(answer)
        finally:
            unread.closed(answer)

    return closed
