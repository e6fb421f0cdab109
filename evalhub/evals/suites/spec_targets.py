"""The targets of a suite file."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from evalhub.evals.suites.spec import Spec, Text
from evalhub.evals.suites.spec_prompts import HuggingFaceSpec, PromptSpec
from evalhub.evals.suites.spec_recorded import ColumnSpec, OutputsSpec, TracesTargetSpec

__all__ = [
    "ColumnSpec",
    "CommandSpec",
    "FunctionSpec",
    "HttpSpec",
    "HuggingFaceSpec",
    "OutputsSpec",
    "PromptSpec",
    "TargetSpec",
    "TracesTargetSpec",
    "UsagePaths",
]


class FunctionSpec(Spec):
    """A target that is a Python function."""

    function: Text
    """`package.module:function`."""


class UsagePaths(Spec):
    """Where an answer says how many tokens it took."""

    input_tokens: Text | None = None
    output_tokens: Text | None = None
    cache_read_tokens: Text | None = None
    reasoning_tokens: Text | None = None


class HttpSpec(Spec):
    """A target that is an HTTP endpoint."""

    url: Text
    """Address; `{name}` in it is an input."""
    method: Literal["POST", "GET", "PUT", "PATCH"] = "POST"
    headers: dict[str, str] = Field(default_factory=dict)
    body: dict[str, Any] | list[Any] | str | None = None
    """JSON whose texts are templates; left out it is an object of all inputs."""
    response: Text | None = None
    """JMESPath of the text in the answer; left out the answer is a text, or has `text`."""
    contexts: Text | None = None
    retrieved_ids: Text | None = None
    tool_calls: Text | None = None
    usage: UsagePaths = UsagePaths()
    cost_usd: Text | None = None
    latency_ms: Text | None = None
    finish_reason: Text | None = None
    """Path of why the model ended; `length` is an answer that was cut off."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """Longest that the whole request may take."""


class CommandSpec(Spec):
    """A target that is a command."""

    command: Annotated[list[Text], Field(min_length=1)] | Text
    """Program and arguments, in which `{name}` is an input; one text with `shell: true`."""
    shell: bool = False
    output: Literal["text", "json"] = "text"
    """What it prints: the text, or a JSON object with `text`, `contexts` and the like."""
    timeout_s: Annotated[float, Field(gt=0)] = 60.0
    """After so long it is killed, with all that it has started."""
    env: list[Text] = Field(default_factory=list)
    """Variables of the environment that it is given beside PATH, HOME and the language."""
    cwd: Text | None = None
    """Folder it runs in, relative to the suite file, whose folder it is when left out."""


_KINDS = {
    "function": "(function)",
    "url": "(http)",
    "command": "(command)",
    "outputs": "(outputs)",
    "column": "(column)",
    "traces": "(traces)",
    "huggingface": "(huggingface)",
}
"""Keys that say which kind of target it is; without one it is a prompt."""


def _target_kind(value: object) -> str:
    # In brackets, so that no key of a file looks like it where errors are located.
    keys = value if isinstance(value, Mapping) else {}
    return next((kind for key, kind in _KINDS.items() if key in keys), "(prompt)")


TargetSpec = Annotated[
    Annotated[PromptSpec, Tag("(prompt)")]
    | Annotated[FunctionSpec, Tag("(function)")]
    | Annotated[HttpSpec, Tag("(http)")]
    | Annotated[CommandSpec, Tag("(command)")]
    | Annotated[OutputsSpec, Tag("(outputs)")]
    | Annotated[ColumnSpec, Tag("(column)")]
    | Annotated[TracesTargetSpec, Tag("(traces)")]
    | Annotated[HuggingFaceSpec, Tag("(huggingface)")],
    Discriminator(_target_kind),
]
