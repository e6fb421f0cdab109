"""Record a stream while its caller reads it.

The caller keeps the very Stream object that the provider's package made; only the
iterator inside it is replaced. A stream that is closed early, or forgotten and
collected, is recorded with what had come.
"""

import weakref
from collections.abc import AsyncIterator, Iterator
from typing import Any, Protocol, Self

from evalhub.tracing.active import ActiveSpan

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


def record_stream(stream: Any, span: ActiveSpan, chunks: Chunks, *, is_async: bool) -> None:
    """Make *stream* record itself on *span*, which it closes when it ends."""
    sink = _Sink(span, chunks)
    if not hasattr(stream, "_iterator"):
        sink.finish(complete=False)  # not a Stream as we know it: record that it was asked for
        return
    kind = _AsyncReader if is_async else _Reader
    stream._iterator = kind(stream._iterator, sink)
    # Weakly: a stream that is forgotten must be freed as early as without us.
    stream.close = (_async_close if is_async else _close)(weakref.ref(stream), sink)


class _Sink:
    """Where chunks go; closes the span once."""

    def __init__(self, span: ActiveSpan, chunks: Chunks) -> None:
        self._span = span
        self._chunks = chunks
        self._open = True

    def add(self, chunk: Any) -> bool:
        """Record *chunk* and return whether the caller sees it."""
        if not self._open:
            return True
        tracer = self._span._tracer
        try:
            started = self._chunks.started
            visible = self._chunks.add(chunk)
            if self._chunks.started and not started:
                self._span.set(first_token_ns=tracer.clock())
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return True
        return visible

    def finish(self, error: BaseException | None = None, *, complete: bool = True) -> None:
        """Close the span with what has come."""
        if not self._open:
            return
        self._open = False
        tracer = self._span._tracer
        end_ns = tracer.clock()
        try:
            if error is not None:
                self._span.set_error(error)
            elif not complete:
                self._span.set(metadata={"stream_complete": False})
            self._chunks.record(self._span)
        except Exception as problem:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(problem)
        tracer.end(self._span, end_ns)

    def __del__(self) -> None:
        self.finish(complete=False)


class _Reader:
    """The iterator inside a Stream, recorded."""

    def __init__(self, inner: Iterator[Any], sink: _Sink) -> None:
        self._inner = inner
        self._sink = sink

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        while True:
            try:
                chunk = next(self._inner)
            except StopIteration:
                self._sink.finish()
                raise
            except BaseException as error:
                self._sink.finish(error)
                raise
            if self._sink.add(chunk):
                return chunk


class _AsyncReader:
    """The iterator inside an AsyncStream, recorded."""

    def __init__(self, inner: AsyncIterator[Any], sink: _Sink) -> None:
        self._inner = inner
        self._sink = sink

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while True:
            try:
                chunk = await anext(self._inner)
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


def _close(stream: "weakref.ref[Any]", sink: _Sink) -> Any:
    def close() -> None:
        try:
            alive = stream()
            if alive is not None:
                type(alive).close(alive)
        finally:
            sink.finish(complete=False)

    return close


def _async_close(stream: "weakref.ref[Any]", sink: _Sink) -> Any:
    async def close() -> None:
        try:
            alive = stream()
            if alive is not None:
                await type(alive).close(alive)
        finally:
            sink.finish(complete=False)

    return close
