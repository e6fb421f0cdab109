"""What prompts send to models, by the real clients over real HTTP."""

import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.errors import EmptyAnswerError, ModelBusyError, ModelError
from evalhub.evals.targets.conversation import Conversation
from evalhub.evals.targets.prompt import PromptTarget
from evalhub.http.retry import pause_before_retry
from evalhub.llm.anthropic import AnthropicChat
from evalhub.llm.endpoint import Endpoint
from evalhub.llm.openai import OpenAIChat
from evalhub.model import Usage

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Look it up",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}


def openai_answer(**message: Any) -> dict[str, Any]:
    """Return a chat completion as OpenAI sends it."""
    whole = {"role": "assistant", "content": None, **message}
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026",
        "choices": [{"index": 0, "finish_reason": "stop", "message": whole}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def anthropic_answer(*content: dict[str, Any], stop_reason: str = "end_turn") -> dict[str, Any]:
    """Return a message as Anthropic sends it."""
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "claude-x",
        "content": list(content),
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 9, "output_tokens": 4},
    }


def openai_chat(fake: Any) -> OpenAIChat:
    """Return the client that targets have: it does not retry by itself."""
    return OpenAIChat(Endpoint(f"{fake.url}/v1", "m"), max_retries=0)


def anthropic_chat(fake: Any) -> AnthropicChat:
    """Return the same for Anthropic."""
    return AnthropicChat(Endpoint(fake.url, "claude-x", "key"), max_retries=0)


def test_every_setting_reaches_an_openai_endpoint(fake: Any) -> None:
    """The request holds what was set, and nothing that was not."""
    fake.answer = lambda asked: (200, openai_answer(content="4"))
    target = PromptTarget(
        "t",
        openai_chat(fake),
        Conversation([{"role": "user", "content": "{{q}}: {q}"}]),
        max_tokens=5,
        temperature=0.5,
        top_p=0.9,
        seed=7,
        stop=["\n"],
        tools=[WEATHER],
        tool_choice="auto",
        json_schema=SCHEMA,
        extra_body={"reasoning": {"effort": "low"}},
    )
    output = target({"q": "2+2"})
    assert (output.text, output.usage) == ("4", Usage(7, 3))
    assert fake.asked[0].json == {
        "model": "m",
        "messages": [{"role": "user", "content": "{q}: 2+2"}],
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["\n"],
        "tools": [WEATHER],
        "tool_choice": "auto",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA},
        },
        "reasoning": {"effort": "low"},
    }
    PromptTarget("t", openai_chat(fake), "{q}")({"q": "hi"})
    assert set(fake.asked[1].json) == {"model", "messages"}


def test_tool_calls_of_an_openai_endpoint_are_in_the_output(fake: Any) -> None:
    """Arguments are parsed; an answer that only calls tools has an empty text."""
    calls = [
        {
            "id": "1",
            "type": "function",
            "function": {"name": "weather", "arguments": '{"city":"X"}'},
        },
        {"id": "2", "type": "function", "function": {"name": "broken", "arguments": '{"city":'}},
        {"id": "3", "type": "function", "function": {"name": "none", "arguments": ""}},
    ]
    fake.answer = lambda asked: (200, openai_answer(tool_calls=calls))
    output = PromptTarget("t", openai_chat(fake), "{q}", tools=[WEATHER])({"q": "?"})
    assert output.text == ""
    assert output.tool_calls == (
        {"id": "1", "name": "weather", "arguments": {"city": "X"}},
        {"id": "2", "name": "broken", "arguments": '{"city":'},
        {"id": "3", "name": "none", "arguments": {}},
    )


def test_the_same_prompt_reaches_anthropic_in_its_own_shape(fake: Any, tmp_path: Path) -> None:
    """System, images, tools, schema and stops are said as Anthropic's API says them."""
    (tmp_path / "p.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")
    fake.answer = lambda asked: (
        200,
        anthropic_answer(
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "X"}},
            stop_reason="tool_use",
        ),
    )
    conversation = Conversation(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{q}"}],
        images=["image"],
        folder=tmp_path,
    )
    target = PromptTarget(
        "t",
        anthropic_chat(fake),
        conversation,
        max_tokens=50,
        temperature=0.2,
        top_p=0.8,
        stop=["END"],
        tools=[WEATHER],
        tool_choice="required",
        json_schema=SCHEMA,
        extra_body={"container": "c"},
    )
    output = target({"q": "Rain?", "image": ["p.png", "https://example.org/i.jpg"]})
    assert output.text == "Let me look."
    assert output.tool_calls == ({"id": "t1", "name": "weather", "arguments": {"city": "X"}},)
    assert output.usage == Usage(9, 4)
    sent = fake.asked[0].json
    data = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgpyZXN0"}
    url = {"type": "url", "url": "https://example.org/i.jpg"}
    assert sent["system"] == "Be brief."
    assert sent["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Rain?"},
                {"type": "image", "source": data},
                {"type": "image", "source": url},
            ],
        }
    ]
    assert sent["tools"] == [
        {
            "name": "weather",
            "description": "Look it up",
            "input_schema": WEATHER["function"]["parameters"],  # type: ignore[index]  # a dict
        }
    ]
    assert sent["tool_choice"] == {"type": "any"}
    assert sent["output_config"]["format"]["schema"]["required"] == ["n"]
    assert (sent["temperature"], sent["top_p"], sent["container"]) == (0.2, 0.8, "c")
    assert sent["stop_sequences"] == ["END"]


def test_a_conversation_with_tools_reaches_anthropic(fake: Any) -> None:
    """Calls of an assistant and what tools gave are content blocks there."""
    fake.answer = lambda asked: (200, anthropic_answer({"type": "text", "text": "ok"}))
    call = {"id": "7", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    conversation = Conversation(
        [
            {"role": "user", "content": "go"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "7", "content": "{result}"},
        ]
    )
    chosen = {"type": "function", "function": {"name": "f"}}
    PromptTarget("t", anthropic_chat(fake), conversation, tool_choice=chosen)({"result": "2"})
    assert fake.asked[0].json["messages"] == [
        {"role": "user", "content": "go"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "7", "name": "f", "input": {"a": 1}}],
        },
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": "7", "content": "2"}],
        },
    ]
    assert fake.asked[0].json["tool_choice"] == {"type": "tool", "name": "f"}


def test_a_tool_choice_that_anthropic_lacks_is_refused(fake: Any) -> None:
    """Nothing is sent."""
    with pytest.raises(ModelError, match="tool_choice is 'sometimes'"):
        PromptTarget("t", anthropic_chat(fake), "{q}", tool_choice="sometimes")({"q": ""})
    assert fake.asked == []


@pytest.mark.parametrize("connect", [openai_chat, anthropic_chat])
def test_an_answer_of_nothing_is_an_error(fake: Any, connect: Any) -> None:
    """Neither text nor tool calls: that is no empty answer to score."""
    empty = openai_answer(content="") if connect is openai_chat else anthropic_answer()
    fake.answer = lambda asked: (200, empty)
    with pytest.raises(EmptyAnswerError):
        PromptTarget("t", connect(fake), "{q}")({"q": ""})


@pytest.mark.parametrize("connect", [openai_chat, anthropic_chat])
def test_a_busy_endpoint_is_left_to_the_runner(fake: Any, connect: Any) -> None:
    """One request is made, and the runner is told how long to wait."""
    fake.headers["retry-after"] = "3"
    fake.answer = lambda asked: (429, {"error": {"message": "slow down", "type": "busy"}})
    with pytest.raises(ModelBusyError) as caught:
        PromptTarget("t", connect(fake), "{q}")({"q": ""})
    assert len(fake.asked) == 1
    pause = pause_before_retry(caught.value, 0)
    assert pause is not None
    assert (pause.seconds, pause.is_busy) == (3.0, True)


def test_each_repeat_has_a_seed_of_its_own(fake: Any) -> None:
    """So that repeats with a seed are no copies; without one nothing is sent."""
    fake.answer = lambda asked: (200, openai_answer(content="x"))
    seeded = PromptTarget("t", openai_chat(fake), "{q}", system="s", seed=10)
    for repeat in range(3):
        seeded.for_repeat(repeat)({"q": "?"})
    assert [asked.json["seed"] for asked in fake.asked] == [10, 11, 12]
    assert {asked.json["messages"][0]["content"] for asked in fake.asked} == {"s"}
    plain = PromptTarget("t", openai_chat(fake), "{q}")
    assert plain.for_repeat(2) is plain


@pytest.mark.model
def test_a_real_model_answers_a_conversation_by_a_schema(local_llm: str) -> None:
    """Roles, schema and seed reach it, and the tokens come back."""
    target = PromptTarget(
        "t",
        OpenAIChat(Endpoint(local_llm, "smollm2"), max_retries=0),
        Conversation(
            [
                {"role": "system", "content": "You answer in JSON."},
                {"role": "user", "content": "How many days has a {unit}?"},
            ]
        ),
        json_schema=SCHEMA,
        max_tokens=40,
        temperature=0,
        seed=1,
    )
    output = target({"unit": "week"})
    assert isinstance(json.loads(output.text)["n"], int)
    assert output.usage is not None
    assert output.usage.input_tokens is not None
    assert output.usage.input_tokens > 10
