"""End on Ctrl-C, SIGTERM and SIGHUP: once in good order, twice at once."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from evalhub.evals.targets.command import kill_commands

__all__ = ["INTERRUPTED", "ending_in_order"]

INTERRUPTED = 130
"""Exit code of a process that was asked to end, as shells have it for Ctrl-C."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""SIGHUP comes when the terminal is closed, or the connection to it is lost."""
_STOPPING = b"\nstopping: calls under way are waited for; once more ends at once\n"


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn the first Ctrl-C, SIGTERM or SIGHUP in the block into a ``KeyboardInterrupt``.

    The second ends the process at once, with exit code 130, and the commands that it runs.
    What is written to the journal stays. SIGHUP stays ignored where it is (``nohup``). Where the
    process may have no handlers (another thread than the main one) nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _first) for number in _heard()}
    try:
        yield
    finally:
        # Once pressed, the second press must end whatever is still being tidied up.
        if all(signal.getsignal(number) is _first for number in before):
            for number, handler in before.items():
                signal.signal(number, handler)


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
    raise KeyboardInterrupt


def _second(number: int, frame: FrameType | None) -> None:
    kill_commands()
    os._exit(INTERRUPTED)
