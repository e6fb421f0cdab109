"""Which call a generator came from, when it is read after that call has returned.

A streaming query returns at once, and asks its model when the caller reads the first piece.
By then nothing is open any more; but the generator's frame is on the reader's stack.
"""

import sys
import weakref
from collections.abc import AsyncGenerator, Generator
from types import FrameType
from typing import Any

__all__ = ["origin", "remember"]

_MAX_FRAMES = 200

_origins: dict[int, tuple[Any, str]] = {}
"""By the identity of its frame: a weak reference to the generator, and the call's id."""


def remember(stream: object, call_id: str) -> None:
    """Take note that the call *call_id* returned *stream*, without holding on to it."""
    frame = _frame_of(stream)
    if frame is not None:
        key = id(frame)
        _origins[key] = (weakref.ref(stream), call_id)
        weakref.finalize(stream, _forget, key, call_id).atexit = False


def origin() -> str | None:
    """Return the id of the call whose generator runs here, the innermost; None: there is none."""
    if not _origins:
        return None
    frame: FrameType | None = sys._getframe(1)
    for _ in range(_MAX_FRAMES):
        if frame is None:
            return None
        found = _origins.get(id(frame))
        # Another frame may have come to the address of one that has ended.
        if found is not None and _frame_of(found[0]()) is frame:
            return found[1]
        frame = frame.f_back
    return None


def _frame_of(stream: object) -> FrameType | None:
    if isinstance(stream, Generator):
        return getattr(stream, "gi_frame", None)
    return getattr(stream, "ag_frame", None) if isinstance(stream, AsyncGenerator) else None


def _forget(key: int, call_id: str) -> None:
    found = _origins.get(key)
    if found is not None and found[1] == call_id:
        del _origins[key]
