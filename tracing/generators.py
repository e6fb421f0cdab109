"""Traced generators, sync and async: current while one of their own steps runs, and no longer."""

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.call import TracedCall
from evalhub.tracing.context import CURRENT
from evalhub.tracing.extra import Extra
from evalhub.tracing.streams import StreamRecord

__all__ = ["wrap_async_generator", "wrap_generator"]


def wrap_generator(
    call: TracedCall, function: Callable[..., Generator[Any, Any, Any]]
) -> Callable[..., Any]:
    """Return *function*, a generator function, traced by *call*."""

    @functools.wraps(function)
    def wrapper(
        *args: Any, langsmith_extra: Extra | None = None, **kwargs: Any
    ) -> Generator[Any, Any, Any]:
        span = call.open(args, kwargs, langsmith_extra)
        if span is None:
            return (yield from function(*args, **kwargs))
        try:
            inner = function(*args, **kwargs)
        except BaseException as error:  # arguments that do not fit
            call.fail(span, error)
            raise
        return (yield from _record(StreamRecord(call, span), span, inner))

    return wrapper


def _record(
    record: StreamRecord, span: ActiveSpan, inner: Generator[Any, Any, Any]
) -> Generator[Any, Any, Any]:
    """Drive *inner* as ``yield from`` would (PEP 380), with *span* current in its steps only."""
    step: Callable[[], Any] = functools.partial(next, inner)
    while True:
        token = CURRENT.set(span)
        try:
            item = step()
        except StopIteration as stop:
            if stop.value is not None:
                record.add(stop.value)  # LangSmith counts it among the items
            record.finish()
            return stop.value
        except GeneratorExit:
            record.finish()  # closed early by its consumer, which is no error
            raise
        except BaseException as error:
            record.fail(error)
            raise
        finally:
            CURRENT.reset(token)
        record.add(item)
        try:
            sent = yield item
        except BaseException as thrown:  # noqa: BLE001 - thrown into the generator inside, as `yield from` does
            step = functools.partial(inner.throw, thrown)
        else:
            step = functools.partial(inner.send, sent)


def wrap_async_generator(
    call: TracedCall, function: Callable[..., AsyncGenerator[Any, Any]]
) -> Callable[..., Any]:
    """Return *function*, an async generator function, traced by *call*."""

    @functools.wraps(function)
    async def wrapper(
        *args: Any, langsmith_extra: Extra | None = None, **kwargs: Any
    ) -> AsyncGenerator[Any, Any]:
        span = call.open(args, kwargs, langsmith_extra)
        record = None if span is None else StreamRecord(call, span)
        try:
            inner = function(*args, **kwargs)
        except BaseException as error:  # arguments that do not fit
            if span is not None:
                call.fail(span, error)
            raise
        step: Callable[[], Any] = functools.partial(anext, inner)
        while True:
            try:
                item = await _stepped(step, span)
            except StopAsyncIteration:
                if record is not None:
                    record.finish()
                return
            except GeneratorExit:
                if record is not None:
                    record.finish()
                raise
            except BaseException as error:
                if record is not None:
                    record.fail(error)
                raise
            if record is not None:
                record.add(item)
            try:
                sent = yield item
            except BaseException as thrown:  # noqa: BLE001 - thrown into the generator inside, as `yield from` does
                step = functools.partial(inner.athrow, thrown)
            else:
                step = functools.partial(inner.asend, sent)

    return wrapper


async def _stepped(step: Callable[[], Any], span: ActiveSpan | None) -> Any:
    """Await one step of an async generator with *span* as the current one."""
    if span is None:
        return await step()
    token = CURRENT.set(span)
    try:
        return await step()
    finally:
        CURRENT.reset(token)
