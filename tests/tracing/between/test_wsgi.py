"""A WSGI application on the standard library's server, called with a real HTTP client."""

import threading
from collections.abc import Iterator
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest

from evalhub.tracing import trace
from evalhub.tracing.context import CURRENT
from evalhub.tracing.integrations.wsgi import TracingWsgiMiddleware
from evalhub.tracing.propagation import to_headers
from evalhub.tracing.testing import Recorder


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Write nothing."""


def application(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """Send two parts, each made inside a span."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    for number in range(2):
        with trace("part"):
            yield str(number).encode()


@pytest.fixture
def url() -> Iterator[str]:
    """Serve the application behind the middleware."""
    server = make_server("127.0.0.1", 0, TracingWsgiMiddleware(application), handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_body_made_step_by_step_is_below_the_caller(recorder: Recorder, url: str) -> None:
    """The application's generator runs after it has returned, and still in the caller's trace."""
    with trace("client") as client:
        assert httpx.get(url, headers=to_headers()).text == "01"
    parts = [span for span in recorder.spans if span.name == "part"]
    assert [part.parent_id for part in parts] == [client.span_id] * 2


def test_without_headers_the_body_is_the_applications_own(recorder: Recorder, url: str) -> None:
    """An untraced request gets no wrapper, and its spans are roots."""
    assert httpx.get(url).text == "01"
    assert {span.parent_id for span in recorder.spans} == {None}
    body = TracingWsgiMiddleware(lambda environ, start: [b"x"])({}, lambda *args: None)
    assert body == [b"x"]


def test_close_reaches_the_application(recorder: Recorder) -> None:
    """The server's close is handed on, inside the request's context."""
    closed: list[str] = []

    class Body(list[bytes]):
        def close(self) -> None:
            current = CURRENT.get()
            closed.append(current.span_id if current else "")

    with trace("client") as client:
        headers = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in to_headers().items()}
    body = TracingWsgiMiddleware(lambda environ, start: Body([b"x"]))(headers, lambda *args: None)
    assert list(body) == [b"x"]
    body.close()  # type: ignore[attr-defined]  # WSGI bodies may have it
    assert closed == [client.span_id]
