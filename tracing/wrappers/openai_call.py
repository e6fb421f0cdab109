"""Record the calls of one method of one client."""

import functools
import inspect
from collections.abc import Callable, Generator, Mapping
from typing import Any

from evalhub.model import SpanKind
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT, records_here
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.wrappers.method import recorded
from evalhub.tracing.wrappers.openai_asking import UsageAsking
from evalhub.tracing.wrappers.openai_endpoints import Endpoint
from evalhub.tracing.wrappers.openai_raw import reads_raw, record_raw
from evalhub.tracing.wrappers.openai_request import Described, record_request
from evalhub.tracing.wrappers.stream import Chunks, record_stream

__all__ = ["MethodCalls", "Original"]

Original = Callable[..., Any]
_AGENT = SpanKind.AGENT.value


class MethodCalls:
    """Records the calls of one method, as :mod:`.method` wants it."""

    def __init__(
        self, original: Original, name: str, endpoint: Endpoint, described: Described
    ) -> None:
        self._original = original
        self._name = name
        self._only_streamed = endpoint.only_streamed
        self._gives_manager = endpoint.gives_manager
        self._call = endpoint.call
        self._kind = endpoint.call.span_kind.value
        self._described = described
        self._asking = None if endpoint.call.usage_chunks is None else UsageAsking(name)

    def wrapper(self) -> Original:
        """Return what takes the method's place; a coroutine function stays one."""
        if self._gives_manager:
            return functools.partial(self._recorded_manager)  # takes attributes, a method does not
        if self._asking is not None:
            return recorded(self, self._asking.forgiven(self._original))
        return recorded(self, self._original)

    def begin(self, args: tuple[Any, ...], arguments: dict[str, Any]) -> ActiveSpan | None:
        """Open a span for a call, and ask for usage; None when it is not recorded."""
        tracer = ACTIVE.tracer or tracer_in_force()
        if not tracer.enabled and not (CURRENT.get() and records_here()):
            return None
        if self._is_told_elsewhere(arguments):
            return None
        try:
            span = tracer.begin(self._name, self._kind, None, self._described.project)
            if span is not None and span.recording:
                self._record_request(span, args, arguments)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return None
        return span

    def _is_told_elsewhere(self, arguments: Mapping[str, Any]) -> bool:
        if self._only_streamed and arguments.get("stream") is not True:
            return True
        if self._kind != _AGENT:
            return False
        above = CURRENT.get()  # `create_and_poll` calls `poll`: its own span says it all
        return above is not None and above.kind == _AGENT and above.name == self._name

    def _record_request(
        self, span: ActiveSpan, args: tuple[Any, ...], arguments: dict[str, Any]
    ) -> None:
        given = arguments
        if args:
            given = {**dict(zip(inspect.signature(self._original).parameters, args, strict=False))}
            given.update(arguments)
        call = self._call
        record_request(span, given, self._described, model_type=call.model_type, files=call.files)
        if self._asking is not None:
            self._asking.ask(arguments)

    def finish(
        self,
        span: ActiveSpan,
        args: tuple[Any, ...],
        arguments: Mapping[str, Any],
        answer: Any,
    ) -> None:
        """Record *answer* and close *span*, now or when its stream ends."""
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            if span.recording:
                if self._follow(span, arguments, answer):
                    return
                self._call.record(span, answer)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)

    def _follow(self, span: ActiveSpan, arguments: Mapping[str, Any], answer: Any) -> bool:
        """Leave *span* open for an answer that is still to be read; False if it is whole."""
        if reads_raw(arguments):
            span._tracer.leave(span)
            record_raw(answer, span, self._call.record, self._chunks)
            return True
        kind = type(answer)
        if not (hasattr(kind, "__next__") or hasattr(kind, "__anext__")):
            return False
        span._tracer.leave(span)  # what the caller does between chunks is not below the call
        chunks = self._chunks(hide_usage=UsageAsking.has_asked(arguments))
        record_stream(answer, span, chunks, is_async=hasattr(kind, "__anext__"))
        return True

    def _chunks(self, *, hide_usage: bool = False) -> Chunks:
        if self._call.usage_chunks is not None:
            return self._call.usage_chunks(hide_usage=hide_usage)
        return self._call.chunks()

    def _recorded_manager(self, *args: Any, **kwargs: Any) -> Any:
        """Return the manager of a stream; the request that it makes when entered is recorded."""
        manager = self._original(*args, **kwargs)
        # The openai package keeps it under a private name; without it nothing is recorded.
        name = f"_{type(manager).__name__}__api_request"
        request = getattr(manager, name, None)
        if request is not None:
            given = {key: value for key, value in kwargs.items() if key != "event_handler"}
            setattr(manager, name, self._recorded_request(request, args, given))
        return manager

    def _recorded_request(self, request: Any, args: tuple[Any, ...], given: dict[str, Any]) -> Any:
        if not inspect.isawaitable(request):
            return functools.partial(recorded(self, lambda *_, **__: request()), *args, **given)

        async def send(*_: Any, **__: Any) -> Any:
            return await request

        return _Later(functools.partial(recorded(self, send), *args, **given))


class _Later:
    """Awaits a call that is only made then: a coroutine that nobody awaits would warn."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call

    def __await__(self) -> Generator[Any, Any, Any]:
        awaited: Generator[Any, Any, Any] = self._call().__await__()
        return awaited
