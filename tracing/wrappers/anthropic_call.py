"""Record the calls of Anthropic's endpoints: one span each, closed when the answer is read."""

import functools
from collections.abc import Awaitable, Callable, Generator, Mapping
from enum import Enum, auto
from typing import Any

from evalhub.model import SpanKind
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT, records_here
from evalhub.tracing.parents import hex_id, parent_span
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.tracer import Tracer
from evalhub.tracing.wrappers.anthropic_answer import dump, record_answer, record_message
from evalhub.tracing.wrappers.anthropic_events import MessageEvents
from evalhub.tracing.wrappers.anthropic_raw import is_raw, record_raw
from evalhub.tracing.wrappers.anthropic_request import Described, given, record_request
from evalhub.tracing.wrappers.method import fail
from evalhub.tracing.wrappers.stream import record_stream

__all__ = ["MessageCalls", "PlainCalls"]

_NOTHING: Mapping[str, Any] = {}


class _Shape(Enum):
    """What the anthropic package may answer with."""

    STREAM = auto()
    RAW = auto()
    MESSAGE = auto()
    OTHER = auto()


def _shape(answer: object) -> _Shape:
    kind: Any = type(answer)
    return _shape_of(kind)


# Kept: to ask a pydantic class for what it does not have costs 2 microseconds.
@functools.lru_cache(maxsize=128)
def _shape_of(kind: type) -> _Shape:
    if hasattr(kind, "__stream__"):
        return _Shape.STREAM
    if "content" in getattr(kind, "model_fields", ()):
        return _Shape.MESSAGE
    return _Shape.RAW if is_raw(kind) else _Shape.OTHER


class PlainCalls:
    """Records the calls of an endpoint that is not a model's answer, as they are."""

    def __init__(self, name: str, kind: SpanKind, described: Described) -> None:
        self._name = name
        self._kind = kind.value
        self._described = described

    def begin(self, args: tuple[Any, ...], arguments: dict[str, Any]) -> ActiveSpan | None:
        """Open a span; None when this call is not recorded."""
        tracer = ACTIVE.tracer or tracer_in_force()
        called = arguments.pop("langsmith_extra", None) or _NOTHING
        if not (tracer.enabled or records_here()):
            return None
        try:
            span = self._open_span(tracer, called)
            if span is not None and span.recording:
                self._describe(span, args, arguments, called)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return None
        return span

    def _open_span(self, tracer: Tracer, called: Mapping[str, Any]) -> ActiveSpan | None:
        if called is _NOTHING:
            return tracer.begin(self._name, self._kind, None)
        run_id = called.get("run_id")
        return tracer.begin(
            called.get("name") or self._name,
            self._kind,
            None,
            called.get("project_name"),
            parent=parent_span(called.get("parent")),
            span_id=None if run_id is None else hex_id(run_id),
        )

    def finish(
        self, span: ActiveSpan, args: tuple[Any, ...], arguments: Mapping[str, Any], answer: Any
    ) -> None:
        """Record *answer* and close *span*, or let the answer close it when it is read."""
        tracer = span._tracer
        end_ns = tracer.clock()
        tracer.leave(span)  # what the caller does while it reads is not below the call
        try:
            if self.records_later(span, args, arguments, answer):
                return
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)

    def records_later(
        self, span: ActiveSpan, args: tuple[Any, ...], arguments: Mapping[str, Any], answer: Any
    ) -> bool:
        """Record *answer*; True when that happens while it is read, and closes *span*."""
        if _shape(answer) is _Shape.RAW:
            record_raw(answer, span, self)
            return True
        self.whole(span, dump(answer), getattr(answer, "_request_id", None))
        return False

    def record_inputs(
        self,
        span: ActiveSpan,
        args: tuple[Any, ...],
        arguments: Mapping[str, Any],
        extra: Mapping[str, Any],
    ) -> None:
        """Record what is about to be asked."""
        named = {"message_batch_id": args[0]} if args else {}
        span.set_inputs({**named, **given(arguments)})
        # Without provider and model: what costs nothing is not looked for in the prices.
        span.set(metadata={**extra, **self._described.metadata}, tags=self._described.tags)

    def whole(self, span: ActiveSpan, body: Any, request_id: str | None = None) -> None:
        """Record *body*, the JSON of an answer."""
        span.set_outputs(body)
        if isinstance(request_id, str):
            span.set(metadata={"request_id": request_id})

    def stream(self, span: ActiveSpan, stream: Any) -> None:
        """Record *stream* while the caller reads it."""
        is_async = hasattr(type(stream), "__aiter__")
        response = getattr(stream, "response", None)
        request_id = response.headers.get("request-id") if response is not None else None
        events = MessageEvents(request_id)
        record_stream(stream, span, events, is_async=is_async)

    def _describe(
        self,
        span: ActiveSpan,
        args: tuple[Any, ...],
        arguments: Mapping[str, Any],
        called: Mapping[str, Any],
    ) -> None:
        try:
            self.record_inputs(span, args, arguments, called.get("metadata") or _NOTHING)
            if called is not _NOTHING:
                span.set(tags=called.get("tags") or ())
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            span._tracer.absorb(error)


class MessageCalls(PlainCalls):
    """Records the calls that a model answers with a message, whole or streamed."""

    def __init__(self, name: str, described: Described) -> None:
        super().__init__(name, SpanKind.LLM, described)

    def records_later(
        self, span: ActiveSpan, args: tuple[Any, ...], arguments: Mapping[str, Any], answer: Any
    ) -> bool:
        """Record *answer*; True when that happens while it is read, and closes *span*."""
        shape = _shape(answer)
        if shape is _Shape.STREAM:
            self.stream(span, answer)
            return True
        if shape is _Shape.MESSAGE:
            record_answer(span, answer, getattr(answer, "_request_id", None))
            return False
        return super().records_later(span, args, arguments, answer)

    def record_inputs(
        self,
        span: ActiveSpan,
        args: tuple[Any, ...],
        arguments: Mapping[str, Any],
        extra: Mapping[str, Any],
    ) -> None:
        """Record the messages and the parameters of the model."""
        record_request(span, arguments, self._described, extra)

    def whole(self, span: ActiveSpan, body: Any, request_id: str | None = None) -> None:
        """Record *body*, the JSON of a message."""
        if isinstance(body, Mapping) and "content" in body:
            extra = {"request_id": request_id} if isinstance(request_id, str) else None
            record_message(span, body, extra)
        else:
            span.set_outputs(body)

    def wrap_manager(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return *original*, whose MessageStreamManager records the request it sends."""

        def stream(*args: Any, **kwargs: Any) -> Any:
            extra = kwargs.pop("langsmith_extra", None)
            manager = original(*args, **kwargs)
            asked = kwargs if extra is None else {**kwargs, "langsmith_extra": extra}
            try:
                self._follow(manager, asked)
            except Exception as error:  # noqa: BLE001 - our failure must not reach the program
                (ACTIVE.tracer or tracer_in_force()).absorb(error)
            return manager

        return stream

    def _follow(self, manager: Any, arguments: dict[str, Any]) -> None:
        """Record the request of *manager*, which is sent when the caller enters it."""
        for kind in type(manager).__mro__:
            attribute = f"_{kind.__name__}__api_request"
            request = getattr(manager, attribute, None)
            if request is not None:
                following = (
                    functools.partial(self._open, request, arguments)
                    if callable(request)
                    else _Opening(self, request, arguments)
                )
                setattr(manager, attribute, following)
                return
        tracer = ACTIVE.tracer or tracer_in_force()
        tracer.report(f"{type(manager).__name__} is not known; its streams are not recorded", None)

    def _open(self, request: Callable[[], Any], arguments: dict[str, Any]) -> Any:
        span = self.begin((), dict(arguments))
        if span is None:
            return request()
        span._token = CURRENT.set(span)
        try:
            stream = request()
        except BaseException as error:
            fail(span, error)
            raise
        self.finish(span, (), arguments, stream)
        return stream


class _Opening:
    """The request of an async manager, recorded; an awaitable, so that none need be awaited."""

    def __init__(
        self, calls: MessageCalls, request: Awaitable[Any], arguments: dict[str, Any]
    ) -> None:
        self._calls = calls
        self._request = request
        self._arguments = arguments

    def __await__(self) -> Generator[Any, Any, Any]:
        return self._open().__await__()

    async def _open(self) -> Any:
        span = self._calls.begin((), dict(self._arguments))
        if span is None:
            return await self._request
        span._token = CURRENT.set(span)
        try:
            stream = await self._request
        except BaseException as error:
            fail(span, error)
            raise
        self._calls.finish(span, (), self._arguments, stream)
        return stream
