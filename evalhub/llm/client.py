"""The one way that evalhub itself asks a language model something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evalhub.model import Usage

__all__ = ["ChatClient", "Completion", "TokenLogprob"]


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One token of an answer, and how likely it and its rivals were (natural logarithms)."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    """The likeliest tokens at this place with their logprobs, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer."""

    text: str
    model: str
    finish_reason: str | None
    usage: Usage | None
    logprobs: tuple[TokenLogprob, ...] | None = None
    """One item a token where they were asked for and the endpoint has them."""


class ChatClient(Protocol):
    """Answers chat messages. Implementations are traced, retried and thread-safe."""

    @property
    def model(self) -> str:
        """Name of the model that answers."""

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        json_schema: Mapping[str, Any] | None = None,
        top_logprobs: int | None = None,
    ) -> Completion:
        """Return the answer to *messages* (dicts with ``role`` and ``content``).

        With *top_logprobs* (1 to 20) the answer has logprobs, where the endpoint gives them.

        Raises:
            ModelUnavailableError: the endpoint refused, timed out or failed (5xx, 429),
                after retries.
            ModelError: the request was wrong (4xx) or the answer had no content.
        """
