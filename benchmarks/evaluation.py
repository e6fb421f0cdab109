"""Measure `evalhub eval run` over outputs made before: whole process, time and peak memory.

Run ``python benchmarks/evaluation.py``. A size is one suite: outputs of a file, ROUGE-1, ROUGE-L,
exact match and the latency that was recorded, kept in an MLflow on SQLite that is there already.
A process each, from its start to its end; memory is the greatest resident set that the
system saw. Processor time is printed beside, for machines that do other things as well.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_TEXT = (
    "the model answers that most of these papers report a small gain over what was known "
    "before and say little of the cost at which it comes while readers want both in one place"
)
_SUITE = """\
name: recorded-{size}
dataset: {{path: {size}.jsonl, inputs: [question], reference: reference}}
targets: {{recorded: {{outputs: {size}-outputs.jsonl}}}}
metrics: [rouge1, rougeL, exact_match]
"""


class Measured(NamedTuple):
    """One process."""

    wall_s: float
    processor_s: float
    peak_mb: float


def _write(folder: Path, size: int) -> Path:
    rng, words = random.Random(size), _TEXT.split()
    rows, outputs = [], []
    for number in range(size):
        reference = " ".join(rng.choices(words, k=40))
        output = reference if rng.random() < 0.1 else " ".join(rng.choices(words, k=40))
        rows.append({"id": str(number), "question": f"what of {number}?", "reference": reference})
        outputs.append({"id": str(number), "output": output, "latency_ms": rng.uniform(200, 900)})
    for name, lines in ((f"{size}.jsonl", rows), (f"{size}-outputs.jsonl", outputs)):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = folder / f"{size}.yaml"
    path.write_text(_SUITE.format(size=size))
    return path


def _run(*arguments: str, folder: Path) -> Measured:
    """Run evalhub in a process of its own, and measure that."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "evalhub", *arguments], cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"evalhub {' '.join(arguments)} ended with {process.returncode}")
    return Measured(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def main() -> None:
    """Print seconds and megabytes for each size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["EVALHUB_HOME"] = home
        folder = Path(home)
        _run("eval", "run", str(_write(folder, 10)), folder=folder)  # makes the database
        for size in given.sizes:
            path = _write(folder, size)
            for _ in range(given.times if size < 10_000 else 1):
                wall_s, processor_s, peak_mb = _run("eval", "run", str(path), folder=folder)
                print(
                    f"{size:>8,} outputs: {wall_s:6.2f} s, {processor_s:6.2f} s of processor, "
                    f"peak {peak_mb:,.0f} MB"
                )


if __name__ == "__main__":
    main()
