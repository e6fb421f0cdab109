"""A call with a longest time."""

import queue
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import TypeVar

from evalhub._awaiting import note_awaited

__all__ = ["within"]

_T = TypeVar("_T")


def within(timeout_s: float | None, call: Callable[[], _T]) -> _T:
    """Return what *call* gives, and give it up after *timeout_s*; None waits for ever.

    Raises:
        TimeoutError: it took longer. What it awaits is cancelled; else its thread cannot be
            ended, and is left behind.
    """
    if timeout_s is None:
        return call()
    answer: queue.SimpleQueue[tuple[_T | None, BaseException | None]] = queue.SimpleQueue()
    context = copy_context()
    awaited = context.run(note_awaited)

    def work() -> None:
        try:
            answer.put((context.run(call), None))
        except BaseException as error:  # noqa: BLE001  # raised again by who waits
            answer.put((None, error))

    threading.Thread(target=work, name="evalhub-timed-call", daemon=True).start()
    try:
        value, error = answer.get(timeout=timeout_s)
    except queue.Empty:
        for future in awaited:
            future.cancel()
        raise TimeoutError(f"no answer within {timeout_s:g} s") from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]  # None only where an error was raised
