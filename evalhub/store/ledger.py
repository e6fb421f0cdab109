"""The delivery ledger: what each process says of its spans, and which of them it lost."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from evalhub.model import Delivery
from evalhub.store import dialect
from evalhub.store.cleaning import LARGEST_INTEGER, clean_text
from evalhub.store.tables import loss, producer

__all__ = ["Producer", "count_stored", "list_producers", "producer_of", "record_delivery"]

_COUNTS = ("recorded", "spooled", "dropped")


@dataclass(frozen=True, slots=True)
class Producer:
    """One process that recorded spans and scores: what it said last, and what is here."""

    producer: str
    host: str
    pid: int
    started_ns: int
    updated_ns: int
    """When it said so, by its own clock."""
    is_ended: bool
    """Whether it has said goodbye."""
    recorded: int
    """Records (spans and scores) that it has made."""
    spooled: int
    """Of these, on its disk when it said so; the next process there sends them."""
    dropped: int
    """Of these, lost."""
    stored: int
    """Of these, in this store."""

    @property
    def outstanding(self) -> int:
        """Records that are neither here nor known to be lost: on its disk or in its memory."""
        return max(self.recorded - self.stored - self.dropped, 0)


def record_delivery(connection: Connection, delivery: Delivery) -> int:
    """Keep what a process says and return its number in the ledger.

    A report that comes twice, or after a later one, changes no count: losses are
    counted from the start of the process. *connection* is in a write transaction.
    """
    columns = select(producer.c.id, producer.c.updated_ns)
    known = connection.execute(columns.where(producer.c.producer == delivery.producer)).first()
    if known is None:
        number = _insert(connection, delivery)
    else:
        number = known.id
        if delivery.updated_ns > known.updated_ns:
            statement = producer.update().where(producer.c.id == number)
            connection.execute(statement, _values(delivery))
    if delivery.losses:
        _raise_losses(connection, number, delivery)
    return number


def count_stored(connection: Connection, number: int, records: int) -> None:
    """Count *records* of the process with this number in the ledger that are now stored."""
    statement = producer.update().where(producer.c.id == number)
    connection.execute(statement.values(stored=producer.c.stored + records))


def list_producers(connection: Connection, *, limit: int = 100) -> list[Producer]:
    """Return the processes that were heard of last, the latest first."""
    query = select(*_PRODUCER).order_by(producer.c.updated_ns.desc(), producer.c.id.desc())
    return [producer_of(row) for row in connection.execute(query.limit(limit))]


_PRODUCER = tuple(producer.c[name] for name in Producer.__dataclass_fields__)


def producer_of(row: Row[Any]) -> Producer:
    """Return the producer of a row that has its columns."""
    values = {name: getattr(row, name) for name in Producer.__dataclass_fields__}
    return Producer(**{**values, "is_ended": bool(row.is_ended)})


def _insert(connection: Connection, delivery: Delivery) -> int:
    last = connection.execute(select(func.max(producer.c.id))).scalar()
    number = (last or 0) + 1  # nobody else writes until this transaction ends
    identity = {"id": number, "producer": delivery.producer, "stored": 0}
    connection.execute(producer.insert(), {**identity, **_values(delivery)})
    return number


def _values(delivery: Delivery) -> dict[str, object]:
    return {
        "host": clean_text(delivery.host),
        "pid": _bounded(delivery.pid),
        "started_ns": _bounded(delivery.started_ns),
        "updated_ns": _bounded(delivery.updated_ns),
        "is_ended": int(delivery.is_ended),
        **{name: _bounded(getattr(delivery, name)) for name in _COUNTS},
    }


def _raise_losses(connection: Connection, number: int, delivery: Delivery) -> None:
    """Keep the highest count of each trace: a process counts from its start."""
    statement = dialect.insert(connection, loss)
    higher = statement.on_conflict_do_update(
        index_elements=["trace_id", "producer_id"],
        set_={"spans": statement.excluded.spans},
        where=statement.excluded.spans > loss.c.spans,
    )
    rows = [
        {"trace_id": clean_text(trace_id), "producer_id": number, "spans": _bounded(count)}
        for trace_id, count in delivery.losses
    ]
    connection.execute(higher, rows)


def _bounded(count: int) -> int:
    return min(count, LARGEST_INTEGER)
