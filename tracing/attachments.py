"""Bytes that belong to a span: read where they are attached, and found inside payloads.

What a program attaches is copied at once, so that it is recorded as it was. Base64 inside a
recorded payload is moved out on the worker's thread.
"""

import base64
import binascii
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalhub.errors import ConfigError
from evalhub.model import Attachment, Span
from evalhub.tracing.encode import MEDIA_MARKS, cut, decode, encode

if TYPE_CHECKING:
    from evalhub.tracing.active import ActiveSpan

__all__ = ["ATTACHMENT_LIMIT", "Content", "extract", "guess_type", "take_attachment"]

ATTACHMENT_LIMIT = 20_000_000
"""Bytes of one attachment that are kept; a larger one is named in the span and left out."""

Content = bytes | bytearray | memoryview | str | os.PathLike[str]
"""Bytes, text, or the ``Path`` of a file. A path as ``str`` is text: it may be a stranger's."""

_SMALL = 1_000
"""Base64 shorter than this stays where it is."""
_SMALL_PAYLOAD = 16_000
"""Payloads shorter than this are not searched: they are no trouble, and most are."""
_MAX_FOUND = 100
_NO_LIMIT = 2**62

_TYPES = {
    "csv": "text/csv",
    "flac": "audio/flac",
    "gif": "image/gif",
    "htm": "text/html",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/json",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF8", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"WAVE", 8, "audio/wav"),
    (b"%PDF-", 0, "application/pdf"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"OggS", 0, "audio/ogg"),
    (b"fLaC", 0, "audio/flac"),
    (b"ftyp", 4, "video/mp4"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
    (b"PK\x03\x04", 0, "application/zip"),
)
_UNKNOWN = "application/octet-stream"


def take_attachment(
    span: "ActiveSpan", name: str, content: Content, mime_type: str | None
) -> dict[str, Any]:
    """Attach *content* to the open *span* and return its mark; never raises.

    A name that the span has already is given a number. What cannot be kept is named, with the
    reason, in the mark and in the span's metadata.
    """
    details = span._more()
    name = _unused(str(name), {attachment.name for attachment in details.attachments})
    try:
        attachment = _read(name, content, mime_type, span._tracer.attachment_limit)
    except Exception as error:  # noqa: BLE001 - no such file; or an object of any kind
        reason = str(error) if isinstance(error, ConfigError) else type(error).__name__
        left_out = {"attachment": name, "not_recorded": reason}
        details.metadata.setdefault("attachments_not_recorded", []).append(left_out)
        return left_out
    details.attachments.append(attachment)
    details.attached_bytes += len(attachment.data)
    return _mark_of(attachment)


def _unused(name: str, taken: set[str]) -> str:
    stem, dot, ending = name.rpartition(".")
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{stem}-{number}.{ending}" if dot else f"{name}-{number}"
    return candidate


def _read(name: str, content: Content, mime_type: str | None, limit: int) -> Attachment:
    """Return *content* as an attachment.

    Raises:
        ConfigError: it is larger than *limit*, or neither bytes nor a path.
        OSError: the file cannot be read.
    """
    path = ""
    if isinstance(content, str):
        content = content.encode("utf-8", "backslashreplace")
        mime_type = mime_type or "text/plain"
    if isinstance(content, bytes | bytearray | memoryview):
        size = memoryview(content).nbytes
        data = bytes(content) if size <= limit else b""
    elif isinstance(content, os.PathLike):
        path = os.fspath(content)
        size, data = _file(path, limit)
    else:
        raise ConfigError(f"{type(content).__name__} is neither bytes, nor text, nor a path")
    if size > limit:
        raise ConfigError(f"it has {size} bytes; the limit is {limit}")
    return Attachment(name, mime_type or guess_type(name, data, path), data)


def _file(path: str, limit: int) -> tuple[int, bytes]:
    """Return the size of the file at *path*, and what is in it unless it is too large."""
    if not Path(path).is_file():  # reading a pipe or a device would wait, or never end
        raise ConfigError("it is no regular file")
    size = Path(path).stat().st_size
    if size > limit:
        return size, b""
    with Path(path).open("rb") as file:
        data = file.read(limit + 1)  # it may have grown
    return len(data), data


def guess_type(name: str, data: bytes, path: str = "") -> str:
    """Return the MIME type of *data* by its first bytes, else by the ending of a name."""
    for start, offset, mime_type in _MAGIC:
        if data.startswith(start, offset):
            return mime_type
    endings = (text.rpartition(".")[2].lower() for text in (name, path) if "." in text)
    return next((_TYPES[ending] for ending in endings if ending in _TYPES), _UNKNOWN)


def _mark_of(attachment: Attachment) -> dict[str, Any]:
    """Return what stands in a payload in place of *attachment*."""
    return {
        "attachment": attachment.name,
        "mime_type": attachment.mime_type,
        "bytes": len(attachment.data),
    }


def extract(span: Span, limit: int) -> Span:
    """Return *span* with base64 files in its inputs and outputs moved to its attachments.

    Data URLs, Anthropic's and Bedrock's ``{"type": "base64"}`` sources, OpenAI's
    ``b64_json`` and audio are found. Payloads are cut to about *limit* bytes afterwards.
    """
    changes: dict[str, Any] = {}
    attachments = list(span.attachments)
    for field in ("inputs", "outputs"):
        payload: bytes | None = getattr(span, field)
        if payload is None or len(payload) < _SMALL_PAYLOAD:
            continue
        if any(mark in payload for mark in MEDIA_MARKS):
            moved = _Mover(field, attachments).move(payload)
            changes[field] = moved if len(moved) <= limit else cut(moved, limit)
    if not changes:
        return span
    return replace(span, **changes, attachments=tuple(attachments))


class _Mover:
    """Moves base64 out of one payload."""

    def __init__(self, field: str, attachments: list[Attachment]) -> None:
        self._field = field
        self._attachments = attachments
        self._before = len(attachments)

    def move(self, payload: bytes) -> bytes:
        try:
            value = self._moved(decode(payload))
        except (ValueError, RecursionError):  # not JSON, or too deep: it stays as it is
            return payload
        return payload if len(self._attachments) == self._before else encode(value, _NO_LIMIT)

    def _moved(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._data_url(value)
        if isinstance(value, list):
            return [self._moved(item) for item in value]
        if isinstance(value, dict):
            mime_types = dict(_media_of(value))
            return {
                key: self._base64(item, mime_types[key]) if key in mime_types else self._moved(item)
                for key, item in value.items()
            }
        return value

    def _data_url(self, text: str) -> Any:
        if not text.startswith("data:"):
            return text
        head, separator, data = text.partition(";base64,")
        return self._base64(data, head[5:].partition(";")[0], text) if separator else text

    def _base64(self, data: str, mime_type: str, otherwise: str | None = None) -> Any:
        """Return the mark of what *data* encodes; *otherwise*, or *data*, if nothing."""
        if len(data) < _SMALL or len(self._attachments) - self._before >= _MAX_FOUND:
            return otherwise or data
        try:
            plain = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return otherwise or data
        kind = mime_type or guess_type("", plain)
        ending = next((x for x, known in _TYPES.items() if known == kind), "bin")
        name = f"{self._field}-{len(self._attachments) - self._before + 1}.{ending}"
        attachment = Attachment(name, kind, plain)
        self._attachments.append(attachment)
        return _mark_of(attachment)


def _media_of(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of *value* that hold base64, and the MIME type of each ("": unknown)."""
    if isinstance(value.get("b64_json"), str):  # a generated image
        yield "b64_json", ""
    data = value.get("data")
    if not isinstance(data, str):
        return
    if value.get("type") == "base64":
        yield "data", str(value.get("media_type") or "")
    elif isinstance(value.get("format"), str):  # input_audio
        yield "data", _TYPES.get(value["format"], "")
    elif "transcript" in value:  # audio of an answer
        yield "data", ""
    elif isinstance(value.get("mime_type"), str):  # Gemini, LangChain
        yield "data", value["mime_type"]
