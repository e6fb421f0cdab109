"""A program that runs for long: what the SDK holds on to does not grow."""

import gc
import os

import pytest

from evalhub.model import Batch
from evalhub.tracing import configure, flush, stats, trace, traceable


class Forgetting:
    """Takes every batch and keeps nothing."""

    def export(self, batch: Batch) -> None:
        """Take *batch*."""

    def close(self) -> None:
        """Do nothing."""


@traceable("llm", tags=["a"], metadata={"b": 1})
def inner(text: str) -> dict[str, str]:
    """Be a child."""
    return {"text": text}


@traceable
def outer(text: str) -> str:
    """Be a trace of two spans, one of which failed now and then."""
    return inner(text)["text"]


@traceable
def failing() -> None:
    """Raise."""
    raise ValueError("boom")


def make_traces(number: int) -> None:
    """Record *number* traces of several kinds and wait until they are gone."""
    for n in range(number):
        if n % 100 == 0:
            with pytest.raises(ValueError, match="boom"), trace("block", session_id=f"s{n}"):
                failing()
        else:
            outer(f"question {n}")
        if n % 5_000 == 0:
            assert flush(60)
    assert flush(60)


def resident_bytes() -> int:
    """Return the memory of this process that is not shared or swapped out."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
def test_memory_is_flat_over_200_000_traces() -> None:
    """After a first stretch, neither the number of objects nor the memory grows."""
    configure(exporter=Forgetting())
    make_traces(20_000)
    gc.collect()
    objects, resident = len(gc.get_objects()), resident_bytes()
    make_traces(180_000)
    gc.collect()
    assert stats().dropped == 0
    assert len(gc.get_objects()) - objects < 1_000
    assert resident_bytes() - resident < 8_000_000
