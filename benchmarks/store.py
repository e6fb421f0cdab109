"""What writing spans into SQLite costs: microseconds of CPU per span, committed.

Half of the spans are roots and half their model calls, with 150-byte payloads, in
batches of 500, as the SDK's worker delivers them. Run it as ``python benchmarks/store.py``.
"""

import argparse
import functools
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from evalhub.model import Span, Usage
from evalhub.store import Store, open_store, tables
from evalhub.store.prices import load_prices
from evalhub.store.rows import to_rows
from evalhub.store.spans import add_spans


def make_batch(number: int, *, size: int, payload_bytes: int) -> list[Span]:
    """Return *size* spans in pairs: a root, and a model call below it."""
    spans: list[Span] = []
    frame = b'{"messages":[{"role":"user","content":""}]}'
    payload = frame[:-4] + b"x" * (payload_bytes - len(frame)) + frame[-4:]
    for index in range(size // 2):
        start_ms = 1_790_000_000_000 + number * size + index
        root, child = (f"{(start_ms << 80) | random.getrandbits(80):032x}" for _ in range(2))
        start_ns = start_ms * 10**6
        end_ns = start_ns + 5_000_000
        spans.append(
            Span(
                trace_id=root,
                span_id=child,
                parent_id=root,
                project="default",
                name="ChatCompletion",
                kind="llm",
                status="ok",
                start_ns=start_ns + 1000,
                end_ns=end_ns,
                model="gpt-4o-mini",
                provider="openai",
                usage=Usage(40, 20),
                inputs=payload,
                outputs=payload,
            )
        )
        spans.append(
            Span(
                trace_id=root,
                span_id=root,
                parent_id=None,
                project="default",
                name="answer",
                kind="chain",
                status="ok",
                start_ns=start_ns,
                end_ns=end_ns,
                inputs=payload,
                outputs=payload,
            )
        )
    return spans


def cpu_us(work: Callable[[Sequence[Span]], None], batches: Sequence[Sequence[Span]]) -> float:
    """Return the CPU microseconds that *work* takes per span, the first batch left out."""
    work(batches[0])
    started = time.process_time()
    for batch in batches[1:]:
        work(batch)
    spent = time.process_time() - started
    return spent / sum(map(len, batches[1:])) * 1e6


def write(store: Store, batch: Sequence[Span]) -> None:
    """Store one batch in one transaction."""
    with store.begin() as connection:
        add_spans(connection, batch)


def convert(store: Store, batch: Sequence[Span]) -> None:
    """Make the rows of one batch, and store nothing."""
    with store.read() as connection:
        to_rows(batch, load_prices(connection), first_id=1)


def write_as_dictionaries(store: Store, batch: Sequence[Span]) -> None:
    """Insert the rows the plain way, ``Connection.execute`` with dictionaries."""
    with store.begin() as connection:
        last = connection.execute(select(func.max(tables.span.c.id))).scalar() or 0
        converted = to_rows(batch, load_prices(connection), first_id=last + 1)
        for table, columns, rows in converted.inserts:
            values: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in rows]
            connection.execute(insert(table), values)


def main() -> None:
    """Print a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=40)
    parser.add_argument("--size", type=int, default=500)
    parser.add_argument("--payload", type=int, default=150, help="bytes of inputs and of outputs")
    options = parser.parse_args()
    batches = [
        make_batch(number, size=options.size, payload_bytes=options.payload)
        for number in range(options.batches + 1)
    ]
    ways: dict[str, Callable[[Store, Sequence[Span]], None]] = {
        "add_spans, committed": write,
        "  of which rows are made": convert,
        "Core with dictionaries, no trace rows": write_as_dictionaries,
    }
    for name, way in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "bench.db")
            with open_store(f"sqlite:///{path}") as store:
                spent = cpu_us(functools.partial(way, store), batches)
            size = os.path.getsize(path) / sum(map(len, batches))
            print(f"{name:40} {spent:6.1f} us/span  {size:6.0f} bytes/span")


if __name__ == "__main__":
    main()
