"""Programs send spans to the collector over real HTTP, and find them in its store."""

import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import StoreError, StoreUnavailableError
from evalhub.model import Batch, Span, SpanEvent, Usage
from evalhub.store import open_store
from evalhub.store.queries import get_trace
from evalhub.tracing.exporters.http import HttpExporter

SPAN = Span(
    trace_id="0192f0c1" * 4,
    span_id="0192f0c2" * 4,
    parent_id=None,
    project="shop",
    name="answer",
    kind="llm",
    status="ok",
    start_ns=1_700_000_000_000_000_000,
    end_ns=1_700_000_000_250_000_000,
    first_token_ns=1_700_000_000_100_000_000,
    model="gpt-4o-mini",
    provider="openai",
    usage=Usage(input_tokens=12, output_tokens=5, cache_read_tokens=3),
    session_id="s1",
    user_id="u1",
    tags=("a", "b"),
    inputs=b'{"question":"caf\xc3\xa9?"}',
    outputs=b'{"output":[1,2.5,null]}',
    attributes=b'{"temperature":0.1}',
    events=(SpanEvent("new_token", 1_700_000_000_100_000_000, b'{"index":0}'),),
)


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """Run ``evalhub serve`` on the store in *home* and give its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "evalhub", "serve", "--port", str(port)],
        env={**os.environ, "EVALHUB_HOME": str(home), **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=10)


@pytest.fixture(scope="module")
def collector_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of the collector that these tests share."""
    return tmp_path_factory.mktemp("collector")


@pytest.fixture(scope="module")
def shared_collector(collector_home: Path) -> Iterator[str]:
    """Run one collector for all tests of this file."""
    with serving(collector_home) as url:
        yield url


@pytest.fixture
def collector(shared_collector: str, collector_home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the collector's URL; the test's own home is the collector's."""
    monkeypatch.setenv("EVALHUB_HOME", str(collector_home))
    return shared_collector


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, "the collector ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the collector did not listen within 30 s")


def post(url: str, body: bytes, **headers: str) -> tuple[int, Any]:
    """Post *body* to the collector and return its status and decoded answer."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/v1/spans", body, headers)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


def test_exported_span_is_stored_unchanged(collector: str) -> None:
    """What the exporter sends comes back from the store equal in every field."""
    exporter = HttpExporter(collector)
    exporter.export(Batch([SPAN]))
    exporter.close()
    with open_store() as store, store.read() as connection:
        detail = get_trace(connection, SPAN.trace_id)
    assert detail is not None
    assert [stored.span for stored in detail.spans] == [SPAN]


def test_sending_twice_stores_once(collector: str) -> None:
    """A batch whose answer was lost may be sent again."""
    once = _minimal(trace_id="0192f0c3" * 4)
    body = gzip.compress(json.dumps({"spans": [once]}).encode())
    headers = {"Content-Encoding": "gzip"}
    assert post(collector, body, **headers) == (200, {"stored": 1})
    assert post(collector, body, **headers) == (200, {"stored": 0})


def _minimal(**fields: object) -> dict[str, object]:
    return {
        "trace_id": SPAN.trace_id,
        "span_id": SPAN.span_id,
        "name": "x",
        "start_ns": 1,
        "end_ns": 2,
        **fields,
    }


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (b"not json", {}, "Invalid JSON"),
        (b"{}", {}, "spans: Field required"),
        (json.dumps({"spans": [_minimal(trace_id="xyz")]}).encode(), {}, "got 'xyz'"),
        (json.dumps({"spans": [_minimal(start_ns=-5)]}).encode(), {}, "got -5"),
        (b"plain", {"Content-Encoding": "gzip"}, "the body is not gzip"),
        (gzip.compress(b"{}")[:-9], {"Content-Encoding": "gzip"}, "ends too early"),
        (b"x", {"Content-Encoding": "br"}, "'br' is not known"),
        (gzip.compress(b" " * 70_000_000), {"Content-Encoding": "gzip"}, "larger than"),
    ],
)
def test_bad_body_is_one_clear_line(
    collector: str, body: bytes, headers: dict[str, str], message: str
) -> None:
    """The answer names the field and the value."""
    status, answer = post(collector, body, **headers)
    assert status == 400
    assert message in answer["detail"]


def test_key_is_asked_for(evalhub_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With EVALHUB_API_KEY set, only those who send it are let in."""
    with serving(evalhub_home, EVALHUB_API_KEY="open sesame") as url:
        assert post(url, json.dumps({"spans": []}).encode())[0] == 401
        monkeypatch.setenv("EVALHUB_API_KEY", "wrong")
        with (
            closing(HttpExporter(url)) as refused,
            pytest.raises(StoreError, match="answered 401"),
        ):
            refused.export(Batch([SPAN]))
        monkeypatch.setenv("EVALHUB_API_KEY", "open sesame")
        with closing(HttpExporter(url)) as admitted:
            admitted.export(Batch([SPAN]))


def test_absent_collector_is_named() -> None:
    """The exporter says where nobody answered, without a password, and what would."""
    with pytest.raises(StoreUnavailableError, match="start it with: evalhub serve") as caught:
        HttpExporter("http://me:secret@127.0.0.1:9").export(Batch([SPAN]))
    assert "me:secret" not in str(caught.value)


def test_traced_program_reaches_the_collector(collector: str) -> None:
    """A program with EVALHUB_URL set to the collector loses nothing at its exit."""
    program = (
        "from evalhub import traceable\n"
        "@traceable\n"
        "def greet(name): return 'hello ' + name\n"
        "for i in range(100): greet(str(i))\n"
    )
    environment = {**os.environ, "EVALHUB_URL": collector}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    listed = subprocess.run(
        [sys.executable, *["-m", "evalhub", "traces", "list", "--limit", "200", "--json"]],
        capture_output=True,
        check=True,
    )
    assert [trace["name"] for trace in json.loads(listed.stdout)].count("greet") == 100
