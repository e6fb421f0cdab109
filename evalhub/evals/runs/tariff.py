"""What calls of one model cost, before they are made and after."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from evalhub.config import load_settings
from evalhub.errors import ConfigError
from evalhub.evals.runs.budget import Cost
from evalhub.evals.runs.usage import is_readable
from evalhub.llm.client import ChatClient, Completion
from evalhub.llm.models import CATALOG
from evalhub.model import Usage
from evalhub.store import open_store
from evalhub.store.prices import Price, PriceBook, load_prices

__all__ = ["Tariff"]

_PROVIDERS = {"api.anthropic.com": "anthropic", "api.openai.com": "openai"}
_LONGEST_FRAME = 16
"""Tokens around a message that are not in its text, and more than any model takes."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price of one model; None where it costs nothing, or is not known."""

    price: Price | None
    is_known: bool = True

    @classmethod
    def of(cls, client: ChatClient) -> Self:
        """Return the tariff of *client*'s model: by the price table, or none for a local model."""
        if client.model in CATALOG:
            return cls(None)
        provider = _provider(client)
        price = _prices(load_settings().url).find(client.model, provider, time.time_ns())
        return cls(price, price is not None)

    def check(self, model: str) -> None:
        """Refuse a budget in dollars for a model whose price is not known.

        Raises:
            ConfigError: it is not; says how to add it.
        """
        if not self.is_known:
            raise ConfigError(
                f"the budget is in dollars and no price is known for {model!r}; add one with "
                "evalhub prices add, or give the budget in tokens"
            )

    def cost(self, usage: Usage) -> Cost:
        """Return what *usage* costs; dollars that cannot be known are 0."""
        usd = None if self.price is None else self.price.cost(usage)
        return Cost.of(usage, usd)

    def bound(
        self, messages: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
    ) -> Cost | None:
        """Return the most that a request can cost; None where it cannot be known.

        No tokenizer makes more tokens than there are bytes, and no answer has more than
        ``max_tokens``. How many tokens an image takes is not known.
        """
        most = settings.get("max_tokens")
        text = _dumped([messages, settings])
        if most is None or '"image_url"' in text:
            return None
        return self.cost(_usage(text, len(messages), int(most)))

    def guess(self, messages: Sequence[Mapping[str, Any]], answer: Completion) -> Cost:
        """Return a cost for an answer of an endpoint that does not say what it used."""
        return self.cost(_usage(_dumped(messages), len(messages), len(answer.text.encode())))


def _usage(text: str, messages: int, output_tokens: int) -> Usage:
    return Usage(len(text.encode()) + _LONGEST_FRAME * (messages + 1), output_tokens)


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _provider(client: ChatClient) -> str | None:
    """Return who sells the model, where the address tells; None is whoever has that name."""
    host = urlsplit(str(getattr(client, "base_url", ""))).hostname or ""
    return _PROVIDERS.get(host)


def _prices(url: str) -> PriceBook:
    if not is_readable(url):
        return PriceBook([])
    with open_store(url) as store, store.read() as connection:
        return load_prices(connection)
