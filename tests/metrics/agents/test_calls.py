"""Tool calls in the shapes of the real clients."""

from typing import Any

import pytest
from anthropic.types import ToolUseBlock
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import tool_call
from openai.types.chat import ChatCompletionMessageFunctionToolCall
from openai.types.responses import ResponseFunctionToolCall

from evalhub.errors import MetricInputError
from evalhub.metrics.agents.calls import ToolCall, call_results, pair_results, read_calls
from evalhub.metrics.columns import Unscored
from evalhub.model import ScoreState

CITY = {"city": "Paris", "days": 3}
CALL = ToolCall("weather", CITY)
TEXT = '{"city": "Paris", "days": 3}'
CHAT = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": TEXT}}
ANTHROPIC = {"id": "1", "type": "tool_use", "name": "weather", "input": CITY}
RESPONSE = {"type": "function_call", "call_id": "1", "name": "weather", "arguments": TEXT}


@pytest.mark.parametrize(
    "call",
    [
        {"name": "weather", "arguments": CITY},
        CHAT,
        ChatCompletionMessageFunctionToolCall.model_validate(CHAT),
        RESPONSE,
        ResponseFunctionToolCall.model_validate(RESPONSE),
        ANTHROPIC,
        ToolUseBlock.model_validate(ANTHROPIC),
        {"functionCall": {"name": "weather", "args": CITY}},
        {"function_call": {"name": "weather", "args": CITY}},
        {"toolUse": {"toolUseId": "1", "name": "weather", "input": CITY}},
        {"type": "tool-call", "toolCallId": "1", "toolName": "weather", "input": CITY},
        {"part_kind": "tool-call", "tool_name": "weather", "args": TEXT},
        AIMessage("", tool_calls=[tool_call(name="weather", args=CITY, id="1")]).tool_calls[0],
    ],
)
def test_every_client_s_call_is_read(call: Any) -> None:
    """Those of OpenAI, Anthropic, LangChain, Gemini, Bedrock, Vercel and Pydantic AI."""
    assert read_calls([call]) == [CALL]


def test_names_alone_are_calls_of_unknown_arguments() -> None:
    """No arguments and unknown arguments are not the same."""
    unknown, none, empty = read_calls(
        ["weather", {"name": "weather", "arguments": {}}, {"name": "weather", "arguments": ""}]
    )
    assert unknown == ToolCall("weather")
    assert none == empty == ToolCall("weather", {})


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ('{"city": "Par', "the arguments of weather are no JSON: Unterminated"),
        ('["Paris"]', "the arguments of weather are of type list, not a JSON object"),
        (3, "the arguments of weather are of type int, not a JSON object"),
    ],
)
def test_what_the_model_wrote_wrong_is_kept_as_its_error(arguments: object, error: str) -> None:
    """A model that writes broken JSON did call the tool."""
    (call,) = read_calls([{"name": "weather", "arguments": arguments}])
    assert call.arguments is None
    assert (call.error or "").startswith(error)


@pytest.mark.parametrize(
    ("calls", "message"),
    [
        ("weather", "tool calls are 'weather'; give a list"),
        ({"name": "weather"}, "give a list"),
        ([3], "tool call 0 is 3"),
        (["a", {"arguments": {}}], "tool call 1 is"),
        ([{"function": {"arguments": "{}"}}], "tool call 0 is"),
    ],
)
def test_what_is_no_call_is_refused(calls: Any, message: str) -> None:
    """The message has the place and the value."""
    with pytest.raises(MetricInputError, match=message):
        read_calls(calls)


def _count(calls: list[ToolCall]) -> float:
    return float(len(calls))


def test_rows_that_cannot_be_read_are_states() -> None:
    """One target's odd answer does not keep the others from their scores."""
    results = call_results([["a"], None, [3], []], _count)
    assert [item if isinstance(item, float) else item.state for item in results] == [
        *(1.0, ScoreState.ERRORED, ScoreState.ERRORED, 0.0),
    ]


def test_nothing_known_of_the_expected_is_skipped() -> None:
    """None is skipped; an empty list expects that there is no call."""
    results = pair_results([["a"], ["a"], None], [None, [], ["a"]], lambda got, _: _count(got))
    states = [item.state if isinstance(item, Unscored) else item for item in results]
    assert states == [ScoreState.SKIPPED, 1.0, ScoreState.ERRORED]
    with pytest.raises(MetricInputError, match="differ in length"):
        pair_results([["a"]], [], lambda got, _: _count(got))


def test_a_list_may_be_the_text_of_its_json() -> None:
    """As CSV files have it; a text of anything else is told."""
    assert read_calls(f'[{{"name": "weather", "arguments": {TEXT}}}]') == [CALL]
    with pytest.raises(MetricInputError, match="tool calls are 'weather'; give a list"):
        read_calls("weather")
    with pytest.raises(MetricInputError, match="give a list of names"):
        read_calls('"weather"')


def test_what_is_too_deep_is_an_error_of_its_example() -> None:
    """A function that calls itself for each level comes to an end."""

    def endless(calls: list[ToolCall]) -> float:
        return endless(calls)

    assert call_results([["a"]], endless) == [
        Unscored(ScoreState.ERRORED, "the arguments are nested too deeply to be compared")
    ]
