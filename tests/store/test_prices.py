"""Costs: dated prices, parts of the input, and None for what is not known."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from evalhub.errors import StoreError
from evalhub.model import Span, Usage
from evalhub.store import Store, StoredSpan, open_store
from evalhub.store.price_files import bundled_table
from evalhub.store.prices import STANDARD, Price, PriceBook, add_price, load_prices
from evalhub.store.queries import get_trace
from evalhub.store.spans import add_spans
from evalhub.store.tables import price

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


SOUND = Price("openai", "s", 0, 2.0, 8.0, audio_input_usd=40.0, audio_output_usd=80.0)


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (Usage(100, 10, audio_input_tokens=60), 40 * 2 + 60 * 40 + 10 * 8),
        (Usage(100, 10, audio_output_tokens=7), 100 * 2 + 3 * 8 + 7 * 80),
        (Usage(100, 10, 30, audio_input_tokens=60, audio_output_tokens=10), 40 * 2 + 2400 + 800),
        (Usage(100, 10, audio_input_tokens=0, audio_output_tokens=0), 280),
    ],
)
def test_audio_is_priced_apart(usage: Usage, micro_usd: float) -> None:
    """It is part of the input, and of the output."""
    assert SOUND.cost(usage) == pytest.approx(micro_usd / 1e6)


def test_reasoning_may_have_a_price_of_its_own() -> None:
    """Without one it costs what output does."""
    price = Price("x", "r", 0, 1.0, 2.0, reasoning_usd=5.0)
    assert price.cost(Usage(0, 10, reasoning_tokens=4)) == pytest.approx((6 * 2 + 4 * 5) / 1e6)


@pytest.mark.parametrize(
    "usage",
    [
        Usage(10, 5, cache_read_tokens=11),
        Usage(10, 5, cache_read_tokens=6, cache_write_tokens=5),
        Usage(10, 5, cache_read_tokens=6, audio_input_tokens=5),
        Usage(10, 5, reasoning_tokens=6),
        Usage(10, 5, reasoning_tokens=3, audio_output_tokens=3),
    ],
    ids=repr,
)
def test_parts_that_are_more_than_the_whole_cost_nothing_known(usage: Usage) -> None:
    """The counts contradict each other, so no sum of theirs is right."""
    assert SOUND.cost(usage) is None


@pytest.mark.parametrize(
    "usage", [Usage(10, 5, audio_input_tokens=1), Usage(10, 5, audio_output_tokens=1)], ids=repr
)
def test_audio_where_only_text_is_priced(usage: Usage) -> None:
    """It costs many times what text does: no cost is guessed."""
    assert PRICE.cost(usage) is None


@pytest.mark.parametrize(
    ("model", "tier", "input_usd"),
    [
        ("gpt-4o", None, 2.5),
        ("gpt-4o", "default", 2.5),
        ("gpt-4o", "auto", 2.5),
        ("gpt-4o", "batch", 1.25),
        ("gpt-4o", "Priority", 4.25),
        ("gpt-4o", "flex", None),
        ("gpt-4o", "scale", None),
        ("gpt-4o-2024-05-13", "batch", 2.5),
        ("gpt-4o-2024-05-13", "priority", None),
        ("claude-sonnet-4-5-20250929", "batch", 1.5),
    ],
)
def test_each_tier_has_its_price_or_none(
    model: str, tier: str | None, input_usd: float | None
) -> None:
    """The standard price is not taken for another tier, nor the model's for its snapshot."""
    found = PriceBook(bundled_table().prices).find(model, None, ns(2026, 1, 1), tier=tier)
    assert (found and found.input_usd) == input_usd


def test_a_model_that_several_providers_sell() -> None:
    """Without the provider no one's price is taken, unless one's own decides."""
    prices = [Price(name, "m", 0, usd, source="file") for name, usd in (("a", 1.0), ("b", 2.0))]
    book = PriceBook(prices)
    assert book.find("m", None, 1) is None
    assert book.find("m", "b", 1) == prices[1]
    own = Price("b", "m", 0, 3.0)
    assert PriceBook([*prices, own]).find("m", None, 1) == own


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
        ("gpt-4o-realtime", "openai", ns(2026, 1, 1), None),
        ("local", "openai", ns(2026, 1, 1), None),
        ("", None, ns(2026, 1, 1), None),
    ],
)
def test_the_price_in_force(
    model: str, provider: str | None, at_ns: int, input_usd: float | None
) -> None:
    """The newest price that is not after the call; None for what is not in the table."""
    found = PriceBook(bundled_table().prices).find(model, provider, at_ns)
    assert (found and found.input_usd) == input_usd


def test_the_bundled_table_is_sound() -> None:
    """No price is negative, and none appears twice from one day."""
    prices = bundled_table().prices
    assert len({(p.provider, p.model, p.tier, p.valid_from_ns) for p in prices}) == len(prices) > 30
    for one in prices:
        parts = (one.input_usd, one.output_usd, one.cache_read_usd, one.cache_write_usd)
        audio = (one.audio_input_usd, one.audio_output_usd)
        assert all(part is None or 0 < part < 100 for part in parts), one
        assert all(part is None or 0 < part <= 200 for part in audio), one
        assert one.model == one.model.lower()


def test_batches_are_never_dearer() -> None:
    """A tier that providers sell at a discount costs no more than the standard one."""
    standard = {
        (p.provider, p.model, p.valid_from_ns): p
        for p in bundled_table().prices
        if p.tier == STANDARD
    }
    cheap = [p for p in bundled_table().prices if p.tier in {"batch", "flex"}]
    assert len(cheap) > 20
    for one in cheap:
        usual = standard[one.provider, one.model, one.valid_from_ns]
        assert one.input_usd < usual.input_usd, one
        assert (one.output_usd or 0) <= (usual.output_usd or 0), one


def test_opening_twice_loads_the_table_once(store: Store) -> None:
    """The bundled prices are added by the first opening only."""
    with open_store() as again, again.read() as connection:
        book = load_prices(connection)
    found = book.find("gpt-4o", "openai", ns(2026, 1, 1))
    assert found is not None
    with store.read() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM price").scalar()
    assert count == len(bundled_table().prices)


def test_the_price_row_is_kept_with_the_cost(store: Store, make_span: MakeSpan) -> None:
    """A stored cost says which price it came from."""
    stored = cost_of(store, make_span(kind="llm", model="gpt-4o", usage=Usage(1000, 0)))
    assert stored.cost_usd == pytest.approx(0.0025)
    with store.read() as connection:
        columns = select(price.c.model, price.c.input_usd)
        row = connection.execute(columns.where(price.c.id == stored.price_id)).one()
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
