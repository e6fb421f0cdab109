"""A burst of a million spans into SQLite: ``python benchmarks/burst.py [SPANS]``.

One thread makes spans as fast as it can, faster than any store takes them. Printed are
how long the program and the delivery took, the most memory the process had, and
what became of the spans; it fails when one is missing.
"""

import resource
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from evalhub.tracing import configure, flush, stats, traceable

LIMIT_MB = 350


@traceable("llm")
def inner(question: str, number: int) -> dict[str, object]:
    """Answer."""
    return {"answer": "yes", "number": number}


@traceable
def outer(question: str, number: int) -> dict[str, object]:
    """Ask."""
    return inner(question, number)


def main() -> None:
    """Make the burst and count what arrived."""
    spans = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    question = "What does the paper say about the method? " * 3 + "Answer in one sentence."
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "evalhub.db"
        configure(url=f"sqlite:///{file}", max_spool_bytes=4_000_000_000)
        started = time.perf_counter()
        for number in range(spans // 2):
            outer(question, number)
        made = time.perf_counter() - started
        before = stats()
        left = flush(600)
        delivered = time.perf_counter() - started
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        counts = stats()
        with sqlite3.connect(file) as connection:
            [(stored,)] = connection.execute("SELECT count(*) FROM span")
        connection.close()
        configure(enabled=False)
    print(f"made       {spans:>9,} spans in {made:.1f} s, {made / spans * 1e6:.1f} us each")
    print(f"then on disk {before.spooled:>7,}, in memory {before.waiting:,}")
    print(f"stored     {stored:>9,} after {delivered:.1f} s")
    print(f"peak memory {peak_mb:>8.0f} MB (limit {LIMIT_MB})")
    if stored != spans or not left or counts.dropped:
        raise SystemExit(f"spans are missing: {counts}")
    if peak_mb > LIMIT_MB:
        raise SystemExit("more memory than the limit")


if __name__ == "__main__":
    main()
