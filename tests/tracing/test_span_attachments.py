"""Attachments of open spans, and base64 files moved out of payloads."""

import base64
import io
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from evalhub.model import Span
from evalhub.tracing import configure, flush, trace, traceable
from evalhub.tracing.attachments import extract, guess_type
from evalhub.tracing.encode import encode
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.process import tracer_in_force
from evalhub.tracing.testing import Recorder

NOISE = random.Random(1).randbytes(30_000)
PNG = b"\x89PNG\r\n\x1a\n" + NOISE
WAV = b"RIFF\x00\x00\x00\x00WAVE" + NOISE
PDF = b"%PDF-1.7\n" + NOISE


def text_of(data: bytes) -> str:
    """Return *data* as base64."""
    return base64.b64encode(data).decode()


def test_bytes_are_kept_as_they_were(recorder: Recorder) -> None:
    """Bytes, also mutable ones, text and files are read when they are attached."""
    buffer = bytearray(b"before")
    with trace("block") as span:
        span.attach("a.bin", buffer)
        span.attach("b.bin", memoryview(b"viewed"))
        mark = span.attach("note", "Größe")
        buffer[:] = b"after!"
    (recorded,) = recorder.spans
    assert [a.data for a in recorded.attachments] == [b"before", b"viewed", "Größe".encode()]
    assert recorded.attachments[2].mime_type == "text/plain"
    assert mark == {"attachment": "note", "mime_type": "text/plain", "bytes": 7}


def test_paths_are_read_at_once(recorder: Recorder, tmp_path: Path) -> None:
    """A file may be gone when the span is delivered; text that names one is only text."""
    path = tmp_path / "table.csv"
    path.write_bytes(b"a,b\n")
    with trace("block") as span:
        span.attach("table", path)
        span.attach("name", str(path))
        path.unlink()
    file, name = recorder.spans[0].attachments
    assert (file.data, file.mime_type) == (b"a,b\n", "text/csv")
    assert name.data == str(path).encode()


def test_same_name_twice(recorder: Recorder) -> None:
    """A name that is taken is given a number, so that marks stay clear."""
    with trace("block") as span:
        marks = [span.attach("a.png", PNG)["attachment"] for _ in range(3)]
    assert marks == ["a.png", "a-2.png", "a-3.png"]
    assert [a.name for a in recorder.spans[0].attachments] == marks


def test_what_cannot_be_kept_is_named(tmp_path: Path) -> None:
    """Too large, absent, a pipe, an object: the program goes on and the span says why."""
    exporter = MemoryExporter()
    configure(exporter=exporter, max_attachment_bytes=10)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(b"x" * 11)
    with trace("block") as span:
        span.attach("a", b"x" * 11)
        span.attach("b", tmp_path / "absent")
        span.attach("c", tmp_path / "pipe")
        span.attach("d", tmp_path / "large")
        span.attach("e", io.BytesIO(b"x"))  # type: ignore[arg-type]  # the mistake
        span.attach("f", b"x" * 10)
    assert flush(10)
    (recorded,) = exporter.spans
    assert [a.name for a in recorded.attachments] == ["f"]
    left_out = json.loads(recorded.attributes or b"")["attachments_not_recorded"]
    assert [x["not_recorded"] for x in left_out] == [
        "it has 11 bytes; the limit is 10",
        "it is no regular file",
        "it is no regular file",
        "it has 11 bytes; the limit is 10",
        "BytesIO is neither bytes, nor text, nor a path",
    ]


def test_attaching_to_what_is_not_recorded() -> None:
    """With tracing off nothing is read, and nothing is returned."""
    configure(exporter=MemoryExporter(), enabled=False)
    with trace("block") as span:
        assert span.attach("a", Path("/absent")) == {}


def test_attachments_count_for_the_bound_of_the_queue() -> None:
    """Bytes that wait in memory are bounded, those of attachments too."""
    configure(exporter=MemoryExporter(), max_queue_bytes=50_000)
    with trace("block") as span:
        span.attach("a", b"x" * 49_500)
    assert span._more().attached_bytes == 49_500
    assert not tracer_in_force()._outbox._queue.put(span)


@pytest.mark.parametrize(
    ("name", "data", "mime_type"),
    [
        ("x", PNG, "image/png"),
        ("x.png", PDF, "application/pdf"),
        ("x", WAV, "audio/wav"),
        ("x", b"RIFF\x00\x00\x00\x00WEBP", "image/webp"),
        ("answer.JSON", b"{}", "application/json"),
        ("x", b"\x00", "application/octet-stream"),
        ("x.", b"", "application/octet-stream"),
    ],
)
def test_types_are_found_out(name: str, data: bytes, mime_type: str) -> None:
    """The first bytes say what it is; else the ending of the name does."""
    assert guess_type(name, data) == mime_type


@pytest.mark.parametrize(
    ("value", "mime_type", "data"),
    [
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{text_of(PNG)}"}},
            "image/png",
            PNG,
        ),
        (
            {
                "type": "image",
                "source": {"type": "base64", "media_type": "image/png", "data": text_of(PNG)},
            },
            "image/png",
            PNG,
        ),
        (
            {"type": "input_audio", "input_audio": {"data": text_of(WAV), "format": "wav"}},
            "audio/wav",
            WAV,
        ),
        ({"audio": {"id": "1", "data": text_of(WAV), "transcript": "hello"}}, "audio/wav", WAV),
        ({"data": [{"b64_json": text_of(PNG)}]}, "image/png", PNG),
        (
            {"file": {"file_data": f"data:application/pdf;base64,{text_of(PDF)}"}},
            "application/pdf",
            PDF,
        ),
        (
            {"source_type": "base64", "mime_type": "image/png", "data": text_of(PNG)},
            "image/png",
            PNG,
        ),
    ],
    ids=["data-url", "anthropic", "input-audio", "audio", "generated-image", "file", "langchain"],
)
def test_base64_becomes_an_attachment(value: Any, mime_type: str, data: bytes) -> None:
    """The shapes of the known providers are found; a short mark stays in the payload."""
    exporter = MemoryExporter()
    configure(exporter=exporter)

    @traceable
    def ask(messages: list[Any]) -> Any:
        return messages

    assert ask([{"role": "user", "content": [value]}])[0]["content"][0] is value
    assert flush(10)
    (span,) = exporter.spans
    first, second = span.attachments
    assert (first.mime_type, first.data) == (mime_type, data)
    assert first.sha256 == second.sha256
    for payload, attachment in ((span.inputs, first), (span.outputs, second)):
        assert payload is not None
        assert len(payload) < 400
        mark = {"attachment": attachment.name, "mime_type": mime_type, "bytes": len(data)}
        assert json.dumps(mark, separators=(",", ":")).encode() in payload


def test_files_larger_than_a_payload_are_whole() -> None:
    """The limit of payloads does not cut a file that is moved out of it."""
    exporter = MemoryExporter()
    configure(exporter=exporter, max_payload_bytes=5_000)
    image = f"data:image/png;base64,{text_of(PNG)}"

    @traceable
    def ask(image: str, prompt: str) -> str:
        return "x"

    ask(image, "what is this?")
    ask(image, "y" * 10_000)
    assert flush(10)
    short, long = exporter.spans
    assert short.attachments[0].data == long.attachments[0].data == PNG
    assert json.loads(short.inputs or b"")["prompt"] == "what is this?"
    assert json.loads(long.inputs or b"")["bytes"] < 11_000
    assert len(long.inputs or b"") < 5_200


@pytest.mark.parametrize(
    "value",
    [
        {"data": "no base64!" * 3_000, "type": "base64"},
        {"url": "data:image/png;base64," + "=" * 30_000},
        {"text": "base64 " * 5_000},
        {"data": text_of(b"short"), "type": "base64", "more": "x" * 20_000},
    ],
)
def test_what_only_looks_like_base64_stays(value: Any) -> None:
    """A payload without a file is the same object afterwards."""
    span = Span("1", "2", None, "p", "n", "llm", "ok", 1, 2, inputs=encode(value))
    assert extract(span, 10**6) == span


def test_hidden_inputs_leave_no_attachment() -> None:
    """What was hidden does not come out by another door."""
    exporter = MemoryExporter()
    configure(exporter=exporter, hide_inputs=True)

    @traceable
    def ask(image: str) -> str:
        return "x"

    ask(f"data:image/png;base64,{text_of(PNG)}")
    assert flush(10)
    assert exporter.spans[0].attachments == ()
