"""What ``kill -9`` takes: ``python benchmarks/kill.py [ROUNDS]``.

A program ends a span every millisecond and is killed at a random moment; another
program then starts and delivers what was left on the disk. Printed is how old the
oldest lost span was, at worst: into SQLite, with a collector that hangs, and durable.
"""

import mmap
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = """
import mmap, sys, time
from evalhub.tracing import traceable
file = open(sys.argv[1], "r+b")
shared = mmap.mmap(file.fileno(), 8 * 100_001)
@traceable
def work(n): return n
n = 0
while True:
    work(n)
    n += 1
    shared[8 * n : 8 * n + 8] = time.time_ns().to_bytes(8, "little")
    shared[:8] = n.to_bytes(8, "little")
    time.sleep(0.001)
"""
RECOVER = """
import time
from evalhub.tracing import flush, traceable
@traceable
def last(): return 0
last()
flush(30)
time.sleep(1)
"""


def main() -> None:
    """Measure the three cases."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)  # takes connections, and never answers
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for label, environment in (
            ("SQLite", {}),
            ("SQLite, durable", {"EVALHUB_DURABLE": "1"}),
            ("a collector that hangs", {"EVALHUB_URL": hanging}),
            ("the same, durable", {"EVALHUB_URL": hanging, "EVALHUB_DURABLE": "1"}),
        ):
            results = [kill_once(environment) for _ in range(rounds)]
            lost, made = max(lost for lost, _, _ in results), sum(made for _, made, _ in results)
            oldest_ms = max(oldest for _, _, oldest in results)
            print(
                f"{label:24} {made:>7,} spans in {rounds} rounds; "
                f"lost at most {lost}, the oldest {oldest_ms:.0f} ms old"
            )


def kill_once(environment: dict[str, str]) -> tuple[int, int, float]:
    """Return how many spans were lost, how many made, and the age of the oldest lost in ms."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shared = folder / "shared"
        shared.write_bytes(bytes(8 * 100_001))
        env = {**os.environ, "EVALHUB_HOME": name, **environment}
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(shared)], env=env)
        time.sleep(random.uniform(1.5, 3.0))
        killed_ns = time.time_ns()
        process.kill()
        process.wait()
        if process.returncode != -signal.SIGKILL:
            raise SystemExit("the program ended by itself")
        with open(shared, "r+b") as file, mmap.mmap(file.fileno(), 0) as view:
            made = int.from_bytes(view[:8], "little")
            ended = [int.from_bytes(view[8 * n : 8 * n + 8], "little") for n in range(1, made + 1)]
        kept = recover(folder, env)
        lost = [at for n, at in enumerate(ended) if n not in kept]
        return len(lost), made, (killed_ns - min(lost, default=killed_ns)) / 1e6


def recover(folder: Path, env: dict[str, str]) -> set[int]:
    """Return the numbers of the spans that are stored, after the next start."""
    if "EVALHUB_URL" not in env:
        subprocess.run([sys.executable, "-c", RECOVER], env=env, check=True)
        with sqlite3.connect(folder / "evalhub.db") as connection:
            rows = connection.execute("SELECT input_preview FROM span WHERE name = 'work'")
            return {int(text[5:-1]) for (text,) in rows}
    from evalhub.tracing.segment import read_records
    from evalhub.tracing.wire import decode_batch

    spans = [
        span
        for path in folder.glob("spool/*/*.spool")
        for body in read_records(path)
        for span in decode_batch(body).spans
    ]
    return {int((span.inputs or b"")[5:-1]) for span in spans}


if __name__ == "__main__":
    main()
