"""Prompts in suite files, and in files of their own."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from evalhub.evals.suites.spec import Spec, Text
from evalhub.evals.targets.templates import Syntax

__all__ = ["HuggingFaceSpec", "MessageSpec", "PromptFileSpec", "PromptSpec"]

_HAS_ONE = "give exactly one of 'prompt' (a file), 'template' (the text) and 'messages'"

Object = dict[str, Any]


class MessageSpec(Spec):
    """One message, or the input that holds some."""

    role: Literal["system", "developer", "user", "assistant", "tool"] | None = None
    content: str | list[Object] | None = None
    """A template, or OpenAI's content parts with templates in them."""
    input: Text | None = None
    """The input whose messages go here, such as a conversation so far."""
    name: Text | None = None
    tool_calls: list[Object] | None = None
    tool_call_id: Text | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "MessageSpec":
        if (self.input is None) == (self.role is None):
            raise ValueError("give 'role' and 'content', or 'input' alone")
        if self.role is not None and self.content is None and not self.tool_calls:
            raise ValueError(f"the message of the role {self.role!r} lacks 'content'")
        return self


class PromptFileSpec(Spec):
    """A prompt in a YAML or JSON file."""

    messages: Annotated[list[MessageSpec], Field(min_length=1)]
    syntax: Syntax | None = None
    tools: list[Object] | None = None
    tool_choice: str | Object | None = None
    json_schema: Object | None = None


class _Prompted(Spec):
    """What a prompt is made of."""

    prompt: Text | None = None
    """File relative to the suite file: a text (Jinja where it ends in `.j2`), or messages in
    YAML or JSON."""
    template: str | None = None
    """The text itself, in place of *prompt*."""
    messages: Annotated[list[MessageSpec], Field(min_length=1)] | None = None
    """Messages with roles, in place of *prompt*."""
    system: str | None = None
    """A system message before *prompt* or *template*; it is taken as it is."""
    syntax: Syntax | None = None
    """How templates are written; left out it is `braces`, and `jinja` in `.j2` files."""

    @model_validator(mode="after")
    def _has_one_template(self) -> "_Prompted":
        if [self.prompt, self.template, self.messages].count(None) != 2:
            raise ValueError(_HAS_ONE)
        if self.messages is not None and self.system is not None:
            raise ValueError("put the system message among the messages")
        return self


class PromptSpec(_Prompted):
    """A target that is a prompt for a model."""

    model: Text
    """`local` is the embedded model; others are asked at *base_url*."""
    provider: Literal["openai", "anthropic"] = "openai"
    """Whose API the endpoint speaks; most speak OpenAI's."""
    base_url: Text | None = None
    """Address of the endpoint; None is that of the environment."""
    api_key_env: Text | None = None
    """Variable of the environment that holds the key."""
    images: Text | Annotated[list[Text], Field(min_length=1)] | None = None
    """Inputs that hold images: files relative to the data set, URLs or data URIs."""
    tools: list[Object] | Text | None = None
    """Tools in OpenAI's shape, or a JSON or YAML file with a list of them."""
    tool_choice: str | Object | None = None
    json_schema: Object | Text | None = None
    """JSON Schema that the answer must follow, or a file with one."""
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0)] | None = None
    top_p: Annotated[float, Field(gt=0, le=1)] | None = None
    seed: int | None = None
    """Each repeat of an example adds its number to it."""
    stop: Text | Annotated[list[Text], Field(min_length=1)] | None = None
    extra_body: Object | None = None
    """Goes into the request as it is."""


class HuggingFaceSpec(_Prompted):
    """A target that is a language model in a folder."""

    huggingface: Text
    """Folder of the model and its tokenizer, relative to the suite file."""
    adapter: Text | None = None
    """Folder of an adapter that `peft` made."""
    max_new_tokens: Annotated[int, Field(ge=1)] = 128
    temperature: Annotated[float, Field(ge=0)] = 0.0
    """0 is greedy."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    seed: int = 0
    batch_size: Annotated[int, Field(ge=1)] = 8
    """Most examples that are generated together; no more than `concurrency`."""
    device: Text | None = None
    """`cpu` or `cuda`; left out it is a GPU where there is one."""
    dtype: Text | None = None
    """Type of the weights, such as `bfloat16`; left out it is that of the files."""
