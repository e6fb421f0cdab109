"""What counts as a target, and what may go wrong in one."""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub._functions import import_function
from evalhub.errors import ConfigError
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.function import FunctionTarget
from evalhub.evals.targets.prompt import PromptTarget
from evalhub.llm.client import Completion
from evalhub.model import Usage


class EchoClient:
    """A fake model that answers with what it was asked."""

    model = "echo"

    def __init__(self) -> None:
        self.settings: list[Mapping[str, Any]] = []

    def complete(self, messages: Any, **settings: Any) -> Completion:
        """Return the messages' contents, joined."""
        self.settings.append(settings)
        text = "|".join(message["content"] for message in messages)
        return Completion(text, self.model, "stop", None)


def plain(text: str) -> str:
    """Return a string, as most functions do."""
    return text.upper()


async def asynchronous(text: str) -> str:
    """Return a string, later."""
    await asyncio.sleep(0)
    return text.upper()


def whole(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Take the mapping of inputs, give a mapping with what was retrieved."""
    return {"answer": inputs["text"].upper(), "contexts": ["c"], "retrieved_ids": [7]}


@pytest.mark.parametrize("function", [plain, asynchronous])
def test_functions_get_the_inputs_as_keywords(function: Callable[..., Any]) -> None:
    """A function of either colour is called with the inputs by name."""
    assert FunctionTarget(function)({"text": "a"}) == TargetOutput("A")


def test_a_function_of_inputs_gets_the_mapping() -> None:
    """A single parameter called ``inputs`` takes them all, and ids become text."""
    assert FunctionTarget(whole)({"text": "a"}) == TargetOutput("A", ("c",), ("7",))


def test_async_targets_share_one_loop() -> None:
    """A client made once may keep its connections: every call sees the same loop."""
    loops: list[Any] = []

    async def target() -> str:
        loops.append(asyncio.get_running_loop())
        return ""

    FunctionTarget(target)({})
    FunctionTarget(target)({})
    assert loops[0] is loops[1]


def test_a_mapping_may_hold_what_only_the_function_knows() -> None:
    """Tokens, cost and time, of numpy or of Python; a tool call in OpenAI's shape."""
    call = {"id": "1", "function": {"name": "f", "arguments": "{}"}}
    result = {
        "text": "A",
        "usage": {"input_tokens": np.int64(3)},
        "cost_usd": np.float64(0.5),
        "latency_ms": 2,
        "tool_calls": [call, "g"],
    }
    assert FunctionTarget(lambda: result)({}) == TargetOutput(
        "A",
        tool_calls=({"name": "f", "arguments": "{}"}, {"name": "g"}),
        usage=Usage(3),
        cost_usd=0.5,
        latency_ms=2.0,
    )
    assert FunctionTarget(lambda: {"text": "", "output_tokens": 4})({}).usage == Usage(None, 4)


@pytest.mark.parametrize(
    "result",
    [
        None,
        3,
        {"score": 1},
        {"text": 3},
        {"text": "", "usage": 3},
        {"text": "", "input_tokens": "3"},
        {"text": "", "input_tokens": True},
        {"text": "", "cost_usd": "cheap"},
        {"text": "", "tool_calls": [{"arguments": {}}]},
    ],
)
def test_what_is_no_output_is_refused(result: object) -> None:
    """A result without a text raises, and is not scored as the text 'None'."""
    with pytest.raises(TypeError, match="target returned"):
        FunctionTarget(lambda: result)({})


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("math.sqrt", "package.module:function"),
        ("math:", "package.module:function"),
        ("no_such_module:f", "cannot import 'no_such_module'"),
        ("math:no_such", "math has no 'no_such'"),
        ("math:pi", "cannot be called"),
    ],
)
def test_a_function_that_cannot_be_had_is_one_line(path: str, message: str) -> None:
    """The error quotes the name and says what is wrong with it."""
    with pytest.raises(ConfigError, match=message) as caught:
        import_function(path)
    assert "\n" not in str(caught.value)


def test_a_function_is_found_by_its_path() -> None:
    """``module:name`` gives the very function."""
    assert import_function("math:sqrt") is math.sqrt


def test_a_prompt_is_filled_and_asked() -> None:
    """The system message comes first and the settings are passed on."""
    client = EchoClient()
    target = PromptTarget(
        "t", client, "Say {what} {{now}}", system="be", max_tokens=9, temperature=0.5
    )
    assert target({"what": "hi", "unused": 1}).text == "be|Say hi {now}"
    assert client.settings == [{"max_tokens": 9, "temperature": 0.5}]


@given(st.text())
def test_an_input_is_never_taken_for_a_template(text: str) -> None:
    """Braces and all else in an input reach the model unchanged."""
    assert PromptTarget("t", EchoClient(), "{x}")({"x": text}).text == text


@pytest.mark.parametrize("template", ["{a.__class__}", "{a[0]}", "{}", "{a!r}", "{a:>9}", "{"])
def test_a_template_evaluates_nothing(template: str) -> None:
    """Attributes, indexes, formats and lone braces are refused when it is made."""
    with pytest.raises(ConfigError, match="template"):
        PromptTarget("t", EchoClient(), template)


def test_a_missing_input_is_named() -> None:
    """The error names the placeholder and what there is."""
    with pytest.raises(ConfigError, match="needs 'b', which is not among the inputs: a"):
        PromptTarget("t", EchoClient(), "{b}")({"a": 1})
