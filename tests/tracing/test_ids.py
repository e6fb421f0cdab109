"""Ids of spans: UUIDv7, in order of time, independent of the program's random state."""

import random
import uuid

from hypothesis import given
from hypothesis import strategies as st

from evalhub import tracing
from evalhub.tracing.ids import new_id

TIMES = st.integers(0, 2**48 * 1_000_000 - 1)


@given(TIMES)
def test_ids_are_uuid7(now_ns: int) -> None:
    """Every id is a valid UUID of version 7 that holds the time in milliseconds."""
    made = uuid.UUID(hex=new_id(now_ns))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == now_ns // 1_000_000


@given(TIMES, st.integers(256, 10**12))
def test_ids_sort_by_time(now_ns: int, later_ns: int) -> None:
    """An id made at least 256 ns later sorts later."""
    if now_ns + later_ns < 2**48 * 1_000_000:
        assert new_id(now_ns) < new_id(now_ns + later_ns)


def test_ids_do_not_follow_the_programs_seed() -> None:
    """A program that seeds ``random`` again and again still gets different ids."""
    made = set()
    for _ in range(100):
        random.seed(1)
        made.add(new_id(0))
    assert len(made) == 100


def test_public_names_are_sorted_and_there() -> None:
    """``__all__`` is sorted and every name in it exists."""
    assert tracing.__all__ == sorted(tracing.__all__)
    assert all(hasattr(tracing, name) for name in tracing.__all__)
