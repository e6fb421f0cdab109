"""The exporter protocol: where finished spans go."""

from typing import Protocol

from evalhub.model import Batch

__all__ = ["Exporter"]


class Exporter(Protocol):
    """Takes batches of finished spans, and what belongs to them.

    An exporter is made in the worker thread by calling its class with the URL it
    was found for, and is used by that thread only. After a fork the child makes
    its own; the parent's is never touched there.
    """

    def export(self, batch: Batch) -> None:
        """Keep what is in *batch* durably before returning.

        Any exception means that nothing of it is known to be kept; the worker
        holds on to it and calls again. So this must be idempotent: by (trace id,
        span id) for spans, by id for scores, by producer for the delivery ledger.
        """

    def close(self) -> None:
        """Free what the exporter holds; nothing is exported afterwards."""
