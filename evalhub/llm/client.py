"""The one way that evalhub itself asks a language model something."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict, Unpack

from evalhub.model import Usage

__all__ = [
    "ChatClient",
    "ChatSettings",
    "Completion",
    "PromptClient",
    "PromptSettings",
    "TokenLogprob",
    "given_settings",
]


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


class ChatSettings(TypedDict, total=False):
    """Keywords of :meth:`ChatClient.complete`; None is as good as left out."""

    max_tokens: int | None
    temperature: float | None
    seed: int | None
    json_schema: Mapping[str, Any] | None
    """What the answer's JSON is to look like."""
    top_logprobs: int | None
    """1 to 20: the answer has logprobs, where the endpoint gives them."""


class PromptSettings(ChatSettings, total=False):
    """Keywords of :meth:`PromptClient.complete`; tools have OpenAI's shape, whoever answers."""

    top_p: float | None
    stop: Sequence[str] | None
    tools: Sequence[Mapping[str, Any]] | None
    tool_choice: str | Mapping[str, Any] | None
    extra_body: Mapping[str, Any] | None
    """Goes into the request as it is."""


class ChatClient(Protocol):
    """Answers chat messages. Implementations are traced, retried and thread-safe."""

    @property
    def model(self) -> str:
        """Name of the model that answers."""

    def complete(
        self, messages: Sequence[Mapping[str, Any]], **settings: Unpack[ChatSettings]
    ) -> Completion:
        """Return the answer to *messages* (dicts with ``role`` and ``content``).

        Raises:
            ModelUnavailableError: the endpoint refused, timed out or failed (5xx, 429),
                after retries.
            ModelError: the request was wrong (4xx) or the answer had no content.
        """


class PromptClient(ChatClient, Protocol):
    """A chat client that takes all that a prompt under evaluation may set."""

    def complete(
        self, messages: Sequence[Mapping[str, Any]], **settings: Unpack[PromptSettings]
    ) -> Completion:
        """Return the answer to *messages*, as :meth:`ChatClient.complete` does.

        Messages and their content parts (texts and images) have OpenAI's shape, whoever
        answers. An answer that only calls tools has the text "".
        """


def given_settings(settings: PromptSettings) -> dict[str, Any]:
    """Return those of *settings* that say something.

    Raises:
        TypeError: one is unknown, which only who is not type-checked can pass.
    """
    for name in settings.keys() - PromptSettings.__optional_keys__:
        raise TypeError(f"complete() got an unexpected keyword argument {name!r}")
    return {name: value for name, value in settings.items() if value is not None}
