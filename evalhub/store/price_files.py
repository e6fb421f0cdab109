"""Price tables as files: our own TOML, and LiteLLM's JSON; checked before anything is stored.

LiteLLM's public ``model_prices_and_context_window.json`` is dollars per token and says nothing
about dates, so its prices begin on a day that the caller names. What evalhub has no word for
(prices by the second, by the picture, or above a length of context) is left out.
"""

import hashlib
import http.client
import math
import os
import tomllib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from importlib import resources
from typing import Any

import orjson

from evalhub.errors import ConfigError
from evalhub.store.prices import STANDARD, Price

__all__ = [
    "BUNDLED",
    "PriceTable",
    "bundled_digest",
    "bundled_table",
    "midnight_ns",
    "parse_table",
    "read_table",
]

BUNDLED = "bundled"
"""In place of a file's name: the table that comes with this version of evalhub."""

FETCH_TIMEOUT_S = 20.0
MAX_BYTES = 50_000_000

_PARTS = {
    "input": "input_usd",
    "output": "output_usd",
    "cache_read": "cache_read_usd",
    "cache_write": "cache_write_usd",
    "audio_input": "audio_input_usd",
    "audio_output": "audio_output_usd",
    "reasoning": "reasoning_usd",
}
_LITELLM_PARTS = {
    "input_cost_per_token": "input_usd",
    "output_cost_per_token": "output_usd",
    "cache_read_input_token_cost": "cache_read_usd",
    "cache_creation_input_token_cost": "cache_write_usd",
    "input_cost_per_audio_token": "audio_input_usd",
    "output_cost_per_audio_token": "audio_output_usd",
    "output_cost_per_reasoning_token": "reasoning_usd",
}
_LITELLM_TIERS = {STANDARD: "", "batch": "_batches", "flex": "_flex", "priority": "_priority"}
_LITELLM_EXAMPLE = "sample_spec"
_LITELLM_PROVIDERS = {"text-completion-openai": "openai"}


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Prices that belong together, and which version of which file they are."""

    prices: tuple[Price, ...]
    origin: str
    """The file or URL, or ``bundled``."""
    digest: str
    """SHA-256 of the file."""
    is_dated: bool
    """Whether the file says from when on each price holds."""
    updated: date | None = None
    """The day that the file gives as its own."""


def read_table(origin: str, *, valid_from: date | None = None) -> PriceTable:
    """Return the table in the file or at the URL *origin*.

    Args:
        origin: A path, an http(s) URL, or ``bundled``.
        valid_from: The first day of prices without a date; by default today (UTC).

    Raises:
        ConfigError: it cannot be read, or something in it is wrong; the message names
            model, key and value.
    """
    if origin == BUNDLED:
        return bundled_table()
    is_url = origin.startswith(("http://", "https://"))
    content = _fetch(origin) if is_url else _read(origin)
    return parse_table(content, origin, valid_from=valid_from or datetime.now(UTC).date())


def bundled_table() -> PriceTable:
    """Return the table that this package holds."""
    return parse_table(_bundled(), BUNDLED, valid_from=date(1970, 1, 1))


def bundled_digest() -> str:
    """Return the SHA-256 of the table that this package holds."""
    return hashlib.sha256(_bundled()).hexdigest()


def parse_table(content: bytes, origin: str, *, valid_from: date) -> PriceTable:
    """Return the table in *content*, which begins with a brace when it is LiteLLM's JSON.

    Raises:
        ConfigError: something in it is wrong; the message names *origin*, model, key and value.
    """
    digest = hashlib.sha256(content).hexdigest()
    try:
        if content.lstrip()[:1] == b"{":
            prices = tuple(_litellm(orjson.loads(content), midnight_ns(valid_from)))
            table = PriceTable(prices, origin, digest, is_dated=False)
        else:
            plain = tomllib.loads(content.decode())
            updated = _day("updated", plain.pop("updated")) if "updated" in plain else None
            prices = tuple(_own_format(plain))
            table = PriceTable(prices, origin, digest, is_dated=True, updated=updated)
    except (ValueError, _WrongError) as error:  # tomllib's and orjson's are ValueErrors
        raise ConfigError(f"{origin}: {error}") from error
    if not prices:
        raise ConfigError(f"{origin}: there is no price in it; give a table of prices")
    return table


def midnight_ns(day: date) -> int:
    """Return the first moment of *day* (UTC) in nanoseconds since the Unix epoch."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 10**9


@cache
def _bundled() -> bytes:
    return resources.files("evalhub.store").joinpath("prices.toml").read_bytes()


class _WrongError(Exception):
    """Something in a table is wrong; the message has no file name yet."""


def _read(path: str) -> bytes:
    try:
        with open(os.path.expanduser(path), "rb") as file:
            return _bounded(path, file.read)
    except OSError as error:
        raise ConfigError(
            f"cannot read the prices in {path!r}: {error.strerror}; give a file, a URL or bundled"
        ) from error


def _fetch(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=FETCH_TIMEOUT_S) as answer:
            return _bounded(url, answer.read)
    except (OSError, ValueError, http.client.HTTPException) as error:
        if isinstance(error, urllib.error.HTTPError):
            error.close()
        raise ConfigError(f"cannot fetch the prices from {url}: {error}; give another") from error


def _bounded(origin: str, read: Callable[[int], bytes]) -> bytes:
    content = read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ConfigError(f"{origin} is larger than {MAX_BYTES} bytes; is it a table of prices?")
    return content


def _own_format(content: Mapping[str, Any]) -> Iterator[Price]:
    seen: set[tuple[str, str, str, int]] = set()
    for provider, models in content.items():
        for model, rows in _mapping(provider, models).items():
            where = f"{provider}/{model}"
            if not isinstance(rows, list) or not rows:
                raise _WrongError(f"{where} is {rows!r:.100}; use a list of prices")
            for row in rows:
                for price in _row(provider.lower(), model.lower(), where, _mapping(where, row)):
                    key = (price.provider, price.model, price.tier, price.valid_from_ns)
                    if key in seen:
                        raise _WrongError(f"{where}: two prices of valid_from {row['valid_from']}")
                    seen.add(key)
                    yield price


def _row(provider: str, model: str, where: str, row: Mapping[str, Any]) -> Iterator[Price]:
    tiers = {key: value for key, value in row.items() if isinstance(value, dict)}
    usual = {key: value for key, value in row.items() if key not in tiers}
    from_ns = midnight_ns(_day(f"{where}: valid_from", usual.pop("valid_from", None)))
    yield Price(provider, model, from_ns, **_parts(where, usual))
    for tier, parts in tiers.items():
        found = _parts(f"{where}: {tier}", parts)
        yield Price(provider, model, from_ns, **found, tier=tier.lower())


def _parts(where: str, given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(_PARTS))
    if unknown:
        raise _WrongError(f"{where}: unknown key {unknown[0]!r}; known are {', '.join(_PARTS)}")
    if "input" not in given:
        raise _WrongError(f"{where}: input is missing; give dollars per million tokens")
    return {_PARTS[key]: _dollars(f"{where}: {key}", value) for key, value in given.items()}


def _litellm(content: Mapping[str, Any], valid_from_ns: int) -> Iterator[Price]:
    taken: set[tuple[str, str]] = set()
    # "azure/gpt-4o" is "azure/eu/gpt-4o" to us, which finds models by their last part: the
    # shorter name is the usual price.
    for name in sorted(content, key=lambda name: name.count("/")):
        entry = content[name]
        if name == _LITELLM_EXAMPLE:
            continue
        if not isinstance(entry, Mapping):
            raise _WrongError(f"{name!r} is {entry!r:.100}; use an object of prices")
        provider = str(entry.get("litellm_provider") or "").lower()
        provider = _LITELLM_PROVIDERS.get(provider, provider)
        model = name.lower().rpartition("/")[2]
        prices = tuple(_litellm_tiers(name, entry, Price(provider, model, valid_from_ns, 0.0)))
        if prices and (provider, model) not in taken:
            taken.add((provider, model))
            yield from prices


def _litellm_tiers(name: str, entry: Mapping[str, Any], blank: Price) -> Iterator[Price]:
    for tier, suffix in _LITELLM_TIERS.items():
        parts: dict[str, Any] = {
            field: round(_dollars(f"{name}: {key}{suffix}", entry[key + suffix]) * 1e6, 9)
            for key, field in _LITELLM_PARTS.items()
            if entry.get(key + suffix) is not None
        }
        if "input_usd" in parts:
            yield replace(blank, tier=tier, **parts)


def _mapping(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _WrongError(f"{where} is {value!r:.100}; use a table")
    return value


def _dollars(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongError(f"{where} is {value!r:.100}; use a number of dollars")
    if not (math.isfinite(value) and value >= 0):
        raise _WrongError(f"{where} is {value}; use a number of dollars that is not negative")
    return float(value)


def _day(where: str, value: object) -> date:
    if isinstance(value, datetime) or not isinstance(value, date):
        raise _WrongError(f"{where} is {value!r:.100}; use a date like 2026-11-22")
    return value
