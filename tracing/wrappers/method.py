"""Replace methods on a client's own resource objects, so that the client stays what it was.

Nothing here knows a provider: what is recorded of a call is said by an
:class:`Endpoint`, and who calls it, sync or async, is settled once.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.context import CURRENT

__all__ = [
    "Endpoint",
    "fail",
    "forget_views",
    "record_error",
    "recorded",
    "replace",
    "said_by_provider",
    "wrap_copies",
]

_MARK = "_evalhub_wrapped"
_FIRST_ERROR = 400
_VIEWS = ("with_raw_response", "with_streaming_response")

Arguments = Mapping[str, Any]


class Endpoint(Protocol):
    """What is recorded of the calls of one method. No method of it raises an Exception."""

    def begin(self, args: tuple[Any, ...], arguments: dict[str, Any]) -> ActiveSpan | None:
        """Open a span for a call; None when it is not recorded.

        What is meant for us only is taken out of *arguments*.
        """

    def finish(
        self, span: ActiveSpan, args: tuple[Any, ...], arguments: Arguments, answer: Any
    ) -> None:
        """Record *answer* and close *span*, now or when its stream ends."""


def replace(owner: Any, method: str, wrap: Callable[[Any], Callable[..., Any]]) -> None:
    """Put ``wrap(owner.method)`` in place of the method; once, and only if there is one."""
    original = getattr(owner, method, None)
    # `is True`: a Mock has any attribute.
    if original is None or getattr(original, _MARK, None) is True:
        return
    wrapper = functools.wraps(original)(wrap(original))
    setattr(wrapper, _MARK, True)
    setattr(owner, method, wrapper)


def forget_views(owner: Any) -> None:
    """Let ``with_raw_response`` be made again: it keeps the methods that it was made from."""
    for view in _VIEWS:
        getattr(owner, "__dict__", {}).pop(view, None)


def wrap_copies(client: Any, again: Callable[[Any], Any]) -> None:
    """Apply *again* to every copy that *client* makes of itself."""

    def wrap(original: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **kwargs: again(original(*args, **kwargs))

    for method in ("copy", "with_options"):
        replace(client, method, wrap)


def recorded(endpoint: Endpoint, original: Callable[..., Any]) -> Callable[..., Any]:
    """Return *original*, recorded by *endpoint*; a coroutine function stays one."""
    if inspect.iscoroutinefunction(inspect.unwrap(original)):
        return _recorded_async(endpoint, original)
    return _recorded_sync(endpoint, original)


def _recorded_sync(endpoint: Endpoint, original: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = endpoint.begin(args, kwargs)
        if span is None:
            return original(*args, **kwargs)
        span._token = CURRENT.set(span)
        try:
            answer = original(*args, **kwargs)
        except BaseException as error:
            fail(span, error)
            raise
        endpoint.finish(span, args, kwargs, answer)
        return answer

    return wrapper


def _recorded_async(endpoint: Endpoint, original: Callable[..., Any]) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        span = endpoint.begin(args, kwargs)
        if span is None:
            return await original(*args, **kwargs)
        span._token = CURRENT.set(span)
        try:
            answer = await original(*args, **kwargs)
        except BaseException as error:
            fail(span, error)
            raise
        endpoint.finish(span, args, kwargs, answer)
        return answer

    return wrapper


def fail(span: ActiveSpan, error: BaseException) -> None:
    """Close *span* with the *error* that is on its way to the caller."""
    tracer = span._tracer
    end_ns = tracer.clock()
    try:
        record_error(span, error)
    except Exception as problem:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(problem)
    finally:  # Ctrl-C may come in here: the span must not stay current
        tracer.end(span, end_ns)


def record_error(span: ActiveSpan, error: BaseException) -> None:
    """Record *error* on *span*, and as metadata what the provider said with it."""
    span.set_error(error)
    said = said_by_provider(error)
    if said:
        span.set(metadata=said)


def said_by_provider(error: BaseException) -> dict[str, Any]:
    """Return the HTTP status, the id of the request and the type that a provider's error has."""
    status = getattr(error, "status_code", None)
    details = {
        # An error in the middle of a stream follows a 200.
        "status_code": status if isinstance(status, int) and status >= _FIRST_ERROR else None,
        "request_id": getattr(error, "request_id", None),
        "error_type": getattr(error, "type", None),
    }
    return {key: value for key, value in details.items() if isinstance(value, int | str)}
