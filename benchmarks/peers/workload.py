"""The calls that every tracing SDK is measured with, and how they are timed."""

import gc
import json
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

__all__ = ["PROMPT", "answer", "measure", "measure_async"]

PROMPT = "what is the capital of France? " * 5
PROMPT_10_KB = PROMPT * 65


def answer() -> dict[str, object]:
    """Return what the traced child returns."""
    return {"answer": "Paris is the capital of France. " * 4, "usage": {"input_tokens": 12}}


def measure(
    outer: Callable[[str, int], object],
    flush: Callable[[], object],
    *,
    calls: int = 5_000,
    rounds: int = 3,
) -> None:
    """Print, as JSON, the best of *rounds*: microseconds a span for thread and process.

    *outer* is a traced call with one traced child, so a call is two spans. The
    process's time includes *flush*, that is, delivery.
    """
    prompt = PROMPT_10_KB if "10kB" in sys.argv else PROMPT
    for number in range(200):
        outer("warm", number)
    for _ in timed_rounds(calls, rounds, flush):
        for number in range(calls):
            outer(prompt, number)


async def measure_async(
    outer: Callable[[str, int], Awaitable[object]],
    flush: Callable[[], object],
    *,
    calls: int = 5_000,
    rounds: int = 3,
) -> None:
    """Do the same with a coroutine function; the event loop's own work is in the figures."""
    for number in range(200):
        await outer("warm", number)
    for _ in timed_rounds(calls, rounds, flush):
        for number in range(calls):
            await outer(PROMPT, number)


def timed_rounds(calls: int, rounds: int, flush: Callable[[], object]) -> Iterator[None]:
    """Yield *rounds* times to be timed, and print the best at the end."""
    flush()
    gc.collect()
    best = [float("inf")] * 2
    for _ in range(rounds):
        process, thread = time.process_time(), time.thread_time()
        yield
        thread = time.thread_time() - thread
        flush()
        process = time.process_time() - process
        best = [min(best[0], thread), min(best[1], process)]
    caller, total = (seconds / calls / 2 * 1e6 for seconds in best)
    print(json.dumps({"caller": caller, "total": total}))
