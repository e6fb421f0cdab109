"""``traceable``: record every call of a function as a span.

Which of the four kinds of function it is (plain, coroutine, generator, async
generator) is decided once, at decoration.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.call import TracedCall
from evalhub.tracing.context import CURRENT
from evalhub.tracing.streams import StreamRecord

__all__ = ["traceable"]

P = ParamSpec("P")
R = TypeVar("R")
Decorator = Callable[[Callable[P, R]], Callable[P, R]]


@overload
def traceable(run_type: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def traceable(
    run_type: str = "chain",
    *,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] | None = None,
    project_name: str | None = None,
    process_inputs: Callable[[dict[str, Any]], Any] | None = None,
    process_outputs: Callable[[Any], Any] | None = None,
    reduce_fn: Callable[[list[Any]], Any] | None = None,
    enabled: bool | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def traceable(
    run_type: str | Callable[..., Any] = "chain",
    *,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] | None = None,
    project_name: str | None = None,
    process_inputs: Callable[[dict[str, Any]], Any] | None = None,
    process_outputs: Callable[[Any], Any] | None = None,
    reduce_fn: Callable[[list[Any]], Any] | None = None,
    enabled: bool | None = None,
) -> Any:
    """Record every call of the function as a span; call-compatible with LangSmith's.

    Use it as ``@traceable``, ``@traceable("tool")`` or ``@traceable(run_type="tool")``.
    What the caller gets, results and exceptions alike, is never changed.

    Args:
        run_type: Kind of the span, see :class:`~evalhub.model.SpanKind`.
        name: Name of the span (default: the function's).
        metadata: Recorded with every span.
        tags: Recorded with every span.
        project_name: Project of the spans (default: the parent span's).
        process_inputs: Gets the inputs by name and returns what is recorded of them. If it
            raises, a note is recorded and never the inputs.
        process_outputs: The same for what the function returned.
        reduce_fn: Turns the list of a generator's items into what is recorded.
        enabled: True records even when tracing is off, False never records.
    """
    if not isinstance(run_type, str):
        return traceable()(run_type)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        _check(function)
        if enabled is False:
            return function
        call = TracedCall(
            function,
            kind=run_type,
            name=name,
            metadata=metadata,
            tags=tags,
            project=project_name,
            process_inputs=process_inputs,
            process_outputs=process_outputs,
            reduce=reduce_fn,
            forced=enabled is True,
        )
        return _choose(function)(call, function)

    return decorate


def _check(function: object) -> None:
    if not callable(function) or isinstance(function, type):
        below = " (put it below @classmethod)" if isinstance(function, classmethod) else ""
        raise TypeError(f"traceable decorates functions, not {function!r}{below}")


def _choose(function: Callable[..., Any]) -> Callable[[TracedCall, Any], Callable[..., Any]]:
    code = function
    if not inspect.isroutine(function) and not isinstance(function, functools.partial):
        code = type(function).__call__  # an object that can be called
    if inspect.isasyncgenfunction(code):
        return _wrap_async_generator
    if inspect.iscoroutinefunction(code):
        return _wrap_coroutine
    if inspect.isgeneratorfunction(code):
        return _wrap_generator
    return _wrap_function


def _wrap_function(call: TracedCall, function: Callable[..., Any]) -> Callable[..., Any]:
    begin, finish = call.begin, call.finish

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = begin(args, kwargs)
        if span is None:
            return function(*args, **kwargs)
        try:
            output = function(*args, **kwargs)
        except BaseException as error:
            call.fail(span, error)
            raise
        finish(span, output)
        return output

    return wrapper


def _wrap_coroutine(call: TracedCall, function: Callable[..., Any]) -> Callable[..., Any]:
    begin, finish = call.begin, call.finish

    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = begin(args, kwargs)
        if span is None:
            return await function(*args, **kwargs)
        try:
            output = await function(*args, **kwargs)
        except BaseException as error:
            call.fail(span, error)
            raise
        finish(span, output)
        return output

    return wrapper


def _wrap_generator(
    call: TracedCall, function: Callable[..., Generator[Any, Any, Any]]
) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        span = call.open(args, kwargs)
        if span is None:
            return (yield from function(*args, **kwargs))
        return (yield from _record(StreamRecord(call, span), span, function(*args, **kwargs)))

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


def _wrap_async_generator(
    call: TracedCall, function: Callable[..., AsyncGenerator[Any, Any]]
) -> Callable[..., Any]:
    @functools.wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = function(*args, **kwargs)
        span = call.open(args, kwargs)
        record = None if span is None else StreamRecord(call, span)
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
