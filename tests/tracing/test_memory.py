"""A program that runs for long: what the SDK holds on to does not grow."""

import subprocess
import sys

import pytest

PROGRAM = """
import gc, os
from evalhub.tracing import configure, flush, stats, trace, traceable

class Forgetting:
    def export(self, batch): pass
    def close(self): pass

@traceable("llm", tags=["a"], metadata={"b": 1})
def inner(text):
    return {"text": text}

@traceable
def outer(text):
    return inner(text)["text"]

@traceable
def failing():
    raise ValueError("boom")

def make_traces(number):
    for n in range(number):
        if n % 100 == 0:
            try:
                with trace("block", session_id=f"s{n}"):
                    failing()
            except ValueError:
                pass
        else:
            outer(f"question {n}")
        if n % 5_000 == 0:
            assert flush(60)
    assert flush(60)

def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

configure(exporter=Forgetting())
make_traces(20_000)
gc.collect()
objects, resident = len(gc.get_objects()), resident_bytes()
make_traces(180_000)
gc.collect()
assert stats().dropped == 0
print(len(gc.get_objects()) - objects, resident_bytes() - resident)
"""


@pytest.mark.slow
def test_memory_is_flat_over_200_000_traces() -> None:
    """After a first stretch, neither the number of objects nor the memory grows."""
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=250, check=False
    )
    assert result.returncode == 0, result.stderr
    objects, resident_bytes = map(int, result.stdout.split())
    assert objects < 1_000
    assert resident_bytes < 8_000_000
