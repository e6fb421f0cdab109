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

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalhub.errors import StoreError, StoreUnavailableError
from evalhub.model import (
    Attachment,
    Batch,
    Delivery,
    Score,
    Span,
    SpanEvent,
    SpanScore,
    Usage,
)
from evalhub.store import StoredScore, open_store
from evalhub.store.attachments import get_blob
from evalhub.store.completeness import completeness
from evalhub.store.exporter import SqlExporter
from evalhub.store.ledger import list_producers
from evalhub.store.queries import get_trace
from evalhub.store.scores import get_scores
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


def _with(**fields: object) -> bytes:
    """Return the body of a batch, or of a span in one, with *fields*."""
    if "attachments" in fields:
        return json.dumps({"spans": [_minimal(**fields)]}).encode()
    return json.dumps({"spans": [], **fields}).encode()


def _minimal(**fields: object) -> dict[str, object]:
    return {
        "trace_id": SPAN.trace_id,
        "span_id": SPAN.span_id,
        "name": "x",
        "start_ns": 1,
        "end_ns": 2,
        **fields,
    }


SCORE = SpanScore(
    "0192f0c3" * 4, SPAN.trace_id, None, "helpful", 0.5, "so so", "it took long", "user", 7
)
REPORT = Delivery("0192f0c4" * 4, "web-1", 17, 1, 2, False, 9, 3, 1, (("0192f0c5" * 4, 1),))


def test_scores_and_the_ledger_arrive(collector: str) -> None:
    """They need no span beside them, and are stored once."""
    with closing(HttpExporter(collector)) as exporter:
        for _ in range(2):
            exporter.export(Batch((), [SCORE], REPORT))
    with open_store() as store, store.read() as connection:
        (score,) = get_scores(connection, SCORE.trace_id)
        (found,) = list_producers(connection)
        assert completeness(connection, "0192f0c5" * 4).lost == 1
    assert score == StoredScore(
        Score("helpful", 0.5, "", label="so so", explanation="it took long"),
        SCORE.trace_id,
        "user",
        7,
    )
    assert (found.producer, found.recorded, found.spooled) == (REPORT.producer, 9, 3)
    assert (found.dropped, found.stored, found.outstanding) == (1, 1, 7)


hex_ids = st.uuids().map(lambda given: given.hex)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
maybe_texts = st.none() | texts
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
payloads = st.none() | json_values.filter(lambda value: value is not None).map(orjson.dumps)
objects = st.none() | st.dictionaries(texts, json_values, max_size=3).map(orjson.dumps)
moments = st.integers(0, 2**62)
counts = st.none() | st.integers(0, 2**40)
usages = st.builds(
    Usage, counts, counts, counts, counts, counts, counts, counts, maybe_texts
).filter(lambda usage: usage != Usage())
attachments = st.builds(Attachment, texts, texts, st.binary(max_size=40))
any_span = st.builds(
    Span,
    trace_id=hex_ids,
    span_id=hex_ids,
    parent_id=st.none() | hex_ids,
    project=texts,
    name=texts,
    kind=texts,
    status=st.sampled_from(["ok", "error"]),
    start_ns=moments,
    end_ns=moments,
    first_token_ns=st.none() | moments,
    model=st.none() | st.sampled_from(["gpt-4o", "gpt-4o-audio-preview", "unheard-of"]),
    provider=st.none() | st.just("openai"),
    usage=st.none() | usages,
    session_id=maybe_texts,
    user_id=maybe_texts,
    tags=st.lists(texts, max_size=3).map(tuple),
    inputs=payloads,
    outputs=payloads,
    attributes=objects,
    error=maybe_texts,
    events=st.lists(st.builds(SpanEvent, texts, moments, objects), max_size=2).map(tuple),
    attachments=st.lists(attachments, max_size=2).map(tuple),
)
any_score = st.builds(
    SpanScore,
    id=hex_ids,
    trace_id=hex_ids,
    span_id=st.none() | hex_ids,
    name=texts,
    value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    label=maybe_texts,
    explanation=maybe_texts,
    source=texts,
    created_ns=moments,
)
any_report = st.builds(
    Delivery,
    producer=hex_ids,
    host=texts,
    pid=st.integers(1, 2**22),
    started_ns=moments,
    updated_ns=moments,
    is_ended=st.booleans(),
    recorded=moments,
    spooled=moments,
    dropped=moments,
    losses=st.lists(st.tuples(hex_ids, st.integers(1, 99)), max_size=2).map(tuple),
)
any_batch = st.builds(
    Batch,
    st.lists(any_span, max_size=3),
    st.lists(any_score, max_size=2),
    st.none() | any_report,
)


@pytest.fixture(scope="module")
def direct(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the URL of a store that no collector stands before."""
    return f"sqlite:///{tmp_path_factory.mktemp('direct')}/evalhub.db"


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batch=any_batch)
def test_the_way_over_http_changes_nothing(
    shared_collector: str, collector_home: Path, direct: str, batch: Batch
) -> None:
    """Every field of spans, attachments, scores and ledger is as if written straight."""
    for exporter in (HttpExporter(shared_collector), SqlExporter(direct)):
        with closing(exporter):
            exporter.export(batch)
    sent, written = (
        everything(url, batch) for url in (f"sqlite:///{collector_home}/evalhub.db", direct)
    )
    assert sent == written


def everything(url: str, batch: Batch) -> tuple[list[tuple[Any, ...]], list[Any], list[Any]]:
    """Return what the store at *url* says of the spans, scores and losses of *batch*."""
    with open_store(url) as store, store.read() as connection:
        spans = []
        for span in batch.spans:
            detail = get_trace(connection, span.trace_id)
            assert detail is not None
            (found,) = (one for one in detail.spans if one.span.span_id == span.span_id)
            data = [get_blob(connection, item.sha256) for item in found.attachments]
            spans.append((found.span, found.attachments, data, found.cost_usd, detail.summary))
        scores = [get_scores(connection, score.trace_id) for score in batch.scores]
        report = batch.delivery
        ledger: list[Any] = []
        if report is not None:
            lines = list_producers(connection, limit=10_000)
            ledger += [one for one in lines if one.producer == report.producer]
            ledger += [completeness(connection, trace_id).lost for trace_id, _ in report.losses]
        return spans, scores, ledger


def test_integers_of_more_than_64_bits_are_kept(collector: str) -> None:
    """Another program's JSON may hold them."""
    span = _minimal(inputs={"n": 2**70}, span_id="0192f0c9" * 4, trace_id="0192f0ca" * 4)
    assert post(collector, json.dumps({"spans": [span]}).encode()) == (200, {"stored": 1})
    with open_store() as store, store.read() as connection:
        detail = get_trace(connection, "0192f0ca" * 4)
    assert detail is not None
    assert detail.spans[0].span.inputs == b'{"n":%d}' % 2**70


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        (_with(attachments=[{"name": "a", "mime_type": "b", "data": "%%"}]), {}, "no base64"),
        (_with(scores=[{"id": "x"}]), {}, "got 'x'"),
        (_with(delivery={"producer": "zz"}), {}, "got 'zz'"),
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
