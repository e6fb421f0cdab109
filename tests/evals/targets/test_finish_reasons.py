"""Every kind of target that knows why an answer ended says so."""

import enum
from typing import Any

import pytest

from evalhub.errors import DatasetError, ModelError
from evalhub.evals.runs.call import Call, read_call, write_call
from evalhub.evals.targets.answer_paths import AnswerPaths
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.http_endpoint import HttpTarget
from evalhub.evals.targets.output_columns import OutputColumns
from evalhub.evals.targets.outputs import as_output
from evalhub.evals.targets.prompt import PromptTarget
from evalhub.evals.targets.recorded import ColumnTarget
from evalhub.llm.anthropic import AnthropicChat
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.model import Example

OPENAI = {
    "model": "m",
    "choices": [
        {"finish_reason": "length", "message": {"role": "assistant", "content": "half an"}}
    ],
}
ANTHROPIC = {
    "id": "m1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "half an"}],
    "stop_reason": "max_tokens",
    "usage": {"input_tokens": 9, "output_tokens": 4},
}


class Reason(enum.Enum):
    """How a client names its reasons by numbers."""

    MAX_TOKENS = 2


class TextReason(enum.Enum):
    """The same by texts."""

    CUT = "length"


def test_a_prompt_passes_on_why_openais_models_end(fake: Any) -> None:
    """An answer at its limit of tokens is an output, and says that it is not whole."""
    fake.answer = lambda asked: (200, OPENAI)
    chat = OpenAIChat(Endpoint(f"{fake.url}/v1", "m"), max_retries=0)
    output = PromptTarget("t", chat, "{q}")({"q": "x"})
    assert (output.text, output.finish_reason) == ("half an", "length")


def test_a_prompt_passes_on_why_anthropics_models_end(fake: Any) -> None:
    """In the same words as OpenAI's."""
    fake.answer = lambda asked: (200, ANTHROPIC)
    chat = AnthropicChat(Endpoint(fake.url, "m", "key"), max_retries=0)
    output = PromptTarget("t", chat, "{q}")({"q": "x"})
    assert (output.text, output.finish_reason) == ("half an", "length")


def test_an_endpoint_says_it_at_a_path_or_beside_the_text(fake: Any) -> None:
    """With paths into the answer, or in an object as a function returns it."""
    fake.answer = lambda asked: (200, OPENAI)
    paths = AnswerPaths(
        "choices[0].message.content", finish_reason="choices[0].finish_reason || 'stop'"
    )
    assert HttpTarget("t", fake.url, answer=paths)({}).finish_reason == "length"
    fake.answer = lambda asked: (200, {"text": "half an", "finish_reason": "length"})
    assert HttpTarget("t", fake.url)({}).finish_reason == "length"
    fake.answer = lambda asked: (200, {"text": "half an", "finish_reason": 2})
    with pytest.raises(ModelError, match="finish_reason 2; give a text such as 'stop'"):
        HttpTarget("t", fake.url)({})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("length", "length"),
        (Reason.MAX_TOKENS, "MAX_TOKENS"),
        (TextReason.CUT, "length"),
        ("", None),
        (None, None),
    ],
)
def test_a_function_says_it_in_its_mapping(given: object, kept: str | None) -> None:
    """As a text or a client's enumeration; the journal gives it back."""
    output = as_output({"text": "half an", "finish_reason": given})
    assert output == TargetOutput("half an", finish_reason=kept)
    call = Call(output, None, None, 1.0)
    assert read_call(write_call(call)) == call


def test_a_call_written_before_there_were_reasons_is_read() -> None:
    """The journal of a run that was killed before an upgrade goes on."""
    call = Call(TargetOutput("a"), None, "t", 1.0)
    old = write_call(call).replace(b',"finish_reason":null', b"")
    assert b"finish_reason" not in old
    assert read_call(old) == call


def test_recorded_outputs_say_it_in_a_column() -> None:
    """In its own or in another; what is no text is refused with its value."""
    row = {"output": "half an", "finish_reason": "length", "why": "", "code": 7}
    example = Example("a", {}, metadata=row)
    columns = {name: OutputColumns(finish_reason=name) for name in ("why", "none", "code")}
    assert ColumnTarget("t", OutputColumns()).recall(example).finish_reason == "length"
    assert ColumnTarget("t", columns["why"]).recall(example).finish_reason is None
    assert ColumnTarget("t", columns["none"]).recall(example).finish_reason is None
    with pytest.raises(DatasetError, match="example 'a': 'code' is 7; it must be a text"):
        ColumnTarget("t", columns["code"]).recall(example)
