"""Keep forks and SQLite apart.

A thread that forks while another one is inside SQLite leaves the child with locks, SQLite's own
among them, that nobody there will ever release: the child's next statement hangs.
"""

import contextlib
import os
import threading
from collections.abc import Iterator

__all__ = ["no_fork"]


class _Gate:
    """Counts the threads that are inside; a fork waits until there is none."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._forking = 0

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._forking)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._forking += 1
            self._changed.wait_for(lambda: not self._inside)

    def open(self) -> None:
        with self._changed:
            self._forking -= 1
            self._changed.notify_all()

    def renew(self) -> None:
        self._changed = threading.Condition()
        self._inside = self._forking = 0


_GATE = _Gate()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_GATE.close, after_in_parent=_GATE.open, after_in_child=_GATE.renew)


def no_fork() -> contextlib.AbstractContextManager[None]:
    """Return a block in which no thread forks this process, whatever thread it is.

    Blocks may not be nested, and nothing in them may fork: a fork waits for their end.
    """
    return _GATE.inside()
