"""The SQL store: the only room that knows the tables."""

from evalhub.store.attachments import StoredAttachment
from evalhub.store.completeness import Completeness
from evalhub.store.ledger import Producer
from evalhub.store.overview import NameTotals, OverviewBucket, TimeExtent
from evalhub.store.queries import StoredSpan, TraceCursor, TraceDetail, TraceFilter
from evalhub.store.scores import StoredScore
from evalhub.store.store import Store, open_store

__all__ = [
    "Completeness",
    "NameTotals",
    "OverviewBucket",
    "Producer",
    "Store",
    "StoredAttachment",
    "StoredScore",
    "StoredSpan",
    "TimeExtent",
    "TraceCursor",
    "TraceDetail",
    "TraceFilter",
    "open_store",
]
