"""Ask the model through the real openai client, traced by evalhub.

This is all it takes to trace a program of one's own: wrap its client once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evalhub._optional import require
from evalhub.llm.endpoint import Endpoint
from evalhub.tracing import wrap_openai

if TYPE_CHECKING:
    from openai import OpenAI

__all__ = ["Chat", "open_chat"]

_SMALL_MODEL_SETTINGS = {"temperature": 0.0, "seed": 0, "frequency_penalty": 0.3}
"""Without the penalty the embedded model repeats one sentence up to the token limit."""


@dataclass(frozen=True, slots=True)
class Chat:
    """A traced client, the model it asks, and the settings sent with each question."""

    client: "OpenAI"
    model: str
    settings: Mapping[str, Any]
    limits_tokens: bool = True

    def ask(self, question: str, *, system: str | None = None, max_tokens: int) -> str:
        """Return the model's answer to *question*, at most *max_tokens* long."""
        messages: list[Any] = [{"role": "user", "content": question}]
        if system is not None:
            messages.insert(0, {"role": "system", "content": system})
        limit = {"max_tokens": max_tokens} if self.limits_tokens else {}
        create: Any = self.client.chat.completions.create  # its overloads know no `**settings`
        answer = create(model=self.model, messages=messages, **limit, **self.settings)
        return (answer.choices[0].message.content or "").strip()


@contextmanager
def open_chat(endpoint: Endpoint) -> Iterator[Chat]:
    """Give a traced chat with the model at *endpoint*; it is closed with the block.

    Raises:
        MissingExtraError: openai is not installed.
    """
    openai = require("openai", extra="openai")
    # OpenAI's reasoning models refuse these settings, and count their thoughts as tokens.
    settings = {} if endpoint.is_openai else _SMALL_MODEL_SETTINGS
    with openai.OpenAI(base_url=endpoint.base_url, api_key=endpoint.api_key) as client:
        traced = wrap_openai(client)
        yield Chat(traced, endpoint.model, settings, limits_tokens=not endpoint.is_openai)
