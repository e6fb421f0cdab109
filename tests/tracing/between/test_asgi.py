"""A real Starlette application on a real uvicorn, called with a real HTTP client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
from langsmith.run_trees import RunTree
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route

from evalhub.tracing import trace, traceable
from evalhub.tracing.context import CURRENT
from evalhub.tracing.integrations.asgi import TracingMiddleware
from evalhub.tracing.propagation import to_headers
from evalhub.tracing.testing import Recorder

Serve = Callable[[Any], str]


@traceable
def answer(question: str) -> str:
    """Answer, as a span."""
    return question.upper()


async def ask(request: Request) -> PlainTextResponse:
    """Answer the question in the path."""
    return PlainTextResponse(answer(request.path_params["question"]))


async def stream(request: Request) -> StreamingResponse:
    """Send three parts, each made inside a span."""

    async def parts() -> AsyncIterator[str]:
        for number in range(3):
            with trace("part"):
                yield str(number)

    return StreamingResponse(parts())


async def fail(request: Request) -> PlainTextResponse:
    """Raise an exception."""
    raise LookupError("nothing there")


async def busy(request: Request) -> PlainTextResponse:
    """Say 503."""
    return PlainTextResponse("later", 503)


def application(**options: Any) -> Starlette:
    """Return an application behind the middleware."""
    routes = [
        Route("/ask/{question}", ask),
        Route("/stream", stream),
        Route("/fail", fail),
        Route("/busy", busy),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TracingMiddleware, **options)])


def test_a_request_goes_on_with_the_callers_trace(recorder: Recorder, serve_asgi: Serve) -> None:
    """What the server traces is below the client's span; the answer is the same."""
    url = serve_asgi(application())
    with trace("client") as client:
        response = httpx.get(f"{url}/ask/why", headers=to_headers())
    assert response.text == "WHY"
    assert recorder.span("answer").parent_id == client.span_id
    httpx.get(f"{url}/ask/alone")
    assert [span.parent_id for span in recorder.spans if span.name == "answer"][1] is None


def test_a_client_that_traces_with_langsmith(recorder: Recorder, serve_asgi: Serve) -> None:
    """Its run is the parent."""
    run = RunTree(name="theirs")
    httpx.get(f"{serve_asgi(application())}/ask/why", headers=run.to_headers())
    assert recorder.span("answer").parent_id == run.id.hex


def test_requests_are_recorded_when_asked(recorder: Recorder, serve_asgi: Serve) -> None:
    """The span has method, route and status; the query, where keys travel, stays out."""
    url = serve_asgi(application(record_requests=True))
    with trace("client") as client:
        httpx.get(f"{url}/ask/why?key=hush", headers=to_headers())
    request = recorder.span("GET /ask/{question}")
    assert request.parent_id == client.span_id
    assert request.inputs == b'{"method":"GET","path":"/ask/why"}'
    assert (request.status, request.outputs) == ("ok", b'{"status":200}')
    assert recorder.span("answer").parent_id == request.span_id
    assert b"hush" not in repr(request).encode()


def test_a_streamed_body_is_part_of_the_request(recorder: Recorder, serve_asgi: Serve) -> None:
    """The span ends with the last part; the first part is its first token."""
    response = httpx.get(f"{serve_asgi(application(record_requests=True))}/stream")
    assert response.text == "012"
    request = recorder.span("GET /stream")
    parts = [span for span in recorder.spans if span.name == "part"]
    assert [part.parent_id for part in parts] == [request.span_id] * 3
    assert max(part.end_ns for part in parts) < request.end_ns
    assert request.first_token_ns is not None
    assert request.start_ns < request.first_token_ns < request.end_ns


def test_failures_are_recorded_and_passed_on(recorder: Recorder, serve_asgi: Serve) -> None:
    """An exception reaches the server as before; 5xx without one is an error too."""
    url = serve_asgi(application(record_requests=True))
    assert httpx.get(f"{url}/fail").status_code == 500
    assert httpx.get(f"{url}/busy").status_code == 503
    assert (recorder.span("GET /fail").error or "").startswith("LookupError('nothing there')")
    assert recorder.span("GET /busy").error == "HTTP status 503"
    assert recorder.span("GET /busy").status == "error"


def test_scopes_without_headers_pass(recorder: Recorder) -> None:
    """Lifespan events and odd scopes reach the application as they are."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    async def silent(message: Any = None) -> Any:
        return message

    async def main() -> None:
        for records in (False, True):
            for kind in ("lifespan", "http", "websocket"):
                await TracingMiddleware(app, record_requests=records)(
                    {"type": kind}, silent, silent
                )
        assert CURRENT.get() is None

    asyncio.run(main())
    assert seen == ["lifespan", "http", "websocket"] * 2
    assert recorder.stats().internal_errors == 0
