"""Wait for async functions from threads: one event loop for all of them."""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from contextvars import ContextVar
from functools import cache
from typing import Any

_Awaited = list["Future[Any]"]
_awaited: ContextVar[_Awaited | None] = ContextVar("evalhub_awaited", default=None)


def note_awaited() -> _Awaited:
    """Return a list to which each coroutine awaited in this context is added.

    Who gives such a call up cancels them: what is not wanted any more should not be paid for.
    """
    awaited: _Awaited = []
    _awaited.set(awaited)
    return awaited


def await_result(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what *coroutine* gives, run in the one event loop of all async functions."""
    # The task copies this thread's context, so spans opened in it are children of
    # the span that is open here.
    with _starting:  # `cache` may run its function twice
        loop = _event_loop()
    future = asyncio.run_coroutine_threadsafe(_outcome(coroutine), loop)
    awaited = _awaited.get()
    if awaited is not None:
        awaited.append(future)
    value, end = future.result()
    if end is not None:
        raise end
    return value


async def _outcome(coroutine: Coroutine[Any, Any, Any]) -> tuple[Any, BaseException | None]:
    # Raised in a task, these two end the loop, and every other call would wait for ever.
    try:
        return await coroutine, None
    except (KeyboardInterrupt, SystemExit) as end:
        return None, end


_starting = threading.Lock()


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    """Start the one loop that all async functions share.

    One loop for the whole process, because an async client that the user made once
    keeps connections that belong to the loop of its first call.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="evalhub-functions", daemon=True)
    thread.start()

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(1.0)
        if not loop.is_running():
            loop.close()

    atexit.register(stop)
    return loop
