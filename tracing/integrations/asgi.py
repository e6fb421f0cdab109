"""ASGI middleware: what a request traces goes below the caller's span.

::

    app = TracingMiddleware(app)                                  # any ASGI application
    app.add_middleware(TracingMiddleware, record_requests=True)   # Starlette, FastAPI

The caller sends :func:`~evalhub.tracing.propagation.to_headers` with its request, or traces with
LangSmith or OpenTelemetry.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.process import ACTIVE, tracer_in_force
from evalhub.tracing.propagation import as_current, continue_trace

__all__ = ["TracingMiddleware"]

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class TracingMiddleware:
    """Makes the span that a request's headers name the parent of what is traced in it."""

    def __init__(self, app: App, *, record_requests: bool = False) -> None:
        """Wrap *app*.

        Args:
            app: An ASGI 3 application.
            record_requests: Record a span for each request too, from its arrival until the last
                part of the body is sent; the first part counts as the first token.
        """
        self.app = app
        self._records = record_requests

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, websocket or lifespan."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        with continue_trace(scope.get("headers") or ()):
            request = _open(scope) if self._records else None
            if request is None:
                await self.app(scope, receive, send)
            else:
                await self._serve(request, receive, send)

    async def _serve(self, request: "_Request", receive: Receive, send: Send) -> None:
        async def observed(message: Message) -> None:
            await send(message)
            request.observe(message)

        with as_current(request.span):
            try:
                await self.app(request.scope, receive, observed)
            except BaseException as error:
                request.fail(error)
                raise
            finally:
                request.end()


class _Request:
    """The span of one request. Nothing in here raises."""

    def __init__(self, span: ActiveSpan, scope: Message) -> None:
        self.span = span
        self.scope = scope
        self._tracer = span._tracer
        self._status: int | None = None
        self._first_ns: int | None = None

    def observe(self, message: Message) -> None:
        """Note what was sent to the client; the end of the body is the end of the span."""
        kind = message.get("type")
        if kind == "http.response.start":
            self._status = message.get("status")
        elif kind == "http.response.body":
            if self._first_ns is None and message.get("body"):
                self._first_ns = self._tracer.clock()
            if not message.get("more_body"):
                self.end()

    def fail(self, error: BaseException) -> None:
        self.span.set_error(error)

    def end(self) -> None:
        span = self.span
        if span._end_ns:
            return
        end_ns = self._tracer.clock()
        try:
            self._describe()
        except Exception as error:  # noqa: BLE001 - our failure must not reach the program
            self._tracer.absorb(error)
        self._tracer.end(span, end_ns)

    def _describe(self) -> None:
        span, status = self.span, self._status
        route = getattr(self.scope.get("route"), "path", None)
        if route:
            span.name = f"{_method(self.scope)} {route}"
            span.set(metadata={"http.route": route})
        span.set(first_token_ns=self._first_ns)
        if status is not None:
            span.set_outputs({"status": status})
            if status >= 500 and span._error is None:
                span._error = f"HTTP status {status}"


def _open(scope: Message) -> _Request | None:
    tracer = ACTIVE.tracer or tracer_in_force()
    if not tracer.enabled:
        return None
    try:
        method, path = _method(scope), str(scope.get("path", ""))
        span = tracer.begin(f"{method} {path}", "chain", None)
        if span is None:
            return None
        # The query stays out: it is where keys and addresses travel.
        span.set_inputs({"method": method, "path": path})
    except Exception as error:  # noqa: BLE001 - our failure must not reach the program
        tracer.absorb(error)
        return None
    return _Request(span, scope)


def _method(scope: Message) -> str:
    return str(scope.get("method", "WEBSOCKET"))
