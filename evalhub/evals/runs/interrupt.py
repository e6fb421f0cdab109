"""End on Ctrl-C and on SIGTERM: once in good order, twice at once."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["INTERRUPTED", "ending_in_order"]

INTERRUPTED = 130
"""Exit code of a process that was asked to end, as shells have it for Ctrl-C."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_STOPPING = b"\nstopping: calls under way are waited for; once more ends at once\n"


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Turn the first Ctrl-C or SIGTERM in the block into a ``KeyboardInterrupt``.

    The second ends the process at once, with exit code 130. What is written to the journal
    stays. Where the process may have no handlers (another thread than the main one) nothing
    is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _first) for number in _SIGNALS}
    try:
        yield
    finally:
        # Once pressed, the second press must end whatever is still being tidied up.
        if all(signal.getsignal(number) is _first for number in _SIGNALS):
            for number, handler in before.items():
                signal.signal(number, handler)


def _first(number: int, frame: FrameType | None) -> None:
    for each in _SIGNALS:
        signal.signal(each, _second)
    # Not by sys.stderr: the signal may have come in the middle of a write to it.
    os.write(2, _STOPPING)
    raise KeyboardInterrupt


def _second(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)
