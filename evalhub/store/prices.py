"""What model calls cost: dated list prices, and the one in force at a moment.

The bundled table (``prices.toml``) is loaded into ``price``; rows of one's own, added with
:func:`add_price`, win over it. An unknown model has no cost, never a cost of 0.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Any

from sqlalchemy import Connection, select

from evalhub.errors import StoreError
from evalhub.model import Usage
from evalhub.store import dialect, tables

__all__ = ["Price", "PriceBook", "add_bundled", "add_price", "bundled_are_current", "load_prices"]

_DIGEST_KEY = "bundled_prices"
_BUNDLED = "bundled"
_OWN = "own"

# What follows a model's name in the names of its snapshots: a date, or "latest".
_SNAPSHOT = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens of one model from one moment on.

    A part that is None costs what plain input does; without ``output_usd`` output
    cannot be priced.
    """

    provider: str
    model: str
    valid_from_ns: int
    input_usd: float
    output_usd: float | None = None
    cache_read_usd: float | None = None
    cache_write_usd: float | None = None
    source: str = _OWN
    id: int | None = None
    """Its row in the store; None before it is stored."""

    def cost(self, usage: Usage) -> float | None:
        """Return what *usage* costs in US dollars; None when a part cannot be known.

        Cached tokens are part of the input and reasoning tokens of the output.
        """
        if usage.input_tokens is None or (usage.output_tokens is None and self.output_usd):
            return None
        output = usage.output_tokens or 0
        if output and self.output_usd is None:
            return None
        read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        plain = max(usage.input_tokens - read - write, 0)
        return (
            plain * self.input_usd
            + read * _either(self.cache_read_usd, self.input_usd)
            + write * _either(self.cache_write_usd, self.input_usd)
            + output * (self.output_usd or 0.0)
        ) / 1e6


class PriceBook:
    """Prices by model, to find the one in force."""

    __slots__ = ("_by_model",)

    def __init__(self, prices: Iterable[Price]) -> None:
        self._by_model: dict[str, list[Price]] = {}
        # One's own prices first, then the newest.
        ordered = sorted(prices, key=lambda p: (p.source == _OWN, p.valid_from_ns), reverse=True)
        for price in ordered:
            self._by_model.setdefault(price.model, []).append(price)

    def find(self, model: str, provider: str | None, at_ns: int) -> Price | None:
        """Return the price of *model* at a moment, or None when none is known.

        The name counts in lower case, without a path before it ("openai/gpt-4o"); a
        snapshot without a price of its own has that of its model. When the
        caller knows the provider it must be the price's.
        """
        for name in _names(model):
            for price in self._by_model.get(name, ()):
                if price.valid_from_ns <= at_ns and provider in (None, price.provider):
                    return price
        return None


def load_prices(connection: Connection) -> PriceBook:
    """Return all prices that the store knows."""
    # Raw tuples: 40 rows every batch of spans.
    rows = connection.exec_driver_sql(_SELECT).fetchall()
    return PriceBook(Price(*row) for row in rows)


def add_price(connection: Connection, price: Price) -> None:
    """Add a price of one's own; spans stored earlier keep the cost they have.

    Raises:
        StoreError: another price of this model begins at the same moment.
    """
    stored = load_prices(connection).find(price.model, price.provider, price.valid_from_ns)
    if stored is not None and (stored.source, stored.valid_from_ns) == (_OWN, price.valid_from_ns):
        raise StoreError(
            f"{price.model} has a price from {price.valid_from_ns} already; "
            "prices are not edited: choose a later moment"
        )
    _insert(connection, [_row(price, source=_OWN)])


def bundled_are_current(connection: Connection) -> bool:
    """Return whether the store holds this package's ``prices.toml``."""
    value = select(tables.setting.c.value).where(tables.setting.c.key == _DIGEST_KEY)
    return connection.execute(value).scalar() == _digest()


def add_bundled(connection: Connection) -> None:
    """Add those prices of ``prices.toml`` that the store does not have."""
    _insert(connection, [_row(price, source=_BUNDLED) for price in bundled()])
    setting = dialect.insert(connection, tables.setting).values(key=_DIGEST_KEY, value=_digest())
    connection.execute(
        setting.on_conflict_do_update(index_elements=["key"], set_={"value": _digest()})
    )


def bundled() -> tuple[Price, ...]:
    """Return the prices of the package's table."""
    return tuple(_parse(tomllib.loads(_file().decode())))


def _parse(content: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]) -> Iterator[Price]:
    for provider, models in content.items():
        for model, rows in models.items():
            for row in rows:
                yield Price(
                    provider=provider,
                    model=model,
                    valid_from_ns=_midnight_ns(row["valid_from"]),
                    input_usd=row["input"],
                    output_usd=row.get("output"),
                    cache_read_usd=row.get("cache_read"),
                    cache_write_usd=row.get("cache_write"),
                    source=_BUNDLED,
                )


def _midnight_ns(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9


@cache
def _file() -> bytes:
    return resources.files("evalhub.store").joinpath("prices.toml").read_bytes()


@cache
def _digest() -> str:
    return hashlib.sha256(_file()).hexdigest()


@cache
def _names(model: str) -> tuple[str, ...]:
    name = model.lower().rpartition("/")[2]
    family = _SNAPSHOT.sub("", name)
    return (name,) if family == name else (name, family)


def _either(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


_COLUMNS = (
    "provider",
    "model",
    "valid_from_ns",
    "input_usd",
    "output_usd",
    "cache_read_usd",
    "cache_write_usd",
    "source",
)
_SELECT = f"SELECT {', '.join(_COLUMNS)}, id FROM price"


def _row(price: Price, *, source: str) -> tuple[Any, ...]:
    values = [getattr(price, name) for name in _COLUMNS[:-1]]
    return (*values, source)


def _insert(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    statement = dialect.insert(connection, tables.price).on_conflict_do_nothing()
    connection.execute(statement, [dict(zip(_COLUMNS, row, strict=True)) for row in rows])
