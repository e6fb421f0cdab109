"""``wrap_openai``: record every model call of an OpenAI client.

The methods are replaced on the client's own resource objects, so the client
stays what it was: same class, same results, same errors.
"""

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from evalhub.model import SpanKind
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.wrappers.openai_answer import (
    ChatChunks,
    ResponseEvents,
    provider_of,
    record_answer,
    record_request,
)
from evalhub.tracing.wrappers.stream import Chunks, record_stream

__all__ = ["wrap_openai"]

C = TypeVar("C")
_MARK = "_evalhub_wrapped"
_BAD_REQUEST = frozenset({400, 422})


def wrap_openai(
    client: C,
    *,
    name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
) -> C:
    """Record the model calls of *client* (OpenAI, AsyncOpenAI, Azure's) and return it.

    Recorded are ``chat.completions.create`` and ``parse`` and ``responses.create``
    and ``parse``, streamed or not: messages, answer, tool calls, tokens, time to first
    token, errors. For a streamed chat, usage is asked for when the caller did
    not, and the extra chunk is kept from the caller. Copies made by
    ``with_options`` are wrapped too; wrapping twice does nothing more.

    Args:
        client: The client to change.
        name: Name of the spans (default: ``ChatOpenAI`` and ``OpenAIResponses``).
        metadata: Recorded with every span.
        tags: Recorded with every span.
    """
    described: Any = client
    fields = {"metadata": dict(metadata or {}), "tags": tuple(tags)}
    chat = _Recorder(name or "ChatOpenAI", described, fields, is_chat=True)
    responses = _Recorder(name or "OpenAIResponses", described, fields, is_chat=False)
    for method in ("create", "parse"):
        _replace(described.chat.completions, method, chat.wrap)
        if hasattr(described, "responses"):
            _replace(described.responses, method, responses.wrap)
    again = functools.partial(wrap_openai, name=name, metadata=metadata, tags=tags)
    for method in ("copy", "with_options"):
        _replace(described, method, functools.partial(_wrap_copy, again=again))
    return client


def _replace(owner: Any, method: str, wrap: Callable[[Any], Callable[..., Any]]) -> None:
    original = getattr(owner, method, None)
    if original is None or hasattr(original, _MARK):
        return
    wrapper = wrap(original)
    setattr(wrapper, _MARK, True)
    setattr(owner, method, wrapper)


def _wrap_copy(original: Callable[..., Any], again: Callable[[Any], Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def copy(*args: Any, **kwargs: Any) -> Any:
        return again(original(*args, **kwargs))

    return copy


class _Recorder:
    """Records the calls of one endpoint of one client."""

    def __init__(self, name: str, client: Any, fields: dict[str, Any], *, is_chat: bool) -> None:
        self._name = name
        self._provider = provider_of(client)
        self._fields = fields
        self._is_chat = is_chat
        self._asks_usage = is_chat

    def wrap(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return *original*, recorded; a coroutine function stays one."""
        if inspect.iscoroutinefunction(inspect.unwrap(original)):
            return self._wrap_async(original)
        return self._wrap_sync(original)

    def _wrap_sync(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            span = self._begin(kwargs)
            if span is None:
                return original(*args, **kwargs)
            sent = self._with_usage(kwargs)
            try:
                try:
                    answer = original(*args, **sent)
                except Exception as error:
                    if not self._refuses_usage(error, sent, kwargs):
                        raise
                    sent, answer = kwargs, original(*args, **kwargs)
            except BaseException as error:
                _fail(span, error)
                raise
            self._finish(span, kwargs, answer, hide_usage=sent is not kwargs, is_async=False)
            return answer

        return wrapper

    def _wrap_async(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            span = self._begin(kwargs)
            if span is None:
                return await original(*args, **kwargs)
            sent = self._with_usage(kwargs)
            try:
                try:
                    answer = await original(*args, **sent)
                except Exception as error:
                    if not self._refuses_usage(error, sent, kwargs):
                        raise
                    sent, answer = kwargs, await original(*args, **kwargs)
            except BaseException as error:
                _fail(span, error)
                raise
            self._finish(span, kwargs, answer, hide_usage=sent is not kwargs, is_async=True)
            return answer

        return wrapper

    def _begin(self, arguments: dict[str, Any]) -> ActiveSpan | None:
        tracer = ACTIVE.tracer or tracer_in_force()
        if not tracer.enabled:
            return None
        try:
            span = tracer.begin(self._name, SpanKind.LLM.value, None)
            if span is None:
                return None
            record_request(span, arguments, self._provider)
            span.set(**self._fields)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
            return None
        span._token = CURRENT.set(span)
        return span

    def _with_usage(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return *arguments*, or a copy that asks for usage at the end of a streamed chat."""
        if not (self._asks_usage and arguments.get("stream") is True):
            return arguments
        if arguments.get("extra_headers"):
            raw = (str(key).lower() for key in arguments["extra_headers"])
            if "x-stainless-raw-response" in raw:
                return arguments  # read by the caller as bytes: nothing can be hidden
        options = arguments.get("stream_options")
        if isinstance(options, Mapping) and "include_usage" in options:
            return arguments
        given = dict(options) if isinstance(options, Mapping) else {}
        return {**arguments, "stream_options": {**given, "include_usage": True}}

    def _refuses_usage(
        self, error: Exception, sent: dict[str, Any], arguments: dict[str, Any]
    ) -> bool:
        """Say whether *error* came of our asking for usage; then it is not asked again."""
        if sent is arguments or getattr(error, "status_code", None) not in _BAD_REQUEST:
            return False
        if not any(word in str(error) for word in ("stream_options", "include_usage")):
            return False
        self._asks_usage = False
        return True

    def _finish(
        self,
        span: ActiveSpan,
        arguments: dict[str, Any],
        answer: Any,
        *,
        hide_usage: bool,
        is_async: bool,
    ) -> None:
        tracer = span._tracer
        end_ns = tracer.clock()
        try:
            if arguments.get("stream") is True and hasattr(answer, "_iterator"):
                tracer.leave(span)  # what the caller does between chunks is not below the call
                chunks: Chunks = (
                    ChatChunks(hide_usage=hide_usage) if self._is_chat else ResponseEvents()
                )
                record_stream(answer, span, chunks, is_async=is_async)
                return
            record_answer(span, answer)
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            tracer.absorb(error)
        tracer.end(span, end_ns)


def _fail(span: ActiveSpan, error: BaseException) -> None:
    end_ns = span._tracer.clock()
    span.set_error(error)
    span._tracer.end(span, end_ns)
