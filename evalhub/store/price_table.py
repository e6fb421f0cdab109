"""The price table in force: the bundled one, or the file that took its place.

A row that a new table repeats stays the row it was, so costs go on naming it. One that the
new table does not have is kept out of force: costs that came from it can still be explained.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from time import time_ns

import orjson
from sqlalchemy import Connection, select, update

from evalhub.store import dialect, tables
from evalhub.store.price_files import BUNDLED, PriceTable, bundled_digest, bundled_table
from evalhub.store.prices import OWN, Price, insert_prices, prices_changed, read_prices

__all__ = [
    "TableChange",
    "TableInForce",
    "bring_bundled",
    "bundled_is_current",
    "replace_table",
    "table_in_force",
]

_KEY = "price_table"
_FILE = "file"
_VALUES = tuple(
    name for name in Price.__dataclass_fields__ if name not in {"id", "source", "table_digest"}
)


@dataclass(frozen=True, slots=True)
class TableInForce:
    """Which table the prices come from."""

    origin: str
    digest: str
    loaded_ns: int
    updated: str | None = None


@dataclass(frozen=True, slots=True)
class TableChange:
    """What a new table changed, in rows."""

    added: int
    kept: int
    retired: int


def table_in_force(connection: Connection) -> TableInForce | None:
    """Return which table the prices come from; None before the first was loaded."""
    query = select(tables.setting.c.value).where(tables.setting.c.key == _KEY)
    value: str | None = connection.execute(query).scalar()
    return None if value is None else TableInForce(**orjson.loads(value))


def bundled_is_current(connection: Connection) -> bool:
    """Return whether there is nothing to do for :func:`bring_bundled`."""
    current = table_in_force(connection)
    if current is None:
        return False
    if current.origin != BUNDLED:
        return True
    if current.digest == bundled_digest():  # without reading the table, at each opening
        return True
    # A later evalhub may use the same store: its table is not taken back.
    return current.updated is not None and _later(current.updated, bundled_table().updated)


def bring_bundled(connection: Connection) -> None:
    """Put the bundled table in force."""
    replace_table(connection, bundled_table())


def replace_table(connection: Connection, table: PriceTable) -> TableChange:
    """Put *table* in force in place of the one before; prices of one's own stay.

    Spans stored earlier keep the cost they have. Where *table* gives no dates, older prices of
    its models stay in force for older calls, and a price that did not change keeps its
    date. *connection* is in a write transaction.
    """
    before = [price for price in read_prices(connection) if price.source != OWN]
    wanted = table.prices if table.is_dated else tuple(_with_history(table.prices, before))
    by_value = {_value(price): price.id for price in before}
    added = [price for price in wanted if _value(price) not in by_value]
    kept = {_value(price) for price in wanted} & by_value.keys()
    retired = [number for value, number in by_value.items() if value not in kept]
    _retire(connection, retired)
    source = BUNDLED if table.origin == BUNDLED else _FILE
    insert_prices(connection, added, source=source, digest=table.digest)
    prices_changed(connection)
    _remember(connection, table)
    return TableChange(len(added), len(kept), len(retired))


def _with_history(prices: Iterable[Price], before: Iterable[Price]) -> Iterator[Price]:
    """Yield *prices*, and what held before them, as one table with dates."""
    earlier: dict[tuple[str, str, str], list[Price]] = {}
    for price in sorted(before, key=lambda price: price.valid_from_ns):
        earlier.setdefault((price.provider, price.model, price.tier), []).append(price)
    for price in prices:
        history = [
            old
            for old in earlier.get((price.provider, price.model, price.tier), ())
            if old.valid_from_ns <= price.valid_from_ns
        ]
        same_day = bool(history) and history[-1].valid_from_ns == price.valid_from_ns
        is_new = not history or _value(replace(price, valid_from_ns=0)) != _value(
            replace(history[-1], valid_from_ns=0)
        )
        yield from history[:-1] if same_day and is_new else history
        if is_new:
            yield price


def _value(price: Price) -> tuple[object, ...]:
    return tuple(getattr(price, name) for name in _VALUES)


def _retire(connection: Connection, numbers: list[int | None]) -> None:
    for start in range(0, len(numbers), dialect.PAIRS_AT_ONCE):
        some = numbers[start : start + dialect.PAIRS_AT_ONCE]
        statement = update(tables.price).where(tables.price.c.id.in_(some))
        connection.execute(statement.values(in_force=0))


def _remember(connection: Connection, table: PriceTable) -> None:
    updated = None if table.updated is None else table.updated.isoformat()
    now = TableInForce(table.origin, table.digest, time_ns(), updated)
    value = orjson.dumps(asdict(now)).decode()
    statement = dialect.insert(connection, tables.setting).values(key=_KEY, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )


def _later(theirs: str, ours: date | None) -> bool:
    return ours is not None and date.fromisoformat(theirs) > ours
