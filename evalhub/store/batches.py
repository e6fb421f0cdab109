"""The write side's one door: a batch as an exporter takes it."""

from sqlalchemy import Connection

from evalhub.model import Batch
from evalhub.store.ledger import count_stored, record_delivery
from evalhub.store.scores import add_span_scores
from evalhub.store.spans import add_spans

__all__ = ["add_batch"]


def add_batch(connection: Connection, batch: Batch) -> int:
    """Store all that is in *batch* and return how many of its spans were new.

    Everything has a key of its own, so a batch may be sent again, whole or in parts.
    *connection* is in a write transaction (``Store.begin``), which the caller owns.
    """
    delivery = batch.delivery
    producer_id = None if delivery is None else record_delivery(connection, delivery)
    spans = add_spans(connection, batch.spans, producer_id=producer_id)
    scores = add_span_scores(connection, batch.scores) if batch.scores else 0
    if producer_id is not None and spans + scores:
        count_stored(connection, producer_id, spans + scores)
    return spans
