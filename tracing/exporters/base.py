"""The exporter protocol: where finished spans go."""

from collections.abc import Sequence
from typing import Protocol

from evalhub.model import Span

__all__ = ["Exporter"]


class Exporter(Protocol):
    """Takes batches of finished spans.

    An exporter is made in the worker thread by calling its class with the URL it
    was found for, and is used by that thread only. After a fork the child makes
    its own; the parent's is never touched there.
    """

    def export(self, spans: Sequence[Span]) -> None:
        """Keep *spans* durably before returning.

        Any exception means that none of them is known to be kept; the worker
        holds on to them and calls again. So this must be idempotent by
        (trace id, span id).
        """

    def close(self) -> None:
        """Free what the exporter holds; nothing is exported afterwards."""
