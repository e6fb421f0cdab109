"""WSGI middleware: what a request traces goes below the caller's span.

::

    app.wsgi_app = TracingWsgiMiddleware(app.wsgi_app)   # Flask
    application = TracingWsgiMiddleware(application)     # Django, any WSGI application
"""

from collections.abc import Callable, Iterable, Iterator
from contextvars import Context, copy_context
from typing import Any

from evalhub.tracing.context import CURRENT
from evalhub.tracing.propagation import from_headers

__all__ = ["TracingWsgiMiddleware"]

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class TracingWsgiMiddleware:
    """Makes the span that a request's headers name the parent of what is traced in it."""

    def __init__(self, app: App) -> None:
        self.app = app

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one request; a body that is made step by step is traced too."""
        headers = [
            (name[5:].replace("_", "-"), value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        ]
        parent = from_headers(headers)
        if parent is None:
            return self.app(environ, start_response)
        context = copy_context()
        context.run(CURRENT.set, parent)
        return _Body(context.run(self.app, environ, start_response), context)


class _Body:
    """A response body whose steps run in the request's context."""

    def __init__(self, body: Iterable[bytes], context: Context) -> None:
        self._body = body
        self._context = context
        self._steps: Iterator[bytes] | None = None

    def __iter__(self) -> "_Body":
        return self

    def __next__(self) -> bytes:
        if self._steps is None:
            self._steps = self._context.run(iter, self._body)
        return self._context.run(next, self._steps)

    def close(self) -> None:
        """Close the application's body, as servers must."""
        close = getattr(self._body, "close", None)
        if close is not None:
            self._context.run(close)
