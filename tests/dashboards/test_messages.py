"""Payloads of many shapes become messages."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalhub.dashboards.messages import Message, ToolCall, conversation
from evalhub.model import Span


def make_span(inputs: Any, outputs: Any, *, kind: str = "llm") -> Span:
    """Return a span with these payloads."""
    return Span(
        trace_id="0" * 32,
        span_id="1" * 32,
        parent_id=None,
        project="p",
        name="call",
        kind=kind,
        status="ok",
        start_ns=0,
        end_ns=1,
        inputs=None if inputs is None else orjson.dumps(inputs),
        outputs=None if outputs is None else orjson.dumps(outputs),
    )


QUESTION = {"role": "user", "content": "2+2?"}
ASKED = Message("user", "2+2?")
ANSWERED = Message("assistant", "4")


@pytest.mark.parametrize(
    ("inputs", "outputs", "expected"),
    [
        pytest.param(
            {"model": "m", "messages": [{"role": "system", "content": "Brief."}, QUESTION]},
            {"choices": [{"index": 0, "message": {"role": "assistant", "content": "4"}}]},
            (Message("system", "Brief."), ASKED, ANSWERED),
            id="openai-chat",
        ),
        pytest.param(
            {"instructions": "Brief.", "input": "2+2?"},
            {
                "output": [
                    {"type": "reasoning", "summary": []},
                    {
                        "type": "message",
                        "role": "assistant",
                        "content": [{"type": "output_text", "text": "4"}],
                    },
                ]
            },
            (Message("system", "Brief."), ASKED, ANSWERED),
            id="openai-responses",
        ),
        pytest.param(
            {"system": [{"type": "text", "text": "Brief."}], "messages": [QUESTION]},
            {"role": "assistant", "type": "message", "content": [{"type": "text", "text": "4"}]},
            (Message("system", "Brief."), ASKED, ANSWERED),
            id="anthropic",
        ),
        pytest.param(
            {"messages": [{"type": "human", "content": "2+2?"}]},
            {"output": {"type": "ai", "content": "4"}},
            (ASKED, ANSWERED),
            id="langchain",
        ),
        pytest.param({"input": "2+2?"}, {"output": "4"}, (ASKED, ANSWERED), id="langsmith-plain"),
        pytest.param({"prompt": "2+2?"}, {"output": "4"}, (ASKED, ANSWERED), id="completion"),
        pytest.param(
            {"prompt": "2+2?"}, {"choices": [{"text": "4"}]}, (ASKED, ANSWERED), id="openai-legacy"
        ),
        pytest.param([QUESTION], "4", (ASKED, ANSWERED), id="bare-list-and-text"),
        pytest.param(None, {"output": "4"}, (ANSWERED,), id="no-inputs"),
        pytest.param({"messages": [QUESTION]}, None, (ASKED,), id="failed-without-answer"),
    ],
)
def test_known_shapes_are_read(inputs: Any, outputs: Any, expected: tuple[Message, ...]) -> None:
    """The question and the answer come out, in order, whatever the API was."""
    assert conversation(make_span(inputs, outputs)) == expected


def test_openai_tool_calls_and_results_are_shown() -> None:
    """A call keeps its function's name and arguments, and its result is a tool message."""
    call = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 2}'}}
    inputs = {
        "messages": [
            QUESTION,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "4"},
        ]
    }
    assert conversation(make_span(inputs, None)) == (
        ASKED,
        Message("assistant", "", (ToolCall("add", '{"a": 2}', "c1"),)),
        Message("tool", "4"),
    )


def test_anthropic_tool_blocks_are_shown() -> None:
    """A tool_use block is a call, and its tool_result is text."""
    use = {"type": "tool_use", "id": "t1", "name": "add", "input": {"a": 2}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "4"}
    inputs = {
        "messages": [
            {"role": "assistant", "content": [{"type": "text", "text": "Adding."}, use]},
            {"role": "user", "content": [result]},
        ]
    }
    said = conversation(make_span(inputs, None))
    assert said[0] == Message("assistant", "Adding.", (ToolCall("add", '{\n  "a": 2\n}', "t1"),))
    assert said[1] == Message("user", "4")


def test_responses_function_call_items_are_shown() -> None:
    """Function calls of the responses API stand beside messages, not in them."""
    outputs = {
        "output": [{"type": "function_call", "name": "add", "arguments": "{}", "call_id": "c"}]
    }
    assert conversation(make_span({"input": "2+2?"}, outputs)) == (
        ASKED,
        Message("assistant", "", (ToolCall("add", "{}", "c"),)),
    )


def test_an_image_is_named_and_not_spelled_out() -> None:
    """Base64 does not fill the page."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 9999}}
    text = {"type": "text", "text": "What is this?"}
    said = conversation(make_span({"messages": [{"role": "user", "content": [text, image]}]}, None))
    assert said == (Message("user", "What is this?\n[image_url]"),)


def test_an_unknown_answer_is_shown_as_json() -> None:
    """What has no known shape is not dropped."""
    (answer,) = conversation(make_span(None, {"verdict": "ok", "n": 3}))
    assert answer.role == "assistant"
    assert '"verdict": "ok"' in answer.text


def test_a_chain_with_plain_values_is_no_conversation() -> None:
    """A function that is no model call shows its input and output instead."""
    assert conversation(make_span({"a": 1, "b": 2}, {"output": 3}, kind="chain")) == ()


def test_a_payload_that_is_not_json_is_shown_as_text() -> None:
    """A payload cut at the size limit is no JSON any more, and is still readable."""
    cut = Span("0" * 32, "1" * 32, None, "p", "n", "llm", "ok", 0, 1, outputs=b'{"output": "abc')
    assert conversation(cut) == (Message("assistant", '{"output": "abc'),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["messages", "role", "content", "choices", "message", "type", "output"])
            | st.sampled_from(["tool_calls", "function", "name", "input", "text", "function_call"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(inputs=JSON, outputs=JSON, kind=st.sampled_from(["llm", "chain"]))
def test_no_payload_breaks_the_page(inputs: Any, outputs: Any, kind: str) -> None:
    """Any JSON gives messages whose parts are text."""
    for message in conversation(make_span(inputs, outputs, kind=kind)):
        assert isinstance(message.text, str)
        assert all(isinstance(call.arguments, str) for call in message.tool_calls)
