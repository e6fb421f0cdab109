"""``evalhub prices``: what model calls cost, from which table, and one's own prices."""

import difflib
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from evalhub.cli import formats
from evalhub.cli.output import JsonFlag, console, print_json
from evalhub.errors import ConfigError, StoreError
from evalhub.store import open_store
from evalhub.store.price_files import midnight_ns, read_table
from evalhub.store.price_table import replace_table, table_in_force
from evalhub.store.prices import OWN, STANDARD, Price, PriceBook, add_price, read_prices

__all__ = ["app"]

app = typer.Typer(help="Show, replace and add the prices of model calls.")


@app.command("list")
def list_(
    provider: Annotated[str | None, typer.Option(help="Only this provider.")] = None,
    model: Annotated[str | None, typer.Option(help="Only models that contain this.")] = None,
    json: JsonFlag = False,
) -> None:
    """List the prices in force, in US dollars per million tokens, and where they are from."""
    with open_store() as store, store.read() as connection:
        found, table = read_prices(connection), table_in_force(connection)
    chosen = [
        price
        for price in found
        if provider in (None, price.provider) and (model or "").lower() in price.model
    ]
    if json:
        print_json(
            {"table": table and asdict(table), "prices": [_price_json(p) for p in _sorted(chosen)]}
        )
        return
    if table is not None:
        loaded = formats.time(table.loaded_ns, "%Y-%m-%d")
        typer.echo(f"{table.origin}, version {table.digest[:12]}, loaded {loaded}")
    _print_prices(_sorted(chosen))


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="The model, as calls name it.")],
    provider: Annotated[str | None, typer.Option(help="Who sells it.")] = None,
    json: JsonFlag = False,
) -> None:
    """Show what a call of a model costs now, in each tier."""
    now_ns = int(datetime.now(UTC).timestamp() * 10**9)
    with open_store() as store, store.read() as connection:
        prices = read_prices(connection)
    book = PriceBook(prices)
    tiers = sorted({price.tier for price in prices}, key=lambda tier: (tier != STANDARD, tier))
    found = [book.find(model, provider, now_ns, tier=tier) for tier in tiers]
    known = [price for price in found if price is not None]
    if not known:
        raise StoreError(_no_price(model, provider, prices))
    if json:
        print_json([_price_json(price) for price in known])
    else:
        _print_prices(known)


def _no_price(model: str, provider: str | None, prices: Iterable[Price]) -> str:
    sold: dict[str, set[str]] = {}
    for price in prices:
        sold.setdefault(price.model, set()).add(price.provider)
    sellers = sorted(sold.get(model.lower(), ()))
    if provider is None and len(sellers) > 1:
        return f"{model!r} is sold by {', '.join(sellers)}; name one with --provider"
    of = "" if provider is None else f" of {provider!r}"
    if provider is not None and sellers and provider not in sellers:
        return f"no price is known for {model!r}{of}; it is sold by {', '.join(sellers)}"
    near = difflib.get_close_matches(model.lower(), set(sold) - {model.lower()}, n=1)
    return (
        f"no price is known for {model!r}{of}; "
        f"{f'did you mean {near[0]!r}? Else' if near else 'see evalhub prices list, or'} "
        f"add it: evalhub prices add {model} --provider NAME --input USD --output USD"
    )


@app.command()
def update(
    source: Annotated[
        str,
        typer.Argument(
            envvar="EVALHUB_PRICES",
            help="A file or URL, evalhub's TOML or LiteLLM's JSON; or: bundled.",
        ),
    ],
    valid_from: Annotated[
        str | None,
        typer.Option(help="First day of prices that have no date; by default today (UTC)."),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Put another table of prices in force; stored costs and your own prices stay.

    "bundled" brings back the table of this version of evalhub.
    """
    table = read_table(source, valid_from=None if valid_from is None else _day(valid_from))
    with open_store() as store, store.begin() as connection:
        change = replace_table(connection, table)
    if json:
        print_json({"origin": table.origin, "digest": table.digest, **asdict(change)})
    else:
        typer.echo(
            f"{table.origin}, version {table.digest[:12]}: {change.added} prices added, "
            f"{change.kept} kept, {change.retired} retired"
        )


@app.command()
def add(  # noqa: PLR0917 - Typer calls it, by keyword
    model: Annotated[str, typer.Argument(help="The model, as calls name it.")],
    provider: Annotated[str, typer.Option(help="Who sells it: openai, anthropic ...")],
    input_usd: Annotated[float, typer.Option("--input", min=0, help="Plain input.")],
    output_usd: Annotated[float | None, typer.Option("--output", min=0, help="Output.")] = None,
    cache_read: Annotated[float | None, typer.Option(min=0, help="Input from a cache.")] = None,
    cache_write: Annotated[float | None, typer.Option(min=0, help="Input to a cache.")] = None,
    audio_input: Annotated[float | None, typer.Option(min=0, help="Audio heard.")] = None,
    audio_output: Annotated[float | None, typer.Option(min=0, help="Audio spoken.")] = None,
    reasoning: Annotated[float | None, typer.Option(min=0, help="Output not shown.")] = None,
    tier: Annotated[str, typer.Option(help="standard, batch, flex or priority.")] = STANDARD,
    valid_from: Annotated[
        str | None, typer.Option(help="First day (UTC), like 2026-11-22; by default today.")
    ] = None,
    json: JsonFlag = False,
) -> None:
    """Add a price of your own in US dollars per million tokens; it wins over the table's.

    It prices calls that are stored from now on and began on that day or later.
    """
    day = datetime.now(UTC).date() if valid_from is None else _day(valid_from)
    price = Price(
        provider.lower(),
        model.lower().rpartition("/")[2],
        midnight_ns(day),
        input_usd,
        output_usd,
        cache_read,
        cache_write,
        audio_input_usd=audio_input,
        audio_output_usd=audio_output,
        reasoning_usd=reasoning,
        tier=tier.lower(),
    )
    with open_store() as store, store.begin() as connection:
        add_price(connection, price)
    if json:
        print_json(_price_json(price))
    else:
        typer.echo(f"{price.provider}/{price.model} ({price.tier}) has a price from {day}")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--valid-from is {text!r}; use a date like 2026-11-22") from None


def _sorted(prices: Iterable[Price]) -> list[Price]:
    return sorted(prices, key=lambda p: (p.provider, p.model, p.valid_from_ns, p.tier != STANDARD))


def _print_prices(prices: Iterable[Price]) -> None:
    # A table of its own: a number or a date that is cut cannot be read, a name may wrap.
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("model", overflow="fold")
    for column in ("tier", "from"):
        table.add_column(column, no_wrap=True)
    for column in ("input", "cached", "output", "audio"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("", no_wrap=True)
    for price in prices:
        table.add_row(
            f"{price.provider}/{price.model}",
            price.tier,
            formats.time(price.valid_from_ns, "%Y-%m-%d"),
            _dollars(price.input_usd),
            _dollars(price.cache_read_usd),
            _dollars(price.output_usd),
            _audio(price),
            "own" if price.source == OWN else "",
        )
    console.print(table)


def _audio(price: Price) -> str:
    if price.audio_input_usd is None and price.audio_output_usd is None:
        return ""
    return f"{_dollars(price.audio_input_usd)}/{_dollars(price.audio_output_usd)}"


def _dollars(usd: float | None) -> str:
    return "–" if usd is None else f"{usd:g}"


def _price_json(price: Price) -> dict[str, Any]:
    plain = asdict(price)
    day = formats.time(plain.pop("valid_from_ns"), "%Y-%m-%d")
    return {**plain, "valid_from": day}
