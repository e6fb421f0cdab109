"""evalhub: stored and committed in SQLite, or kept in memory (``memory``), or off (``off``)."""

import sys
import tempfile
from pathlib import Path

from workload import answer, measure

from evalhub.tracing import configure, flush, stats, traceable


@traceable("llm")
def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return answer()


@traceable
def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


def main() -> None:
    """Measure; fail when a span is missing."""
    with tempfile.TemporaryDirectory() as folder:
        stored = f"sqlite:///{Path(folder) / 'evalhub.db'}"
        configure(url="memory:" if "memory" in sys.argv else stored, enabled="off" not in sys.argv)
        measure(outer, lambda: flush(120))
        counts = stats()
        if counts.recorded != counts.exported or counts.dropped:
            raise SystemExit(f"spans are missing: {counts}")
        configure(enabled=False)


main()
