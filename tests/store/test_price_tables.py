"""Tables of prices: read and checked, put in force, taken back; stored costs stay."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from evalhub.errors import ConfigError
from evalhub.model import Span, Usage
from evalhub.store import Store, open_store, price_files
from evalhub.store.price_files import BUNDLED, bundled_table, midnight_ns, parse_table, read_table
from evalhub.store.price_table import TableChange, replace_table, table_in_force
from evalhub.store.prices import STANDARD, Price, add_price, load_prices, read_prices
from evalhub.store.queries import get_trace
from evalhub.store.spans import add_spans
from evalhub.store.tables import price

MakeSpan = Callable[..., Span]

DAY = date(2026, 11, 20)
NEXT_DAY = date(2026, 11, 21)
NOW = midnight_ns(date(2026, 11, 22))

TOML = """
updated = 2026-11-01
[[Acme."Big-1"]]
valid_from = 2026-01-01
input = 4
output = 8.0
batch = { input = 2.0, output = 4.0 }

[[Acme."Big-1"]]
valid_from = 2026-06-01
input = 3.0
cache_read = 0.3
cache_write = 3.5
output = 6.0
reasoning = 7.0
audio_input = 30.0
audio_output = 60.0
"""

LITELLM: dict[str, dict[str, Any]] = {
    "sample_spec": {"input_cost_per_token": "text of the example", "litellm_provider": "one of"},
    "gpt-4o": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_tokens": 16384,
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "cache_read_input_token_cost": 1.25e-06,
        "input_cost_per_token_batches": 1.25e-06,
        "output_cost_per_token_batches": 5e-06,
        "input_cost_per_token_priority": 4.25e-06,
        "output_cost_per_token_priority": 1.7e-05,
        "cache_read_input_token_cost_priority": 2.125e-06,
    },
    "azure/eu/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2.75e-06},
    "azure/gpt-4o": {"litellm_provider": "azure", "input_cost_per_token": 2.5e-06},
    "gpt-4o-audio-preview": {
        "litellm_provider": "openai",
        "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "input_cost_per_audio_token": 4e-05,
        "output_cost_per_audio_token": 8e-05,
        "output_cost_per_reasoning_token": 2e-05,
    },
    "dall-e-3": {"litellm_provider": "openai", "input_cost_per_image": 0.04},
    "text-embedding-3-small": {"litellm_provider": "openai", "input_cost_per_token": 2e-08},
}
"""Entries of the shape of LiteLLM's model_prices_and_context_window.json, as it was in 2025."""


def litellm(**changes: Any) -> bytes:
    """Return LiteLLM's file with some entries changed."""
    return json.dumps({**LITELLM, **changes}).encode()


def by_key(prices: tuple[Price, ...]) -> dict[tuple[str, str, str], Price]:
    """Return *prices* by provider, model and tier."""
    return {(price.provider, price.model, price.tier): price for price in prices}


def test_our_own_format() -> None:
    """Names in lower case, tiers as prices of their own, dates as moments."""
    table = parse_table(TOML.encode(), "p.toml", valid_from=DAY)
    assert (table.is_dated, table.updated, len(table.digest)) == (True, date(2026, 11, 1), 64)
    first, batch, second = table.prices
    assert first == Price("acme", "big-1", midnight_ns(date(2026, 1, 1)), 4.0, 8.0)
    assert (batch.tier, batch.input_usd, batch.valid_from_ns) == ("batch", 2.0, first.valid_from_ns)
    assert (second.reasoning_usd, second.audio_input_usd, second.audio_output_usd) == (7, 30, 60)
    assert (second.cache_read_usd, second.cache_write_usd) == (0.3, 3.5)


def test_litellms_format() -> None:
    """Dollars per token become dollars per million, tiers and audio are kept apart."""
    table = parse_table(litellm(), "litellm.json", valid_from=DAY)
    found = by_key(table.prices)
    assert not table.is_dated
    assert {price.valid_from_ns for price in table.prices} == {midnight_ns(DAY)}
    usual = found["openai", "gpt-4o", STANDARD]
    assert (usual.input_usd, usual.output_usd, usual.cache_read_usd) == (2.5, 10.0, 1.25)
    batch = found["openai", "gpt-4o", "batch"]
    assert (batch.input_usd, batch.output_usd, batch.cache_read_usd) == (1.25, 5.0, None)
    assert found["openai", "gpt-4o", "priority"].cache_read_usd == 2.125
    audio = found["openai", "gpt-4o-audio-preview", STANDARD]
    assert (audio.audio_input_usd, audio.audio_output_usd, audio.reasoning_usd) == (40, 80, 20)
    assert found["azure", "gpt-4o", STANDARD].input_usd == 2.5
    assert found["openai", "text-embedding-3-small", STANDARD].output_usd is None
    assert not any(model == "dall-e-3" for _, model, _ in found)


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"[acme", ["p:"]),
        (b"{not json", ["p:"]),
        (b"\xff\xfe", ["p:"]),
        (b"", ["no price in it"]),
        (b"acme = 3", ["acme is 3"]),
        (b"[acme]\nbig = 3", ["acme/big is 3", "list of prices"]),
        (b"[acme]\nbig = [3]", ["acme/big is 3"]),
        (b"[acme]\nbig = [{input = 1}]", ["acme/big: valid_from is None", "2026-11-22"]),
        (b"[acme]\nbig = [{valid_from = '1'}]", ["acme/big: valid_from is '1'"]),
        (b"[acme]\nbig = [{valid_from = 2026-01-01}]", ["acme/big: input is missing"]),
        (b"[acme]\nbig = [{valid_from = 2026-01-01, input = -1}]", ["acme/big: input is -1"]),
        (b"[acme]\nbig = [{valid_from = 2026-01-01, input = nan}]", ["acme/big: input is nan"]),
        (b"[acme]\nbig = [{valid_from = 2026-01-01, input = true}]", ["acme/big: input is True"]),
        (
            b"[acme]\nbig = [{valid_from = 2026-01-01, input = 1, inptu = 2}]",
            ["acme/big: unknown key 'inptu'", "known are input"],
        ),
        (
            b"[acme]\nbig = [{valid_from = 2026-01-01, input = 1, batch = {output = 2}}]",
            ["acme/big: batch: input is missing"],
        ),
        (
            b"[acme]\nbig=[{valid_from=2026-01-01, input=1}, {valid_from=2026-01-01, input=2}]",
            ["acme/big: two prices", "2026-01-01"],
        ),
        (
            litellm(bad={"litellm_provider": "x", "input_cost_per_token": "1e-6"}),
            ["bad: input_cost_per_token is '1e-6'"],
        ),
        (
            litellm(bad={"litellm_provider": "x", "input_cost_per_token_batches": -1}),
            ["bad: input_cost_per_token_batches is -1"],
        ),
        (litellm(bad=[]), ["'bad' is []"]),
    ],
)
def test_what_is_wrong_is_one_line(content: bytes, parts: list[str]) -> None:
    """It names the file, the model, the key and the value."""
    with pytest.raises(ConfigError) as caught:
        parse_table(content, "p", valid_from=DAY)
    message = str(caught.value)
    assert message.startswith("p: ")
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.fixture
def address() -> Iterator[str]:
    """Serve the test's table over HTTP, and refuse any other path."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/prices.json"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(litellm() if found else b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_table_is_fetched(address: str) -> None:
    """A URL is as good as a file; undated prices begin on the day that was asked for."""
    table = read_table(f"{address}/prices.json", valid_from=DAY)
    assert table.origin == f"{address}/prices.json"
    assert table.prices == parse_table(litellm(), "", valid_from=DAY).prices


def test_undated_prices_begin_today(address: str) -> None:
    """They say what holds now, not since when."""
    before = datetime.now(UTC).date()
    table = read_table(f"{address}/prices.json")
    after = datetime.now(UTC).date()
    assert table.prices[0].valid_from_ns in {midnight_ns(before), midnight_ns(after)}


def test_a_table_that_is_not_there_is_one_line(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused URL, a missing file, and a file that cannot be a table."""
    monkeypatch.setattr(price_files, "MAX_BYTES", 10)
    (tmp_path / "large").write_text("x" * 11)
    for origin, part in [
        (f"{address}/none", "404"),
        ("http://127.0.0.1:9/prices", "refused"),
        ("http://[bad", "cannot fetch"),
        (str(tmp_path / "none"), "No such file"),
        (str(tmp_path), "Is a directory"),
        (str(tmp_path / "large"), "larger than 10 bytes"),
    ]:
        with pytest.raises(ConfigError) as caught:
            read_table(origin)
        assert part in str(caught.value)
        assert "\n" not in str(caught.value)


def put(store: Store, content: bytes, *, valid_from: date = DAY) -> TableChange:
    """Put the table in *content* in force."""
    with store.begin() as connection:
        return replace_table(connection, parse_table(content, "p", valid_from=valid_from))


def input_price(store: Store, model: str, provider: str, at: date) -> float | None:
    """Return what input costs at a moment; None when that is not known."""
    with store.read() as connection:
        price = load_prices(connection).find(model, provider, midnight_ns(at))
    return None if price is None else price.input_usd


def test_a_dated_table_takes_the_place_of_the_bundled_one(store: Store) -> None:
    """Its models are known, the others no more, and reopening does not change that."""
    change = put(store, TOML.encode())
    assert change == TableChange(3, 0, len(bundled_table().prices))
    with open_store():
        assert input_price(store, "gpt-4o", "openai", NEXT_DAY) is None
    assert input_price(store, "big-1", "acme", date(2026, 5, 31)) == 4.0
    assert input_price(store, "big-1", "acme", date(2026, 6, 1)) == 3.0
    with store.read() as connection:
        now = table_in_force(connection)
    assert now is not None
    assert (now.origin, now.digest) == ("p", parse_table(TOML.encode(), "", valid_from=DAY).digest)


def test_the_bundled_table_comes_back(store: Store) -> None:
    """As if it had not been away; its rows are new, since the old ones were retired."""
    put(store, TOML.encode())
    with store.begin() as connection:
        replace_table(connection, bundled_table())
        now = table_in_force(connection)
        prices = read_prices(connection)
    assert now is not None
    assert now.origin == BUNDLED
    assert len(prices) == len(bundled_table().prices)


def test_the_same_table_again_changes_nothing(store: Store) -> None:
    """Rows keep their ids, which stored costs name."""
    put(store, TOML.encode())
    with store.read() as connection:
        before = read_prices(connection)
    assert put(store, TOML.encode()) == TableChange(0, 3, 0)
    with store.read() as connection:
        assert read_prices(connection) == before


def test_an_undated_table_keeps_history(store: Store) -> None:
    """Calls before the update cost what they did; unchanged prices keep their date."""
    put(store, litellm())
    dearer = {**LITELLM["gpt-4o"], "input_cost_per_token": 5e-06}
    put(store, litellm(**{"gpt-4o": dearer}), valid_from=NEXT_DAY)
    assert input_price(store, "gpt-4o", "openai", date(2024, 6, 1)) == 5.0  # the bundled table's
    assert input_price(store, "gpt-4o", "openai", DAY) == 2.5
    assert input_price(store, "gpt-4o", "openai", NEXT_DAY) == 5.0
    assert input_price(store, "gpt-4o", "azure", NEXT_DAY) == 2.5
    with store.read() as connection:
        azure = [price for price in read_prices(connection) if price.provider == "azure"]
    assert [price.valid_from_ns for price in azure] == [midnight_ns(DAY)]


def test_an_undated_table_twice_a_day_leaves_the_second(store: Store) -> None:
    """The day has one price."""
    put(store, litellm())
    dearer = {**LITELLM["gpt-4o"], "input_cost_per_token": 5e-06}
    put(store, litellm(**{"gpt-4o": dearer}))
    assert input_price(store, "gpt-4o", "openai", DAY) == 5.0
    assert put(store, litellm(**{"gpt-4o": dearer})).added == 0


def test_ones_own_prices_stay(store: Store) -> None:
    """They win over any table."""
    with store.begin() as connection:
        add_price(connection, Price("acme", "big-1", 0, 0.5))
    put(store, TOML.encode())
    assert input_price(store, "big-1", "acme", NEXT_DAY) == 0.5


def test_stored_costs_keep_their_price(store: Store, make_span: MakeSpan) -> None:
    """A new table prices what comes, and the old row still explains what was."""
    call = make_span("a", kind="llm", model="gpt-4o", usage=Usage(1000, 0), start_ns=NOW)
    with store.begin() as connection:
        add_spans(connection, [call])
    put(store, TOML.encode())
    with store.begin() as connection:
        add_spans(
            connection,
            [make_span("b", kind="llm", model="big-1", usage=Usage(1000, 0), start_ns=NOW)],
        )
        found = get_trace(connection, "t")
        assert found is not None
        costs = {stored.span.span_id: stored for stored in found.spans}
        columns = select(price.c.model, price.c.in_force)
        row = connection.execute(columns.where(price.c.id == costs["a"].price_id)).one()
    assert costs["a"].cost_usd == pytest.approx(0.0025)
    assert costs["b"].cost_usd == pytest.approx(0.003)
    assert tuple(row) == ("gpt-4o", 0)


def test_another_process_sees_new_prices_at_once(store: Store) -> None:
    """What is kept in memory is known to be old by its revision."""
    with open_store() as other:
        assert input_price(other, "gpt-4o", "openai", DAY) == 2.5
        put(store, TOML.encode())
        assert input_price(other, "gpt-4o", "openai", DAY) is None


def test_prices_taken_back_with_their_transaction_are_forgotten(store: Store) -> None:
    """A book read inside a transaction that fails does not outlive it."""

    def fail_after_a_look() -> None:
        with store.begin() as connection:
            add_price(connection, Price("openai", "gpt-4o", 0, 99.0))
            assert load_prices(connection).find("gpt-4o", "openai", NOW) is not None
            raise RuntimeError("any failure")

    with pytest.raises(RuntimeError, match="any failure"):
        fail_after_a_look()
    assert input_price(store, "gpt-4o", "openai", DAY) == 2.5
