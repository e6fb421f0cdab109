"""What model calls cost: dated list prices, and the one in force at a moment.

Prices come from a table (price_table.py) and, added with :func:`add_price`, as rows of one's
own, which win. What is not known has no cost, never a cost of 0: an unknown model, a tier
without a price, audio where only text is priced.
"""

import math
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from sqlalchemy import Connection, select

from evalhub.errors import StoreError
from evalhub.model import Usage
from evalhub.store import dialect, tables

__all__ = [
    "OWN",
    "STANDARD",
    "Price",
    "PriceBook",
    "add_price",
    "insert_prices",
    "load_prices",
    "prices_changed",
    "read_prices",
]

OWN = "own"
"""Source of a price that was added by hand."""

STANDARD = "standard"
"""The tier of a call for which the provider named none."""

_REVISION_KEY = "price_revision"
_BOOKS_KEPT = 4

# What providers call the tier that is no special one.
_STANDARD_NAMES = frozenset({None, "", "auto", "default", "on_demand", STANDARD})

# What follows a model's name in the names of its snapshots: a date, or "latest".
_SNAPSHOT = re.compile(r"[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens of one model and tier from one moment on.

    A cached or reasoning part that is None costs what plain input or output does. Without
    ``output_usd`` output cannot be priced, nor audio without prices of its own.
    """

    provider: str
    model: str
    valid_from_ns: int
    input_usd: float
    output_usd: float | None = None
    cache_read_usd: float | None = None
    cache_write_usd: float | None = None
    source: str = OWN
    id: int | None = None
    """Its row in the store; None before it is stored."""
    audio_input_usd: float | None = None
    audio_output_usd: float | None = None
    reasoning_usd: float | None = None
    tier: str = STANDARD
    table_digest: str | None = None
    """Version of the table that brought it; None for one's own."""

    def cost(self, usage: Usage) -> float | None:
        """Return what *usage* costs in US dollars; None when a part cannot be known.

        Cached and audio tokens are part of the input, reasoning and audio tokens of the output.
        Parts that are more than the whole contradict it: no cost.
        """
        taken, given = self._input(usage), self._output(usage)
        return None if taken is None or given is None else (taken + given) / 1e6

    def _input(self, usage: Usage) -> float | None:
        if usage.input_tokens is None:
            return None
        read, write = usage.cache_read_tokens or 0, usage.cache_write_tokens or 0
        audio = usage.audio_input_tokens or 0
        plain = usage.input_tokens - read - write - audio
        if plain < 0 or (audio and self.audio_input_usd is None):
            return None
        return (
            plain * self.input_usd
            + read * _either(self.cache_read_usd, self.input_usd)
            + write * _either(self.cache_write_usd, self.input_usd)
            + audio * (self.audio_input_usd or 0.0)
        )

    def _output(self, usage: Usage) -> float | None:
        if usage.output_tokens is None:
            return None if self.output_usd else 0.0
        if not usage.output_tokens:
            return 0.0
        reasoning, audio = usage.reasoning_tokens or 0, usage.audio_output_tokens or 0
        plain = usage.output_tokens - reasoning - audio
        if plain < 0 or (audio and self.audio_output_usd is None):
            return None
        if self.output_usd is None:
            return None if plain or reasoning else audio * (self.audio_output_usd or 0.0)
        return (
            plain * self.output_usd
            + reasoning * _either(self.reasoning_usd, self.output_usd)
            + audio * (self.audio_output_usd or 0.0)
        )


class PriceBook:
    """Prices by model, to find the one in force."""

    __slots__ = ("_by_model",)

    def __init__(self, prices: Iterable[Price]) -> None:
        self._by_model: dict[str, list[Price]] = {}
        # One's own prices first, then the newest.
        ordered = sorted(prices, key=lambda p: (p.source == OWN, p.valid_from_ns), reverse=True)
        for price in ordered:
            self._by_model.setdefault(price.model, []).append(price)

    def find(
        self, model: str, provider: str | None, at_ns: int, *, tier: str | None = None
    ) -> Price | None:
        """Return the price of *model* at a moment, or None when none is known.

        The name counts in lower case, without a path before it ("openai/gpt-4o"); a
        snapshot without any price of its own has those of its model. When the caller knows the
        provider it must be the price's; when not, there must be one only. The tier must be
        the price's: half of a price is not guessed for a batch.
        """
        wanted = STANDARD if tier in _STANDARD_NAMES else str(tier).lower()
        for name in _names(model):
            prices = [
                price
                for price in self._by_model.get(name, ())
                if price.valid_from_ns <= at_ns and provider in (None, price.provider)
            ]
            if prices:
                seller = provider or _only_provider(prices)
                fits = (p for p in prices if p.tier == wanted and p.provider == seller)
                return next(fits, None)
        return None


def load_prices(connection: Connection) -> PriceBook:
    """Return all prices in force; they are read again only after they changed."""
    # A table may have thousands of rows, and this is asked for with each batch of spans.
    revision = _revision(connection)
    book = None if revision is None else _books.get(revision)
    if book is None:
        book = PriceBook(read_prices(connection))
        if revision is not None:
            if len(_books) >= _BOOKS_KEPT:
                _books.clear()
            _books[revision] = book
    return book


_books: dict[str, PriceBook] = {}
"""By revision, an id that no other store and no other state of this one has."""


def read_prices(connection: Connection) -> list[Price]:
    """Return the rows that are in force."""
    rows = connection.execute(select(*_STORED).where(tables.price.c.in_force == 1))
    return [Price(*row) for row in rows]


def add_price(connection: Connection, price: Price) -> None:
    """Add a price of one's own; spans stored earlier keep the cost they have.

    Raises:
        StoreError: another price of this model and tier begins at the same moment, or it
            has no provider, no model, or a part that is no number of dollars.
    """
    _check(price)
    key = (price.provider, price.model, price.tier, price.valid_from_ns)
    for stored in read_prices(connection):
        if stored.source == OWN and key == _key(stored):
            raise StoreError(
                f"{price.model} ({price.tier}) has a price from {_day(price)} already; "
                "prices are not edited: choose a later moment"
            )
    insert_prices(connection, [price], source=OWN, digest=None)


def _check(price: Price) -> None:
    if not (price.provider.strip() and price.model.strip()):
        raise StoreError(
            f"a price needs a provider and a model, not {price.provider!r} and {price.model!r}"
        )
    for name in Price.__dataclass_fields__:
        value = getattr(price, name)
        if name.endswith("_usd") and value is not None and not 0 <= value < math.inf:
            raise StoreError(f"{name} of {price.model} is {value}; give dollars, 0 or more")


def _day(price: Price) -> str:
    return datetime.fromtimestamp(price.valid_from_ns / 10**9, UTC).date().isoformat()


def insert_prices(
    connection: Connection, prices: Sequence[Price], *, source: str, digest: str | None
) -> None:
    """Add *prices* as rows in force."""
    rows = [
        {
            **{name: getattr(price, name) for name in _COLUMNS},
            "source": source,
            "table_digest": digest,
            "in_force": 1,
        }
        for price in prices
    ]
    if rows:
        connection.execute(tables.price.insert(), rows)
    prices_changed(connection)


def prices_changed(connection: Connection) -> None:
    """Give the prices a new revision, so that every process reads them again."""
    value = uuid.uuid4().hex
    statement = dialect.insert(connection, tables.setting).values(key=_REVISION_KEY, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )


def _revision(connection: Connection) -> str | None:
    query = select(tables.setting.c.value).where(tables.setting.c.key == _REVISION_KEY)
    revision: str | None = connection.execute(query).scalar()
    return revision


def _key(price: Price) -> tuple[str, str, str, int]:
    return (price.provider, price.model, price.tier, price.valid_from_ns)


def _only_provider(prices: Iterable[Price]) -> str | None:
    own = {price.provider for price in prices if price.source == OWN}
    providers = own or {price.provider for price in prices}
    return providers.pop() if len(providers) == 1 else None


@lru_cache(maxsize=4096)
def _names(model: str) -> tuple[str, ...]:
    name = model.lower().rpartition("/")[2]
    family = _SNAPSHOT.sub("", name)
    return (name,) if family == name else (name, family)


def _either(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value


_STORED = tuple(tables.price.c[name] for name in Price.__dataclass_fields__)
_COLUMNS = tuple(
    name for name in Price.__dataclass_fields__ if name not in {"id", "source", "table_digest"}
)
