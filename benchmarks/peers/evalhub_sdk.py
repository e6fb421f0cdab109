"""evalhub: stored and committed in SQLite, or as the argument says.

``memory``: kept in a list. ``off``: not recorded. ``async``: coroutines. ``durable``: on disk
before the call returns. ``masked``: secrets are looked for, and none is found.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from workload import answer, measure, measure_async

from evalhub.tracing import configure, flush, stats, traceable


@traceable("llm")
def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


@traceable
def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


@traceable("llm")
async def inner_async(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


@traceable
async def outer_async(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return await inner_async(question, number)


def main() -> None:
    """Measure; fail when a span is missing."""
    with tempfile.TemporaryDirectory() as folder:
        stored = f"sqlite:///{Path(folder) / 'evalhub.db'}"
        configure(
            url="memory:" if "memory" in sys.argv else stored,
            enabled="off" not in sys.argv,
            durable="durable" in sys.argv,
            mask=True if "masked" in sys.argv else None,
        )
        # A round is one burst without a pause; this many large calls fit the queue's 100 MB.
        calls = 2_000 if "10kB" in sys.argv else 5_000
        if "async" in sys.argv:
            asyncio.run(measure_async(outer_async, lambda: flush(120), calls=calls))
        else:
            measure(outer, lambda: flush(120), calls=calls)
        counts = stats()
        if counts.recorded != counts.exported or counts.dropped:
            raise SystemExit(f"spans are missing: {counts}")
        configure(enabled=False)


main()
