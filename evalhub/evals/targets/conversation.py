"""The messages that a prompt sends: templates with roles, and the images that go along."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from evalhub.errors import ConfigError
from evalhub.evals.targets.images import image_parts
from evalhub.evals.targets.templates import Syntax, Template
from evalhub.evals.targets.tree import TreeTemplate

__all__ = ["Conversation"]


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages with places for an example's inputs.

    Args:
        messages: Mappings with ``role`` and ``content``, a template or a list of content
            parts with templates in them; or ``{"input": name}``, in whose place the
            messages go that the input holds, such as a conversation so far.
        syntax: How the templates are written.
        images: Inputs that hold images; they go along with the last message of the user.
        folder: What paths of image files start from.
        system: A message before the others; it is taken as it is.

    Raises:
        ConfigError: a template cannot be read, or images have no message to go with.
    """

    messages: Sequence[Mapping[str, Any]]
    syntax: Syntax = "braces"
    images: Sequence[str] = ()
    folder: Path = field(default_factory=Path)
    system: str | None = None
    names: frozenset[str] = field(init=False)
    """Inputs that it needs."""
    _parsed: Sequence["_Message | str"] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parsed = [_parse(message, self.syntax) for message in self.messages]
        needed = (part.names if isinstance(part, _Message) else {part} for part in parsed)
        object.__setattr__(self, "_parsed", parsed)
        object.__setattr__(self, "names", frozenset(self.images).union(*needed))
        if self.images and not any(_may_be_users(part) for part in parsed):
            raise ConfigError("images need a message of the role 'user' to go with")

    @classmethod
    def of_text(
        cls,
        text: str,
        *,
        system: str | None = None,
        syntax: Syntax = "braces",
        images: Sequence[str] = (),
        folder: Path | None = None,
    ) -> Self:
        """Return the conversation of one message of the user, *text*."""
        messages = [{"role": "user", "content": text}]
        return cls(messages, syntax, images, folder or Path(), system)

    def fill(self, inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the messages for *inputs*, in OpenAI's shape.

        Raises:
            ConfigError: an input is missing or is of the wrong kind, or an image cannot be read.
        """
        missing = sorted(self.names - set(inputs))
        if missing:
            raise ConfigError(
                f"the prompt needs {missing[0]!r}, which is not among the inputs: "
                f"{', '.join(map(str, inputs))}"
            )
        messages: list[dict[str, Any]] = []
        if self.system is not None:
            messages.append({"role": "system", "content": self.system})
        for part in self._parsed:
            filled = [part.fill(inputs)] if isinstance(part, _Message) else _held(inputs, part)
            messages += filled
        parts = [item for name in self.images for item in image_parts(inputs[name], self.folder)]
        return _with_images(messages, parts) if parts else messages


@dataclass(frozen=True, slots=True)
class _Message:
    """One message: its role, what its content is made of, and its other fields."""

    role: str
    content: Template | TreeTemplate | None
    """None where an assistant only called tools."""
    more: Mapping[str, Any]

    @property
    def names(self) -> frozenset[str]:
        return frozenset() if self.content is None else self.content.names

    def fill(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        content = None if self.content is None else self.content.fill(inputs)
        return {"role": self.role, "content": content, **self.more}


def _parse(message: Mapping[str, Any], syntax: Syntax) -> _Message | str:
    if "input" in message:
        return str(message["input"])
    role, content = message.get("role"), message.get("content")
    if role is None or (content is None and not message.get("tool_calls")):
        raise ConfigError(f"the message {dict(message)!r} needs a role and a content")
    more = {key: value for key, value in message.items() if key not in ("role", "content")}
    if content is None:
        return _Message(role, None, more)
    kind = Template if isinstance(content, str) else TreeTemplate
    return _Message(role, kind(content, syntax), more)


def _may_be_users(part: _Message | str) -> bool:
    return isinstance(part, str) or part.role == "user"


def _held(inputs: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the messages that the input *name* holds."""
    value = inputs[name]
    if isinstance(value, list | tuple) and all(
        isinstance(item, Mapping) and "role" in item for item in value
    ):
        return [dict(item) for item in value]
    raise ConfigError(f"the input {name!r} is {str(value)[:60]!r}; it must be a list of messages")


def _with_images(
    messages: list[dict[str, Any]], parts: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    users = [index for index, message in enumerate(messages) if message["role"] == "user"]
    if not users:
        raise ConfigError("the images have no message of the role 'user' to go with")
    last = messages[users[-1]]
    content = last["content"]
    texts = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
    messages[users[-1]] = {**last, "content": [*texts, *parts]}
    return messages
