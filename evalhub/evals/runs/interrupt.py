"""End on Ctrl-C, SIGTERM and SIGHUP: once in good order, twice at once."""

import _thread
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from evalhub.evals.targets.command import kill_commands
from evalhub.http import let_wait

__all__ = ["INTERRUPTED", "ending_in_order"]

INTERRUPTED = 130
"""Exit code of a process that was asked to end, as shells have it for Ctrl-C."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""SIGHUP comes when the terminal is closed, or the connection to it is lost."""
_STOPPING = b"\nstopping: calls under way are waited for; once more ends at once\n"
_LONGEST_S = 30.0
"""Longest wait for the end in good order: a server may never answer."""
_LEFT = (
    b"stopped: calls that did not end are left behind; the same command goes on with the others\n"
)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP in the block into a ``KeyboardInterrupt``.

    Failures are not waited over any more. The second ends the process at once, with exit code
    130, and the commands that it runs; so do 30 seconds in which the block did not end. What is
    written to the journal stays. SIGHUP stays ignored where it is (``nohup``). Where the process
    may have no handlers (another thread than the main one) nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _first) for number in _heard()}
    _Block.number += 1
    try:
        yield
    finally:
        _Block.number += 1
        let_wait(True)
        # Once pressed, the second press must end whatever is still being tidied up.
        if all(signal.getsignal(number) is _first for number in before):
            for number, handler in before.items():
                signal.signal(number, handler)


class _Block:
    """Tells who waits for the end of a block whether it is over."""

    number = 0
    """Of blocks that were begun and ended."""


def _heard() -> list[signal.Signals]:
    """Return the signals that end the process, for one that ``nohup`` started without SIGHUP."""
    return [
        number
        for number in _SIGNALS
        if number is signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN
    ]


def _first(number: int, frame: FrameType | None) -> None:
    for each in _heard():
        signal.signal(each, _second)
    # Not by sys.stderr: the signal may have come in the middle of a write to it. There may be
    # nobody to tell: the terminal is gone, or standard error is closed.
    with contextlib.suppress(OSError):
        os.write(2, _STOPPING)
    let_wait(False)
    # Not by threading, whose locks the main thread may hold.
    _thread.start_new_thread(_end_late, (_Block.number,))
    raise KeyboardInterrupt


def _end_late(block: int) -> None:
    """End the process unless *block* has ended by itself."""
    time.sleep(_LONGEST_S)
    if _Block.number == block:
        with contextlib.suppress(OSError):
            os.write(2, _LEFT)
        kill_commands()
        os._exit(INTERRUPTED)


def _second(number: int, frame: FrameType | None) -> None:
    kill_commands()
    os._exit(INTERRUPTED)
