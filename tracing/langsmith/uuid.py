"""What ``langsmith.uuid`` has."""

from datetime import datetime
from uuid import UUID

from evalhub.tracing.details import to_ns
from evalhub.tracing.ids import new_id

__all__ = ["uuid7", "uuid7_from_datetime"]


def uuid7() -> UUID:
    """Return a new id whose order is that of time."""
    return UUID(hex=new_id())


def uuid7_from_datetime(moment: datetime) -> UUID:
    """Return a new id as if made at *moment*."""
    return UUID(hex=new_id(to_ns(moment)))
