"""The SQL store: the only room that knows the tables."""

from evalhub.store.queries import (
    OverviewBucket,
    StoredSpan,
    TraceCursor,
    TraceDetail,
    TraceFilter,
)
from evalhub.store.scores import StoredScore
from evalhub.store.store import Store, open_store

__all__ = [
    "OverviewBucket",
    "Store",
    "StoredScore",
    "StoredSpan",
    "TraceCursor",
    "TraceDetail",
    "TraceFilter",
    "open_store",
]
