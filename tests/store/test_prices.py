"""Costs: dated prices, parts of the input, and None for what is not known."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from evalhub.errors import StoreError
from evalhub.model import Span, Usage
from evalhub.store import Store, StoredSpan, open_store
from evalhub.store.prices import Price, PriceBook, add_price, bundled, load_prices
from evalhub.store.queries import get_trace
from evalhub.store.spans import add_spans

MakeSpan = Callable[..., Span]


def ns(year: int, month: int, day: int) -> int:
    """Return midnight, UTC, in nanoseconds since the Unix epoch."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * 10**9


PRICE = Price("openai", "m", 0, 2.0, output_usd=8.0, cache_read_usd=0.5, cache_write_usd=2.5)


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (Usage(1000, 100), 1000 * 2 + 100 * 8),
        (Usage(1000, 0), 2000),
        (Usage(1000, 100, cache_read_tokens=600), 400 * 2 + 600 * 0.5 + 100 * 8),
        (Usage(1000, 100, 600, 300), 100 * 2 + 600 * 0.5 + 300 * 2.5 + 100 * 8),
        (Usage(1000, 100, reasoning_tokens=90), 1000 * 2 + 100 * 8),
        (Usage(0, 0), 0),
    ],
)
def test_each_part_has_its_price(usage: Usage, micro_usd: float) -> None:
    """Cached tokens are part of the input and priced apart; reasoning is output."""
    assert PRICE.cost(usage) == pytest.approx(micro_usd / 1e6)


@pytest.mark.parametrize(
    "usage", [Usage(), Usage(input_tokens=5), Usage(output_tokens=5)], ids=repr
)
def test_a_part_that_is_not_known_makes_the_cost_unknown(usage: Usage) -> None:
    """Half of a cost is not given as the whole."""
    assert PRICE.cost(usage) is None


def test_an_embedding_has_no_output() -> None:
    """A model without an output price costs its input, and cannot price output."""
    price = Price("openai", "e", 0, 0.02)
    assert price.cost(Usage(1_000_000)) == pytest.approx(0.02)
    assert price.cost(Usage(1_000_000, 0)) == pytest.approx(0.02)
    assert price.cost(Usage(1_000_000, 7)) is None


def test_cached_input_without_a_price_costs_what_input_does() -> None:
    """No discount is assumed."""
    assert Price("openai", "m", 0, 2.0, 8.0).cost(Usage(10, 0, 10)) == pytest.approx(20e-6)


@pytest.mark.parametrize(
    ("model", "provider", "at_ns", "input_usd"),
    [
        ("gpt-4o", "openai", ns(2024, 5, 13), 5.0),
        ("gpt-4o", "openai", ns(2024, 10, 2) - 1, 5.0),
        ("gpt-4o", "openai", ns(2024, 10, 2), 2.5),
        ("gpt-4o", None, ns(2026, 1, 1), 2.5),
        ("GPT-4o", "openai", ns(2026, 1, 1), 2.5),
        ("openai/gpt-4o", "openai", ns(2026, 1, 1), 2.5),
        ("gpt-4o-2024-05-13", "openai", ns(2026, 1, 1), 5.0),
        ("gpt-4o-2024-11-20", "openai", ns(2026, 1, 1), 2.5),
        ("gpt-4o-mini-2024-07-18", "openai", ns(2026, 1, 1), 0.15),
        ("claude-3-5-haiku-20241022", "anthropic", ns(2026, 1, 1), 0.8),
        ("claude-3-5-haiku-latest", "anthropic", ns(2024, 11, 10), 1.0),
        ("gpt-4o", "openai", ns(2024, 5, 13) - 1, None),
        ("gpt-4o", "somebody-else", ns(2026, 1, 1), None),
        ("gpt-4o-audio-preview", "openai", ns(2026, 1, 1), None),
        ("local", "openai", ns(2026, 1, 1), None),
        ("", None, ns(2026, 1, 1), None),
    ],
)
def test_the_price_in_force(
    model: str, provider: str | None, at_ns: int, input_usd: float | None
) -> None:
    """The newest price that is not after the call; None for what is not in the table."""
    found = PriceBook(bundled()).find(model, provider, at_ns)
    assert (found and found.input_usd) == input_usd


def test_the_bundled_table_is_sound() -> None:
    """No price is negative, and none appears twice from one day."""
    prices = bundled()
    assert len({(p.provider, p.model, p.valid_from_ns) for p in prices}) == len(prices) > 30
    for price in prices:
        parts = (price.input_usd, price.output_usd, price.cache_read_usd, price.cache_write_usd)
        assert all(part is None or 0 < part < 100 for part in parts), price
        assert price.model == price.model.lower()


def test_opening_twice_loads_the_table_once(store: Store) -> None:
    """The bundled prices are added by the first opening only."""
    with open_store() as again, again.read() as connection:
        book = load_prices(connection)
    found = book.find("gpt-4o", "openai", ns(2026, 1, 1))
    assert found is not None
    with store.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM price").scalar()
    assert count == len(bundled())


def test_the_price_row_is_kept_with_the_cost(store: Store, make_span: MakeSpan) -> None:
    """A stored cost says which price it came from."""
    stored = cost_of(store, make_span(kind="llm", model="gpt-4o", usage=Usage(1000, 0)))
    assert stored.cost_usd == pytest.approx(0.0025)
    with store.read() as connection:
        row = connection.exec_driver_sql(
            "SELECT model, input_usd FROM price WHERE id = ?", (stored.price_id,)
        ).one()
    assert tuple(row) == ("gpt-4o", 2.5)


def test_an_unknown_model_costs_nothing_known(store: Store, make_span: MakeSpan) -> None:
    """Neither a cost of 0 nor a price row."""
    stored = cost_of(store, make_span(kind="llm", model="local", usage=Usage(1000, 0)))
    assert (stored.cost_usd, stored.price_id) == (None, None)


def test_a_price_of_ones_own_wins(store: Store, make_span: MakeSpan) -> None:
    """It prices spans stored from then on, and is not edited afterwards."""
    before = make_span("a", kind="llm", model="gpt-4o", usage=Usage(1000, 0))
    cost_of(store, before)
    own = Price("openai", "gpt-4o", ns(2024, 1, 1), 1.0, 2.0)
    with store.begin() as connection:
        add_price(connection, own)
    after = make_span("b", trace_id="u", kind="llm", model="gpt-4o", usage=Usage(1000, 0))
    assert cost_of(store, after).cost_usd == pytest.approx(0.001)
    assert cost_of(store, before).cost_usd == pytest.approx(0.0025)
    with store.begin() as connection, pytest.raises(StoreError, match="not edited"):
        add_price(connection, own)


def cost_of(store: Store, span: Span) -> StoredSpan:
    """Store *span* and return it as stored."""
    with store.begin() as connection:
        add_spans(connection, [span])
        found = get_trace(connection, span.trace_id)
    assert found is not None
    return found.spans[0]
