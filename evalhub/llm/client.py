"""The one way that evalhub itself asks a language model something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from evalhub.model import Usage

__all__ = ["ChatClient", "Completion", "PromptClient", "TokenLogprob"]


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
    cached: bool = False
    """Whether it was kept from an earlier request, so that nothing was spent now."""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Tools it wants called: mappings with ``id``, ``name`` and ``arguments``.

    Arguments are a mapping, or the model's own text where that is no JSON object.
    """
    without: tuple[str, ...] = ()
    """Settings that were asked for and that the endpoint refuses, such as ``temperature``."""


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


class PromptClient(ChatClient, Protocol):
    """A chat client that takes all that a prompt under evaluation may set."""

    def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        json_schema: Mapping[str, Any] | None = None,
        top_logprobs: int | None = None,
        top_p: float | None = None,
        stop: Sequence[str] | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tool_choice: str | Mapping[str, Any] | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> Completion:
        """Return the answer to *messages*, as :meth:`ChatClient.complete` does.

        Messages, their content parts (texts and images), *tools* and *tool_choice* have
        OpenAI's shape, whoever answers. *extra_body* goes into the request as it is. An
        answer that only calls tools has the text "".
        """
