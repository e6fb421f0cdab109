"""Move files, images and audio out of what is recorded: they become attachments.

Base64 in a payload would be megabytes of JSON; the attachment is stored once, and a short
mark takes its place.
"""

import base64
import binascii
import os
import stat
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from evalhub.tracing.active import ActiveSpan

__all__ = ["lift_base64", "lift_content", "lift_file", "lift_outputs"]

_MAX_FILE_BYTES = 20_000_000
"""Larger files are named in the record and not read."""
_MAX_DEPTH = 6


def lift_content(span: ActiveSpan, messages: Any) -> Any:
    """Return *messages* with marks in place of base64 images, audio and files.

    The caller's own messages stay as they are; text is not looked at.
    """
    if not isinstance(messages, list | tuple):
        return messages  # a plain prompt; or an iterator, which is the client's to consume
    return [m if _is_plain(m) else _lifted(span, m, 0) for m in messages]


def _is_plain(message: Any) -> bool:
    """Say whether *message* is text only, as most are."""
    text = message.get("content") if type(message) is dict else None
    return type(text) is str and not text.startswith("data:")


def _lifted(span: ActiveSpan, part: Any, depth: int) -> Any:
    if isinstance(part, list) and depth < _MAX_DEPTH:
        return [_lifted(span, item, depth + 1) for item in part]
    if not isinstance(part, Mapping) or depth >= _MAX_DEPTH:
        return part
    return {
        key: _text(span, key, value, part)
        if isinstance(value, str)
        else _lifted(span, value, depth + 1)
        for key, value in part.items()
    }


def _text(span: ActiveSpan, key: str, text: str, part: Mapping[str, Any]) -> Any:
    if text.startswith("data:"):
        head, _, data = text.partition(";base64,")
        name = part.get("filename") or key
        return lift_base64(span, str(name), data, head[5:]) if data else text
    if key == "data" and "format" in part:  # input_audio
        return lift_base64(span, f"audio.{part['format']}", text, f"audio/{part['format']}")
    return text


def lift_base64(span: ActiveSpan, name: str, data: str, mime_type: str | None) -> Any:
    """Attach what *data* encodes and return the mark of it; *data* itself if it is not base64."""
    try:
        plain = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return data
    return span.attach(name, plain, mime_type)


def lift_file(span: ActiveSpan, argument: str, value: Any) -> Any:
    """Attach a file that is uploaded as *argument* and return the mark of it.

    A file is what the openai package takes: bytes, a path, an open file, or a tuple that
    begins with a name and one of these. A file object's position is not moved; what cannot be
    read without that is only named.
    """
    if isinstance(value, list):
        return [lift_file(span, argument, item) for item in value]
    name, content, mime_type = argument, value, None
    if isinstance(value, tuple) and len(value) > 1:
        name, content = str(value[0] or argument), value[1]
        mime_type = value[2] if len(value) > 2 else None
    elif isinstance(value, os.PathLike) or hasattr(value, "name"):
        name = Path(str(getattr(value, "name", value))).name
    data = _content(content)
    if data is None:
        return {"file": name, "type": type(content).__name__}
    return span.attach(name, data, mime_type)


def _content(value: Any) -> bytes | None:
    """Return the bytes of a file without moving its position; None when that cannot be had."""
    if isinstance(value, bytes | bytearray):
        return bytes(value)
    if isinstance(value, BytesIO):
        return value.getvalue()
    try:
        if isinstance(value, os.PathLike):
            with Path(os.fspath(value)).open("rb") as file:
                return _read(file.fileno())
        return _read(value.fileno())
    except (AttributeError, OSError, ValueError, TypeError):  # no such file, or none at all
        return None


def _read(descriptor: int) -> bytes | None:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_FILE_BYTES:
        return None
    return os.pread(descriptor, status.st_size, 0)


def lift_outputs(span: ActiveSpan, outputs: dict[str, Any]) -> None:
    """Put marks in place of the images and the audio in *outputs*, the JSON of an answer."""
    for choice in outputs.get("choices") or ():
        audio = (choice.get("message") or {}).get("audio")
        if isinstance(audio, dict):
            _lift_key(span, audio, "data", "audio", None)
    if "choices" in outputs:
        return  # a chat has nothing else, and is what must be fast
    kind = outputs.get("output_format") or "png"
    for index, image in enumerate(_dicts(outputs.get("data"))):
        _lift_key(span, image, "b64_json", f"image-{index}.{kind}", f"image/{kind}")
    for index, item in enumerate(_dicts(outputs.get("output"))):
        if item.get("type") == "image_generation_call":
            _lift_key(span, item, "result", f"image-{index}.png", "image/png")


def _dicts(items: Any) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _lift_key(
    span: ActiveSpan, owner: dict[str, Any], key: str, name: str, mime_type: str | None
) -> None:
    data = owner.get(key)
    if isinstance(data, str):
        owner[key] = lift_base64(span, name, data, mime_type)
