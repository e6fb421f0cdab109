"""How a process ends, or becomes two, without losing spans.

A normal end, an exception and ``sys.exit`` run :mod:`atexit`; children of
:mod:`multiprocessing` run its finalisers instead. SIGTERM kills a process without either,
so it is given a handler where it has none. ``kill -9`` leaves what is on disk.
"""

import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

from evalhub.tracing import ids
from evalhub.tracing.force import ACTIVE
from evalhub.tracing.outbox import Outbox, is_putting
from evalhub.tracing.tracer import BRACE_S, EXIT_S, STALL_S

__all__ = ["deliver_at_exit", "handle_sigterm"]

_PARK_S = 1.0
"""Seconds that a fork waits for the batch that is being stored."""
_AGAIN_S = 0.001
"""Seconds after which a signal that came while a span was being put is sent again."""
_MAX_PUT_OFF = 20
"""How often: a program that does nothing but put may never be met elsewhere."""


def deliver_at_exit() -> None:
    """Make sure that what waits is delivered, or on disk, when this process ends."""
    atexit.unregister(_drain)
    atexit.register(_drain)
    handle_sigterm()
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None and sys.modules["multiprocessing"].parent_process():
        # Such a child ends without running atexit.
        multiprocessing.Finalize(None, _drain, exitpriority=0)


def handle_sigterm() -> None:
    """Have a say when SIGTERM comes; on the main thread only, as Python wants it.

    Where the signal would kill the process without a word, spans are delivered first. A
    handler that is there already is called as before: the program may end in order, or
    restore the default and send itself the signal again, as uvicorn does. From the
    first signal on, each span is therefore on disk before its call returns.
    """
    previous = _sigterm_handler()
    if previous is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _Dying())
    elif callable(previous) and not isinstance(previous, _Chained | _Dying):
        signal.signal(signal.SIGTERM, _Chained(previous))


def _sigterm_handler() -> object:
    """Return the handler in force; None where we must not touch it."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.getsignal(signal.SIGTERM)


class _Dying:
    """Delivers, then dies of the signal as if nothing had been here."""

    def __init__(self) -> None:
        self._put_off = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if is_putting(frame) and self._put_off < _MAX_PUT_OFF and _send_again(number):
            self._put_off += 1
            return
        _drain()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)


class _Chained:
    """Brings spans into safety, then does what the program wants."""

    def __init__(self, previous: Callable[[int, FrameType | None], object]) -> None:
        self._previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        if ACTIVE.tracer is not None:
            ACTIVE.tracer.brace(0.0 if is_putting(frame) else BRACE_S)
        self._previous(number, frame)


def _send_again(number: int) -> bool:
    """Send ourselves the signal again in a moment; False when no thread can be started."""
    try:
        threading.Timer(_AGAIN_S, os.kill, (os.getpid(), number)).start()
    except RuntimeError:
        return False
    return True


def _drain() -> None:
    tracer = ACTIVE.tracer
    if tracer is None:
        return
    left = tracer.drain(EXIT_S, STALL_S)
    if left.waiting:
        tracer.report(
            f"{left.waiting} spans were not stored when the program ended, and are lost", None
        )


def _before_fork() -> None:
    tracer = ACTIVE.tracer
    if tracer is not None and not tracer.park(_PARK_S):
        tracer.report("forked while spans were being stored; the child may be locked out", None)


def _after_fork_in_parent() -> None:
    if ACTIVE.tracer is not None:
        ACTIVE.tracer.resume()


def _after_fork_in_child() -> None:
    # Only the forking thread lives on: locks may be held by threads that are gone,
    # and the parent delivers what was queued.
    ids.reseed()
    ACTIVE.lock = threading.RLock()
    if ACTIVE.tracer is not None:
        _orphans.append(ACTIVE.tracer.abandon())


_orphans: list[Outbox] = []
"""Outboxes of the parent: kept, since freeing their connections would touch the parent's."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
