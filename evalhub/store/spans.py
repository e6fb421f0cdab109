"""The one function that writes spans."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select
from sqlalchemy.exc import DataError

from evalhub.model import Span
from evalhub.store import dialect, tables
from evalhub.store.attachments import add_attachments
from evalhub.store.cleaning import clean
from evalhub.store.prices import load_prices
from evalhub.store.rows import to_rows
from evalhub.store.traces import store_traces

__all__ = ["add_spans"]


def add_spans(
    connection: Connection, spans: Sequence[Span], *, producer_id: int | None = None
) -> int:
    """Store *spans* with their attachments and return how many were new.

    A span already stored is left as it is, so a batch may be sent again, and spans
    come in any order. *connection* is in a write transaction (``Store.begin``), which
    the caller owns. *producer_id* is the ledger's number of the process that recorded
    them (:mod:`evalhub.store.ledger`).
    """
    fresh, known = _new_spans(connection, spans)
    if not fresh:
        return 0
    first_id = _next_id(connection)
    try:
        costs = _insert(connection, fresh, first_id, producer_id)
    except (OverflowError, TypeError, UnicodeError, DataError):
        # Half a surrogate pair, NUL, or an integer of more than 64 bits: rare, and found by
        # the driver for nothing, so spans are only cleaned when it complained.
        _take_back(connection, first_id)
        fresh, known = _new_spans(connection, [clean(span) for span in spans])
        costs = _insert(connection, fresh, first_id, producer_id)
    store_traces(connection, known, costs)
    return len(fresh)


def _new_spans(
    connection: Connection, spans: Sequence[Span]
) -> tuple[list[Span], dict[str, Row[Any]]]:
    """Return those of *spans* that are not stored, and the stored rows of their traces."""
    by_key = {(span.trace_id, span.span_id): span for span in reversed(spans)}
    known = _known_traces(connection, list({trace_id for trace_id, _ in by_key}))
    if known:
        columns = (tables.span.c.trace_id, tables.span.c.span_id)
        maybe = [key for key in by_key if key[0] in known]
        for key in dialect.find_pairs(connection, columns, maybe):
            del by_key[key]
    return list(by_key.values()), known


def _insert(
    connection: Connection, spans: list[Span], first_id: int, producer_id: int | None
) -> list[tuple[Span, float | None]]:
    is_priced = any(span.usage is not None and span.model is not None for span in spans)
    book = load_prices(connection) if is_priced else None
    converted = to_rows(spans, book, first_id=first_id, producer_id=producer_id)
    for table, columns, rows in converted.inserts:
        dialect.insert_rows(connection, table, columns, rows)
    if converted.attachments:
        add_attachments(connection, converted.attachments)
    return converted.costs


def _take_back(connection: Connection, first_id: int) -> None:
    for table in (tables.span, tables.span_payload, tables.attachment):
        connection.execute(delete(table).where(table.c.id >= first_id))


def _next_id(connection: Connection) -> int:
    # Nobody else writes until this transaction ends.
    last: int | None = connection.execute(select(func.max(tables.span.c.id))).scalar()
    return 1 if last is None else last + 1


def _known_traces(connection: Connection, trace_ids: list[str]) -> dict[str, Row[Any]]:
    known: dict[str, Row[Any]] = {}
    for start in range(0, len(trace_ids), dialect.PAIRS_AT_ONCE):
        ids = trace_ids[start : start + dialect.PAIRS_AT_ONCE]
        query = select(tables.trace).where(tables.trace.c.trace_id.in_(ids))
        known.update((row.trace_id, row) for row in connection.execute(query))
    return known
