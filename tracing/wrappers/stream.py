"""Record a stream while its caller reads it.

The caller keeps the very Stream object that the provider's package made; only the
iterator inside it is replaced. A stream that is closed early, or forgotten and
collected, is recorded with what had come.
"""

import weakref
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, Protocol, Self

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.wrappers.method import record_error

__all__ = ["Chunks", "record_stream"]


class Chunks(Protocol):
    """Gathers what one stream brings."""

    @property
    def started(self) -> bool:
        """Whether the model's first token has come."""

    def add(self, chunk: Any) -> bool:
        """Gather *chunk*; False when the caller must not see it."""

    def record(self, span: ActiveSpan) -> None:
        """Record what has come so far on *span*, as an answer that is not streamed."""


def record_stream(
    stream: Any,
    span: ActiveSpan,
    chunks: Chunks,
    *,
    is_async: bool,
) -> None:
    """Make *stream* record itself on *span*, which it closes when it ends.

    Args:
        stream: A Stream or AsyncStream of the openai or anthropic package.
        span: The call's span; it must not be the current one any more.
        chunks: Gathers what comes.
        is_async: Whether it is an AsyncStream.
    """
    sink = _Sink(span, chunks)
    inner = getattr(stream, "_iterator", None)
    if inner is None:
        sink.finish(complete=False)  # not a Stream as we know it: record that it was asked for
        return
    stream._iterator = _AsyncReader(inner, sink) if is_async else _read(inner, sink)
    _hear_of_closing(stream, inner, sink, is_async=is_async)


class _Sink:
    """Where chunks go; closes the span once."""

    __slots__ = ("_open", "_span", "_started", "chunks")

    def __init__(self, span: ActiveSpan, chunks: Chunks) -> None:
        self.chunks = chunks
        self._span = span
        self._open = True
        self._started = False

    def add(self, chunk: Any) -> bool:
        """Record *chunk* and return whether the caller sees it."""
        if not self._open:
            return True
        try:
            visible = self.chunks.add(chunk)
            if not self._started:
                self.note_start()
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            self.absorb(error)
            return True
        return visible

    def note_start(self) -> bool:
        """Record the time of the first token, if it has come; return whether it has."""
        if self.chunks.started and not self._started:
            self._started = True
            self._span.set(first_token_ns=self._span._tracer.clock())
        return self._started

    def absorb(self, error: Exception) -> None:
        """Count a failure of ours."""
        self._span._tracer.absorb(error)

    def finish(self, error: BaseException | None = None, *, complete: bool = True) -> None:
        """Close the span with what has come."""
        if not self._open:
            return
        self._open = False
        tracer = self._span._tracer
        end_ns = tracer.clock()
        try:
            if error is not None:
                record_error(self._span, error)
            elif not complete:
                self._span.set(metadata={"stream_complete": False})
            self.chunks.record(self._span)
        except Exception as problem:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(problem)
        tracer.end(self._span, end_ns)

    def __del__(self) -> None:
        self.finish(complete=False)


def _read(inner: Iterator[Any], sink: _Sink) -> Iterator[Any]:
    """Yield what *inner* does, recorded.

    A generator that does what :meth:`_Sink.add` does: an object with ``__next__``, and a call
    more, would each cost a chunk a third of what it may cost (benchmarks/wrappers.py).
    """
    gather, waits = sink.chunks.add, True
    try:
        for chunk in inner:
            try:
                is_visible = gather(chunk)
                if waits:
                    waits = not sink.note_start()
            except Exception as error:  # noqa: BLE001 - our failure must not reach the program
                sink.absorb(error)
                is_visible = True
            if is_visible:
                yield chunk
    except GeneratorExit:
        sink.finish(complete=False)
        raise
    except BaseException as error:
        sink.finish(error)
        raise
    sink.finish()


class _AsyncReader:
    """The iterator inside an AsyncStream, recorded."""

    __slots__ = ("_inner", "_sink")

    def __init__(self, inner: AsyncIterator[Any], sink: _Sink) -> None:
        self._inner = inner
        self._sink = sink

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while True:
            try:
                chunk = await self._inner.__anext__()
            except StopAsyncIteration:
                self._sink.finish()
                raise
            except BaseException as error:
                self._sink.finish(error)
                raise
            if self._sink.add(chunk):
                return chunk

    async def aclose(self) -> None:
        """Close the iterator inside, as an async generator's owner may."""
        await self._inner.aclose()  # type: ignore[attr-defined]  # an async generator in fact


def _hear_of_closing(stream: Any, inner: Any, sink: _Sink, *, is_async: bool) -> None:
    """Finish *sink* when the caller closes the stream.

    It is the HTTP response that is watched: the helpers around a stream (``stream()`` of the
    openai package) close that and leave the stream alone.
    """
    response = getattr(stream, "response", None)
    owner, method = (stream, "close") if response is None else (response, "close")
    if is_async and response is not None:
        method = "aclose"
    # Weakly: what is forgotten must be freed as early as without us.
    setattr(
        owner,
        method,
        (_async_close if is_async else _close)(weakref.ref(owner), method, _weakly(inner), sink),
    )


def _weakly(inner: Any) -> Callable[[], Any]:
    try:
        return weakref.ref(inner)
    except TypeError:
        return lambda: None


def _ends_itself(inner: Any) -> bool:
    """Say whether the response is closed by its own iterator, which has come to its end.

    It runs then, or it has just ended and lets go of the iterators inside it.
    """
    for kind in ("gi", "ag"):  # the attributes of a generator, and of an async one
        if hasattr(inner, f"{kind}_frame"):
            frame = getattr(inner, f"{kind}_frame")
            return frame is None or bool(getattr(inner, f"{kind}_running"))
    return False


def _close(
    owner: "weakref.ref[Any]", method: str, inner: Callable[[], Any], sink: _Sink
) -> Callable[[], None]:
    def close() -> None:
        try:
            alive = owner()
            if alive is not None:
                getattr(type(alive), method)(alive)
        finally:
            if not _ends_itself(inner()):
                sink.finish(complete=False)

    return close


def _async_close(
    owner: "weakref.ref[Any]", method: str, inner: Callable[[], Any], sink: _Sink
) -> Callable[[], Coroutine[Any, Any, None]]:
    async def close() -> None:
        try:
            alive = owner()
            if alive is not None:
                await getattr(type(alive), method)(alive)
        finally:
            if not _ends_itself(inner()):
                sink.finish(complete=False)

    return close
