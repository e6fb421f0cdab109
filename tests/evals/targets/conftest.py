"""A fake endpoint over real HTTP on the loopback interface."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Asked:
    """One request that the fake got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    connection: tuple[str, int]

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass
class FakeEndpoint:
    """A fake of an application's endpoint, or of a model's.

    It answers with ``answer(request)``: a status, and a body (a text, or what is written as
    JSON). It keeps the requests.
    """

    url: str = ""
    answer: Callable[[Asked], tuple[int, Any]] = lambda asked: (200, {"text": "hello"})
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


def _handler(fake: FakeEndpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body, self.client_address)
            fake.asked.append(asked)
            status, answer = fake.answer(asked)
            data = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            for key, value in fake.headers.items():
                self.send_header(key, value)
            kind = "text/plain" if isinstance(answer, str) else "application/json"
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - the names that the base asks for

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base
            """Stay silent."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away."""


@pytest.fixture
def fake() -> Iterator[FakeEndpoint]:
    """Run a fake endpoint."""
    endpoint = FakeEndpoint()
    server = _Server(("127.0.0.1", 0), _handler(endpoint))
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()
