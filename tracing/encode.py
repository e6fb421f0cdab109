"""JSON of anything: what traced calls were given and what they returned.

Payloads are encoded on the caller's thread, so a list that is changed after the
call is recorded as it was. Nothing here raises, consumes an iterator, or keeps
a reference to the value. NaN and infinities become null, as JSON has neither.
"""

import importlib
from collections.abc import Callable
from typing import Any

from evalhub.tracing.plain import Simplifier, short_repr

__all__ = ["DEFAULT_LIMIT", "MEDIA_MARKS", "cut", "decode", "encode", "short_repr"]

DEFAULT_LIMIT = 1_000_000
"""Bytes of one payload that are kept."""
MEDIA_MARKS = (b"base64", b'"b64_json"', b'"input_audio"', b'"transcript"')
"""What stands in a payload that may hold a file as base64."""

_MAX_MEDIA_BYTES = 40_000_000
_SIZED = frozenset({str, list, dict})

_dumps: Callable[..., bytes] | None = None
_loads: Callable[..., Any]
_as_they_are = 0
"""orjson's option for leaving dataclasses to us: it would run the program's code."""


def encode(value: object, limit: int = DEFAULT_LIMIT) -> bytes:
    """Return *value* as JSON, cut to about *limit* bytes.

    A payload with a file as base64 is left whole, up to 40 MB: the worker makes an
    attachment of the file (attachments.py) and cuts afterwards.
    """
    dumps = _dumps or _load()
    # orjson is given no `default`: the code that it calls may let another thread change the
    # list that orjson is reading, which reads freed memory then.
    try:
        if type(value) is dict:
            for item in value.values():
                if type(item) in _SIZED and len(item) > limit and not _is_media(item):
                    return _encode_slowly(value, limit)
        payload = dumps(value, None, _as_they_are)
    except Exception:  # noqa: BLE001 - anything may be raised by the value
        return _encode_slowly(value, limit)
    # A copy: orjson's own bytes keep its buffer of 4 kB and more for as long as they wait.
    return b"%b" % payload if len(payload) <= limit else _shortened(payload, limit)


def decode(payload: bytes) -> Any:
    """Return the value of JSON that :func:`encode` made."""
    if _dumps is None:
        _load()
    return _loads(payload)


def cut(payload: bytes, limit: int, unseen: int = 0) -> bytes:
    """Return a JSON object with the first part of *payload* and how much was cut.

    Its keys are ``truncated`` (a sentence), ``bytes`` (the size it had, with the *unseen*
    bytes that were never encoded) and ``start``.
    """
    kept = max(limit // 2, 1)  # escaping at most doubles it
    size = len(payload) + unseen
    start = payload[:kept].decode("utf-8", "ignore")
    mark = f"kept the first {kept} of {size} bytes"
    return (_dumps or _load())({"truncated": mark, "bytes": size, "start": start})


def _load() -> Callable[..., bytes]:
    # Imported at the first traced call: `import evalhub.tracing` loads no third party.
    global _dumps, _loads, _as_they_are  # noqa: PLW0603 - a module imported once, for the hot path
    orjson = importlib.import_module("orjson")
    _loads = orjson.loads
    _as_they_are = orjson.OPT_PASSTHROUGH_DATACLASS
    _dumps = orjson.dumps
    return orjson.dumps  # type: ignore[no-any-return]  # import_module is untyped


def _encode_slowly(value: object, limit: int) -> bytes:
    """Encode what orjson refused, or what is too long to be encoded whole."""
    dumps = _dumps or _load()
    room = _MAX_MEDIA_BYTES if _has_media(value) else limit
    for is_wary in (False, True):
        simplifier = Simplifier(room, is_wary=is_wary)
        try:
            payload = dumps(simplifier.simplify(value), short_repr)
        except Exception:  # noqa: BLE001 - anything may be raised by the value
            payload = dumps(short_repr(value))
        else:
            break
    if len(payload) <= limit and not simplifier.unseen:
        return payload
    return _shortened(payload, limit, simplifier.unseen)


def _shortened(payload: bytes, limit: int, unseen: int = 0) -> bytes:
    is_kept = len(payload) <= _MAX_MEDIA_BYTES and not unseen
    if is_kept and any(mark in payload for mark in MEDIA_MARKS):
        return payload
    return cut(payload, limit, unseen)


def _is_media(item: Any) -> bool:
    return type(item) is str and item.startswith("data:") and len(item) <= _MAX_MEDIA_BYTES


def _has_media(value: object) -> bool:
    return type(value) is dict and any(map(_is_media, list(value.values())))
