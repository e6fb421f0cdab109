"""Wait for async functions from threads: one event loop for all of them."""

import asyncio
import atexit
import threading
from collections.abc import Coroutine
from functools import cache
from typing import Any


def await_result(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Return what *coroutine* gives, run in the one event loop of all async functions."""
    # The task copies this thread's context, so spans opened in it are children of
    # the span that is open here.
    with _starting:  # `cache` may run its function twice
        loop = _event_loop()
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()


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
