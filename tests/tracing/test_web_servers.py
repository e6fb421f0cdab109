"""Traced applications under the servers that people run: every worker stores its spans."""

import contextlib
import http.client
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalhub.tracing import configure, flush, traceable

APPLICATION = """
import asyncio, os
from evalhub.tracing import traceable

@traceable
def answer(path):
    return path

if os.environ.get("TRACE_BEFORE_FORK"):
    answer("at import")

def wsgi(environ, start_response):
    body = answer(environ["PATH_INFO"]).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    if os.environ.get("IN_A_THREAD"):  # where frameworks run functions that are not async
        body = (await asyncio.to_thread(answer, scope["path"])).encode()
    else:
        body = answer(scope["path"]).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"""

GUNICORN = ("gunicorn", "--workers", "2", "--no-control-socket", "--bind")
SERVERS = {
    "gunicorn": (*GUNICORN, "127.0.0.1:{port}", "application:wsgi"),
    "gunicorn, preloaded": (*GUNICORN, "127.0.0.1:{port}", "--preload", "application:wsgi"),
    "gunicorn, threads": (*GUNICORN, "127.0.0.1:{port}", "--threads", "4", "application:wsgi"),
    "uvicorn": ("uvicorn", "--port", "{port}", "--lifespan", "off", "application:asgi"),
    "uvicorn, workers": (
        *("uvicorn", "--port", "{port}", "--workers", "2", "--lifespan", "off"),
        "application:asgi",
    ),
}


@contextlib.contextmanager
def serving(command: tuple[str, ...], folder: Path, home: Path, **more: str) -> Iterator[int]:
    """Run a server in *folder* and give its port; it is ended by SIGTERM."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "application.py").write_text(APPLICATION)
    process = subprocess.Popen(
        [sys.executable, "-m", *(part.format(port=port) for part in command)],
        cwd=folder,
        env={**os.environ, "EVALHUB_HOME": str(home), "PYTHONPATH": str(folder), **more},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def wait_for(port: int) -> None:
    """Wait until somebody listens on *port*."""
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < deadline, "the server did not start within 60 s"
            time.sleep(0.05)
        else:
            return


def get(port: int, path: str) -> bytes:
    """Return the body of one request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read()


@traceable
def answer_here(path: str) -> str:
    """Be traced in this process, whose start sends what others left."""
    return path


def asked_of(home: Path) -> list[str]:
    """Return the paths that the workers were asked for, sorted."""
    with contextlib.closing(sqlite3.connect(home / "evalhub.db")) as connection:
        rows = connection.execute("SELECT output_preview FROM span WHERE name = 'answer'")
        paths = [text.split('"')[3] for (text,) in rows]
        return sorted(path for path in paths if path.startswith("/"))


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for what another thread does; fail when it does not happen."""
    deadline = time.monotonic() + 30
    while not is_true():
        assert time.monotonic() < deadline, "it did not happen within 30 s"
        time.sleep(0.01)


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("setting", ["", "TRACE_BEFORE_FORK", "IN_A_THREAD"])
def test_every_request_is_stored(
    tmp_path: Path, evalhub_home: Path, name: str, setting: str
) -> None:
    """Spans of all workers are there when the server has ended."""
    folder = tmp_path / "app"
    folder.mkdir()
    with serving(
        SERVERS[name], folder, evalhub_home, **({setting: "1"} if setting else {})
    ) as port:
        for n in range(40):
            assert get(port, f"/{n}") == f"/{n}".encode()
    # Where a worker was killed before its first batch was stored, that is on disk.
    configure()
    answer_here("last")
    assert flush(30)
    wait_until(lambda: len(asked_of(evalhub_home)) >= 40)
    asked = asked_of(evalhub_home)
    assert asked == sorted(f"/{n}" for n in range(40))
