"""Functions with ``reduce_fn`` that return a stream: the caller reads it through a proxy.

The span is open until the stream has been read, left, closed or forgotten.
"""

import copy
import functools
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any, Self

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.call import TracedCall
from evalhub.tracing.context import CURRENT
from evalhub.tracing.extra import Extra
from evalhub.tracing.streams import StreamRecord

__all__ = ["TracedAsyncStream", "TracedStream", "wrap_async_stream", "wrap_stream"]


class _Proxy:
    """What both proxies share: they are the stream in everything but its reading."""

    def __init__(self, inner: Any, record: StreamRecord, span: ActiveSpan) -> None:
        self._evalhub_inner = inner
        self._evalhub_record = record
        self._evalhub_span = span
        self._evalhub_iterator: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._evalhub_inner, name)

    def __copy__(self) -> Any:
        # A copy is not recorded: its reading would end this one's record.
        return copy.copy(self._evalhub_inner)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return copy.deepcopy(self._evalhub_inner, memo)

    def __dir__(self) -> list[str]:
        return sorted({*dir(type(self)), *dir(self._evalhub_inner)})

    def __repr__(self) -> str:
        return f"Traceable({self._evalhub_inner!r})"

    def __del__(self) -> None:
        self._evalhub_record.finish()


class TracedStream(_Proxy):
    """A stream that is recorded while its caller reads it."""

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        token = CURRENT.set(self._evalhub_span)
        try:
            if self._evalhub_iterator is None:
                self._evalhub_iterator = iter(self._evalhub_inner)
            item = next(self._evalhub_iterator)
        except StopIteration:
            self._evalhub_record.finish()
            raise
        except BaseException as error:
            self._evalhub_record.fail(error)
            raise
        finally:
            CURRENT.reset(token)
        self._evalhub_record.add(item)
        return item

    def __enter__(self) -> Self:
        self._evalhub_inner.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        try:
            return self._evalhub_inner.__exit__(kind, error, traceback)
        finally:
            _leave(self._evalhub_record, error)

    def close(self) -> None:
        """Close the stream and record what came of it."""
        try:
            self._evalhub_inner.close()
        finally:
            self._evalhub_record.finish()


class TracedAsyncStream(_Proxy):
    """An async stream that is recorded while its caller reads it."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        token = CURRENT.set(self._evalhub_span)
        try:
            if self._evalhub_iterator is None:
                self._evalhub_iterator = aiter(self._evalhub_inner)
            item = await anext(self._evalhub_iterator)
        except StopAsyncIteration:
            self._evalhub_record.finish()
            raise
        except BaseException as error:
            self._evalhub_record.fail(error)
            raise
        finally:
            CURRENT.reset(token)
        self._evalhub_record.add(item)
        return item

    async def __aenter__(self) -> Self:
        await self._evalhub_inner.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        try:
            return await self._evalhub_inner.__aexit__(kind, error, traceback)
        finally:
            _leave(self._evalhub_record, error)

    async def aclose(self) -> None:
        """Close the stream and record what came of it."""
        try:
            await self._evalhub_inner.aclose()
        finally:
            self._evalhub_record.finish()


def wrap_stream(call: TracedCall, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*, which has a ``reduce_fn``, traced by *call*."""

    @functools.wraps(function)
    def wrapper(*args: Any, langsmith_extra: Extra | None = None, **kwargs: Any) -> Any:
        span = call.begin(args, kwargs, langsmith_extra)
        if span is None:
            return function(*args, **kwargs)
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            call.fail(span, error)
            raise
        return _proxied(call, span, result)

    return wrapper


def wrap_async_stream(call: TracedCall, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function*, a coroutine function with a ``reduce_fn``, traced by *call*."""

    @functools.wraps(function)
    async def wrapper(*args: Any, langsmith_extra: Extra | None = None, **kwargs: Any) -> Any:
        span = call.begin(args, kwargs, langsmith_extra)
        if span is None:
            return await function(*args, **kwargs)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            call.fail(span, error)
            raise
        return _proxied(call, span, result)

    return wrapper


def _proxied(call: TracedCall, span: ActiveSpan, result: Any) -> Any:
    """Return *result*, in a proxy when it is a stream; a collection is recorded at once."""
    kind = type(result)
    if isinstance(result, Collection) or not (
        hasattr(kind, "__iter__") or hasattr(kind, "__aiter__")
    ):
        is_list = isinstance(result, list | tuple)
        call.finish(span, call.reduced(span, list(result)) if is_list else result)
        return result
    span._tracer.leave(span)  # what the caller does between items is not below the call
    proxy = TracedStream if hasattr(kind, "__iter__") else TracedAsyncStream
    return proxy(result, StreamRecord(call, span), span)


def _leave(record: StreamRecord, error: BaseException | None) -> None:
    if error is None or isinstance(error, GeneratorExit):
        record.finish()
    else:
        record.fail(error)
