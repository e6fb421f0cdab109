"""How payloads lie in the store: JSON as it came, compressed where that pays."""

import zlib
from collections.abc import Sequence

import orjson

from evalhub.model import SpanEvent

__all__ = [
    "COMPRESS_FROM",
    "fits_preview",
    "pack",
    "pack_events",
    "preview",
    "unpack",
    "unpack_events",
]

COMPRESS_FROM = 4096
"""Bytes from which a payload is compressed: below it the CPU costs more than the disk."""

PREVIEW_LENGTH = 200
"""Characters of a payload that lists can show and search."""

# First bytes of a zlib stream of level 1. JSON cannot begin with them, so a payload says by
# itself whether it is compressed.
_MARK = b"\x78\x01"


def pack(data: bytes) -> bytearray | bytes:
    """Return *data* as it is stored."""
    if len(data) >= COMPRESS_FROM or data.startswith(_MARK):
        packed = zlib.compress(data, 1)
        if len(packed) < len(data) or data.startswith(_MARK):
            return bytearray(packed)
    # sqlite3 looks for an adapter of each bytes value, and takes a bytearray as it is: 0.1
    # against 0.45 microseconds.
    return bytearray(data)


def fits_preview(data: bytes | None) -> bool:
    """Return whether the preview is all of *data*, which then is not stored again."""
    return data is None or (len(data) <= PREVIEW_LENGTH and data.isascii())


def unpack(stored: bytes | None) -> bytes | None:
    """Return what :func:`pack` was given."""
    if stored is None or not stored.startswith(_MARK):
        return stored
    return zlib.decompress(stored)


def preview(data: bytes) -> str:
    """Return the first 200 characters of *data*."""
    # Four bytes are the longest character; the last one may be cut, and is left out.
    text = data[: 4 * PREVIEW_LENGTH].decode("utf-8", "ignore")
    return text[:PREVIEW_LENGTH]


def pack_events(events: Sequence[SpanEvent]) -> bytearray | bytes:
    """Return *events* as they are stored: a JSON list of [name, time, attributes]."""
    rows = [
        [
            event.name.encode("utf-8", "replace").decode(),
            event.time_ns,
            None if event.attributes is None else event.attributes.decode("utf-8", "replace"),
        ]
        for event in events
    ]
    return pack(orjson.dumps(rows))


def unpack_events(stored: bytes | None) -> tuple[SpanEvent, ...]:
    """Return what :func:`pack_events` was given."""
    data = unpack(stored)
    if data is None:
        return ()
    return tuple(
        SpanEvent(name, time_ns, None if attributes is None else attributes.encode())
        for name, time_ns, attributes in orjson.loads(data)
    )
