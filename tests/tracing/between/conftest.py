"""Fixtures of the tests between processes: OpenTelemetry providers, and servers on 127.0.0.1."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import uvicorn
from opentelemetry.sdk.trace import TracerProvider

from evalhub.tracing.integrations.otel import EvalhubIdGenerator, EvalhubSpanProcessor


@pytest.fixture
def provider() -> Iterator[TracerProvider]:
    """Return an OpenTelemetry provider whose spans go where ours go."""
    provider = TracerProvider()
    provider.add_span_processor(EvalhubSpanProcessor())
    yield provider
    provider.shutdown()


@pytest.fixture
def same_ids() -> Iterator[TracerProvider]:
    """Return a provider that uses our trace ids too."""
    provider = TracerProvider(id_generator=EvalhubIdGenerator())
    provider.add_span_processor(EvalhubSpanProcessor())
    yield provider
    provider.shutdown()


@pytest.fixture
def serve_asgi() -> Iterator[Callable[[Any], str]]:
    """Return a function that serves an ASGI application with uvicorn and returns its URL."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(_served(app))


@pytest.fixture
def serve_http() -> Iterator[Callable[[type[BaseHTTPRequestHandler]], str]]:
    """Return a function that serves with a request handler and returns the URL."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def serve(handler: type[BaseHTTPRequestHandler]) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@contextlib.contextmanager
def _served(app: Any) -> Iterator[str]:
    config = uvicorn.Config(app, port=0, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
