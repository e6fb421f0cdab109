"""A prompt for a model as a target."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from evalhub.errors import ConfigError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.conversation import Conversation
from evalhub.llm.client import PromptClient

__all__ = ["PromptTarget"]

_SETTINGS = (
    "max_tokens",
    "temperature",
    "top_p",
    "seed",
    "stop",
    "tools",
    "tool_choice",
    "json_schema",
    "extra_body",
)


@dataclass(frozen=True, slots=True)
class PromptTarget:
    """Fills a prompt with the example's inputs and asks a model.

    The *template* is the text of one message, in which ``{name}`` is an input, or a whole
    :class:`~evalhub.evals.targets.conversation.Conversation`. Settings that are None are
    not sent. Tools that the model calls are in the output's ``tool_calls``.
    """

    name: str
    client: PromptClient
    template: str | Conversation
    system: str | None = None
    """A system message before *template*, where that is a text."""
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    """Each repeat of an example adds its number to it."""
    stop: Sequence[str] | None = None
    tools: Sequence[Mapping[str, Any]] | None = None
    tool_choice: str | Mapping[str, Any] | None = None
    json_schema: Mapping[str, Any] | None = None
    extra_body: Mapping[str, Any] | None = None
    conversation: Conversation = field(init=False, repr=False)
    settings: Mapping[str, Any] = field(init=False, repr=False)
    """What is sent beside the messages."""

    def __post_init__(self) -> None:
        conversation = self.template
        if isinstance(conversation, str):
            conversation = Conversation.of_text(conversation, system=self.system)
        elif self.system is not None:
            raise ConfigError("put the system message among the messages")
        given = {name: getattr(self, name) for name in _SETTINGS}
        settings = {name: value for name, value in given.items() if value is not None}
        object.__setattr__(self, "conversation", conversation)
        object.__setattr__(self, "settings", settings)

    @property
    def placeholders(self) -> frozenset[str]:
        """Inputs that the prompt needs."""
        return self.conversation.names

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Ask the model about *inputs*.

        Raises:
            ConfigError: the template needs an input that is not there.
            ModelError: the model gave no answer.
        """
        answer = self.client.complete(self.conversation.fill(inputs), **self.settings)
        return TargetOutput(
            answer.text,
            tool_calls=answer.tool_calls,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
        )

    def for_repeat(self, repeat: int) -> Self:
        """Return the target with the seed of *repeat*; itself where it has none."""
        if self.seed is None:
            return self
        # The conversation is parsed already; a text would be parsed for each call.
        return replace(self, template=self.conversation, system=None, seed=self.seed + repeat)
