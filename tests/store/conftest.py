"""A store in the test's home, and spans to put into it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from evalhub.model import Span
from evalhub.store import Store, open_store


@pytest.fixture
def store() -> Iterator[Store]:
    """Open the store that the settings name."""
    with open_store() as opened:
        yield opened


@pytest.fixture(scope="session")
def make_span() -> Callable[..., Span]:
    """Return a function that makes a root span of one second; keywords change it."""

    def make(span_id: str = "a", **changes: Any) -> Span:
        fields: dict[str, Any] = {
            "trace_id": "t",
            "parent_id": None,
            "project": "default",
            "name": "answer",
            "kind": "chain",
            "status": "ok",
            "start_ns": 1_790_000_000 * 10**9,
            "end_ns": 1_790_000_001 * 10**9,
        }
        return Span(span_id=span_id, **{**fields, **changes})

    return make
