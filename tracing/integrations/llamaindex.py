"""LlamaIndex: record queries, retrievals, model calls, tools and workflows as spans.

Call :func:`instrument_llamaindex` once. A query made in a traced function is its child, and
what is traced inside a tool, a retriever or a workflow's step is a child of that call.
"""

import functools
import weakref
from collections.abc import AsyncGenerator, Callable, Generator
from typing import TYPE_CHECKING, Any

from evalhub._optional import require
from evalhub.model import SpanKind
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import AMBIENT, CURRENT, innermost
from evalhub.tracing.integrations.llamaindex_payload import arguments
from evalhub.tracing.integrations.llamaindex_record import (
    has_text,
    record_answer,
    record_result,
    record_start,
)
from evalhub.tracing.integrations.llamaindex_streams import origin, remember
from evalhub.tracing.integrations.runs import FrameworkRuns, harmless, inner
from evalhub.tracing.propagation import from_headers, to_headers

if TYPE_CHECKING:
    from inspect import BoundArguments

    from llama_index.core.instrumentation.event_handlers import BaseEventHandler
    from llama_index.core.instrumentation.span import active_span_id
    from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
    from llama_index.core.tools import BaseTool
    from llama_index_instrumentation import get_dispatcher
else:
    _dispatch = require("llama_index.core.instrumentation", extra="llamaindex")
    get_dispatcher = _dispatch.get_dispatcher
    BaseEventHandler = require(
        "llama_index.core.instrumentation.event_handlers", extra="llamaindex"
    ).BaseEventHandler
    BaseSpanHandler = require(
        "llama_index.core.instrumentation.span_handlers", extra="llamaindex"
    ).BaseSpanHandler
    active_span_id = require(
        "llama_index.core.instrumentation.span", extra="llamaindex"
    ).active_span_id
    BaseTool = require("llama_index.core.tools", extra="llamaindex").BaseTool

__all__ = ["instrument_llamaindex", "uninstrument_llamaindex"]

RUNS = FrameworkRuns()
_UUID_CHARS = 37
"""A dash and a UUID, which follow the name in a span's id."""
_CARRIED = "evalhub"

_streams: dict[str, Any] = {}
"""Ids of model calls that are being read as a stream, and what came last."""


class _Spans(BaseSpanHandler[Any]):
    """Is told when calls begin and end."""

    @harmless
    def new_span(
        self,
        id_: str,
        bound_args: "BoundArguments",
        instance: Any = None,
        parent_span_id: str | None = None,
        tags: dict[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Open the span of a call."""
        if not _switch.is_on:
            return
        name, kind = _described(id_, instance)
        span = RUNS.start(id_, name, kind, above=parent_span_id or origin())
        if span is not None:
            span.set_inputs(arguments(bound_args))
            span.set(metadata=tags)  # session and user are filled from its keys

    @harmless
    def prepare_to_exit_span(
        self,
        id_: str,
        bound_args: "BoundArguments",
        instance: Any = None,
        result: Any = None,
        **more: Any,
    ) -> None:
        """Close the span of a call, unless its answer has yet to be read."""
        span = RUNS.current(id_)
        is_stream = isinstance(result, Generator | AsyncGenerator)
        if is_stream:
            remember(result, id_)
        if span is None:
            RUNS.end(id_, _nothing)
        elif is_stream and span.kind == SpanKind.LLM:
            _streams[id_] = None
            # A stream that nobody reads to its end is recorded when it is collected.
            weakref.finalize(result, _end_stream, id_).atexit = False
        elif is_stream:
            RUNS.end(id_, _nothing)
        else:
            record = record_answer if span.kind == SpanKind.LLM else record_result
            RUNS.end(id_, functools.partial(_apply, record, result))

    @harmless
    def prepare_to_drop_span(
        self,
        id_: str,
        bound_args: "BoundArguments",
        instance: Any = None,
        err: BaseException | None = None,
        **more: Any,
    ) -> None:
        """Close the span of a call that raised."""
        RUNS.end(id_, lambda span: _record_error(span, err))

    def capture_propagation_context(self) -> dict[str, Any]:
        """Return the open span for a workflow that is run by another process."""
        headers = to_headers()
        return {_CARRIED: headers} if headers else {}

    @harmless
    def restore_propagation_context(self, context: dict[str, Any]) -> None:
        """Make the span of the process that asked for this workflow its parent."""
        headers = context.get(_CARRIED)
        if headers and innermost() is None:
            CURRENT.set(from_headers(headers))


class _Events(BaseEventHandler):
    """Is told what happens inside calls."""

    @harmless
    def handle(self, event: Any, **more: Any) -> None:
        """Record a question, a piece of an answer, or the end of a stream."""
        span_id = event.span_id or ""
        span = RUNS.current(span_id)
        if span is None or record_start(span, event):
            return
        name = event.class_name()
        if name.endswith("InProgressEvent"):
            _record_piece(span, span_id, event)
        elif span_id not in _streams:
            return
        elif name == "ExceptionEvent":
            _end_stream(span_id, event.exception)
        elif name in ("LLMChatEndEvent", "LLMCompletionEndEvent"):
            _streams[span_id] = event.response
            _end_stream(span_id)


class _Switch:
    """Whether calls that begin are recorded; the handlers stay, to be told of those that end."""

    __slots__ = ("handlers", "is_on")

    def __init__(self) -> None:
        self.handlers: tuple[_Spans, _Events] | None = None
        self.is_on = False


_switch = _Switch()


def instrument_llamaindex() -> None:
    """Record every LlamaIndex call of this process from now on; twice is once."""
    _switch.is_on = True
    if _switch.handlers is None:
        _switch.handlers = spans, events = _Spans(), _Events()
        get_dispatcher().add_span_handler(spans)
        get_dispatcher().add_event_handler(events)
    if _look not in AMBIENT:
        AMBIENT.append(_look)


def uninstrument_llamaindex() -> None:
    """Stop recording calls that begin from now on; those that are open are recorded."""
    _switch.is_on = False


def _look(here: ActiveSpan | None) -> ActiveSpan | None:
    """Return the call whose body runs here, if it is inside *here*, else *here*."""
    open_id = active_span_id.get() or origin()
    return here if open_id is None else inner(here, RUNS.find(open_id))


def _described(id_: str, instance: Any) -> tuple[str, str]:
    """Return name and kind of a call by what it is a method of."""
    name = id_[:-_UUID_CHARS]
    if isinstance(instance, BaseTool):
        return instance.metadata.name or name, SpanKind.TOOL.value
    bases = {base.__name__ for base in type(instance).__mro__}
    return name, (SpanKind.AGENT if "BaseWorkflowAgent" in bases else SpanKind.CHAIN).value


def _record_piece(span: ActiveSpan, span_id: str, event: Any) -> None:
    """Record when the first token came, and keep the answer so far."""
    response = getattr(event, "response", None)
    if span_id in _streams:
        _streams[span_id] = response
    has_begun = span._details is not None and span._details.first_token_ns
    if not has_begun and has_text(response):
        span.set(first_token_ns=span._tracer.clock())


def _end_stream(span_id: str, error: BaseException | None = None) -> None:
    """Close the span of a streamed answer with what has come; a second call does nothing."""
    last = _streams.pop(span_id, None)

    def record(span: ActiveSpan) -> None:
        if last is not None:
            record_answer(span, last)
        _record_error(span, error)

    RUNS.end(span_id, record)


def _record_error(span: ActiveSpan, error: BaseException | None) -> None:
    # GeneratorExit: who read the stream had enough, which is no error.
    if error is not None and not isinstance(error, GeneratorExit):
        span.set_error(error)


def _apply(record: Callable[[ActiveSpan, Any], None], result: Any, span: ActiveSpan) -> None:
    record(span, result)


def _nothing(span: ActiveSpan) -> None:
    """Record nothing."""
