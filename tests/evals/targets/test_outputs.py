"""What a target returns becomes what can be scored and written down, or one example's error."""

import dataclasses
import math
import threading
from typing import Any

import numpy as np
import pydantic
import pytest

from evalhub.evals.runs.call import Call, read_call, write_call
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.outputs import as_output
from evalhub.model import Usage

ENDLESS: dict[str, Any] = {"name": "f"}
ENDLESS["arguments"] = ENDLESS


@dataclasses.dataclass
class Reply:
    """A result as an application has it."""

    answer: str
    contexts: list[str]


class Model(pydantic.BaseModel):
    """A result as a structured output has it."""

    text: str
    cost_usd: float


class OpenAIUsage:
    """Tokens as the openai package gives them."""

    prompt_tokens = 3
    completion_tokens = 4


@pytest.mark.parametrize(
    ("result", "output"),
    [
        (Reply("a", ["c"]), TargetOutput("a", ("c",))),
        (Model(text="a", cost_usd=0.5), TargetOutput("a", cost_usd=0.5)),
        ({"text": "a", "contexts": np.array(["c", "d"])}, TargetOutput("a", ("c", "d"))),
        ({"text": "a", "retrieved_ids": {7: 0.5}.keys()}, TargetOutput("a", (), ("7",))),
        ({"text": "a", "contexts": None, "retrieved_ids": ""}, TargetOutput("a")),
        ({"text": "a", "usage": OpenAIUsage()}, TargetOutput("a", usage=Usage(3, 4))),
        ({"text": "a", "usage": {"completion_tokens": 4}}, TargetOutput("a", usage=Usage(None, 4))),
        ({"text": "a", "usage": {"input_tokens": None}}, TargetOutput("a")),
        ({"text": "a", "usage": {}, "output_tokens": 2}, TargetOutput("a", usage=Usage(None, 2))),
        (TargetOutput("a", trace_id="t"), TargetOutput("a", trace_id="t")),
    ],
)
def test_results_of_many_shapes_are_taken(result: object, output: TargetOutput) -> None:
    """Dataclasses, pydantic models, arrays, and the usage of the openai package."""
    assert as_output(result) == output


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "NoneType; return a text, a mapping with 'text' or a TargetOutput"),
        (b"a", "bytes"),
        ({"label": "a"}, r"keys \['label'\], none a 'text'"),
        ({"text": None}, "the text None; it must be a str"),
        (TargetOutput(None), "the text None"),  # type: ignore[arg-type]  # what users do
        ({"text": "", "contexts": "one text"}, "contexts 'one text'; give a list"),
        ({"text": "", "retrieved_ids": "d12"}, "retrieved_ids 'd12'; give a list"),
        ({"text": "", "contexts": [{"text": "c"}]}, "among contexts; give texts"),
        ({"text": "", "tool_calls": {"name": "f"}}, "tool_calls {'name': 'f'}; give a list"),
        ({"text": "", "tool_calls": [{"name": "f", "arguments": 2**70}]}, "are no JSON"),
        ({"text": "", "tool_calls": [ENDLESS]}, "are no JSON"),
        ({"text": "", "usage": {"tokens": 3}}, "name input_tokens and output_tokens"),
        ({"text": "", "usage": {"input_tokens": -1}}, "input_tokens -1; give a whole number"),
        ({"text": "", "cost_usd": math.nan}, "cost_usd nan; give a number from 0 on"),
        ({"text": "", "latency_ms": -1}, "latency_ms -1; give a number from 0 on"),
        (TargetOutput("", latency_ms=math.inf), "latency_ms inf"),
    ],
)
def test_what_cannot_be_scored_is_refused(result: object, message: str) -> None:
    """The value is quoted, and nothing is made of it: no letters of a text as a list."""
    with pytest.raises(TypeError, match=f"the target returned .*{message}"):
        as_output(result)


def test_half_a_character_is_replaced() -> None:
    """An answer cut off within an emoji can be written down; two halves are one character."""
    cut, halves = "a\ud83d", "\ud83d\ude00"
    assert as_output(cut).text == "a\ufffd"
    assert as_output({"text": halves}).text == "\U0001f600"
    call = Call(as_output({"text": cut, "contexts": [cut]}), None, None, 1.0)
    assert read_call(write_call(call)) == call


def test_tool_calls_are_the_same_after_a_kill() -> None:
    """What is no JSON becomes text at once, and not only where a journal is read again."""
    arguments = {"when": threading.Lock(), 1: (1, 2)}
    output = as_output({"text": "", "tool_calls": [{"name": "f", "arguments": arguments}]})
    found = output.tool_calls[0]["arguments"]
    assert found["1"] == [1, 2]
    assert isinstance(found["when"], str)
    call = Call(output, None, None, 1.0)
    assert read_call(write_call(call)) == call
