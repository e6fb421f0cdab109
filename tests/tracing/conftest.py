"""Fixtures of the tracing tests: a recorder, and no tracer left from another test."""

from collections.abc import Iterator

import pytest

from evalhub.tracing import testing


@pytest.fixture(autouse=True)
def _no_tracer_left() -> Iterator[None]:
    """Let each test start from its own settings."""
    testing.reset(0.1)
    yield
    testing.reset(0.1)


@pytest.fixture
def recorder() -> Iterator[testing.Recorder]:
    """Record in memory with fixed ids and clock."""
    with testing.recording() as recorder:
        yield recorder
