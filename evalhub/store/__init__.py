"""The SQL store: the only room that knows the tables."""

from evalhub.store.overview import NameTotals, OverviewBucket, TimeExtent
from evalhub.store.queries import StoredSpan, TraceCursor, TraceDetail, TraceFilter
from evalhub.store.scores import StoredScore
from evalhub.store.store import Store, open_store

__all__ = [
    "NameTotals",
    "OverviewBucket",
    "Store",
    "StoredScore",
    "StoredSpan",
    "TimeExtent",
    "TraceCursor",
    "TraceDetail",
    "TraceFilter",
    "open_store",
]
