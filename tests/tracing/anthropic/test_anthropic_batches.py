"""``wrap_anthropic`` with the real client: message batches, and the loop of the tool runner.

The API at the other end of the HTTP connection is a fake; see ``conftest.py``.
"""

import asyncio
import json
from typing import Any

import anthropic
import pytest
from anthropic import beta_async_tool, beta_tool
from anthropic.lib.tools import BetaToolRunner

from evalhub.model import Span
from evalhub.tracing.testing import Recorder

ASKED: Any = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
USE: Any = {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": 2}}
END: Any = {"type": "text", "text": "It is 3."}


def answer(*content: Any) -> dict[str, Any]:
    """Return a message of the API with *content*."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "plain-20260101",
        "content": list(content),
        "stop_reason": "tool_use" if USE in content else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }


def answers_of(recorder: Recorder) -> dict[str, Span]:
    """Return the spans of a batch's answers by their ``custom_id``."""
    spans = [span for span in recorder.spans if span.name == "ChatAnthropic"]
    return {json.loads(span.inputs or b"{}")["custom_id"]: span for span in spans}


def test_a_batch_is_recorded_with_its_requests(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """Creating and looking at a batch are calls that cost nothing themselves."""
    request: Any = {"custom_id": "first", "params": {"model": "plain", **ASKED}}
    batch = client.messages.batches.create(requests=[request])
    client.messages.batches.retrieve(batch.id)
    created, looked = recorder.spans
    assert json.loads(created.inputs or b"{}") == {"requests": [request]}
    assert json.loads(created.outputs or b"{}")["processing_status"] == "ended"
    assert json.loads(looked.inputs or b"{}") == {"message_batch_id": "msgbatch_1"}
    assert (created.usage, created.model, created.kind) == (None, None, "chain")


@pytest.mark.parametrize("resource", ["messages", "beta.messages"])
def test_results_are_recorded_as_calls_of_their_own(
    client: anthropic.Anthropic, recorder: Recorder, resource: str
) -> None:
    """Each answer is a model call at the batch's price; failures are errors."""
    messages: Any = client.beta.messages if resource == "beta.messages" else client.messages
    read = [line.custom_id for line in messages.batches.results("msgbatch_1")]
    assert read == ["first", "second", "third", "fourth"]
    answers = answers_of(recorder)
    first = answers["first"]
    assert first.usage is not None
    assert (first.usage.tier, first.usage.input_tokens, first.model) == (
        "batch",
        17,
        "plain-20260101",
    )
    assert (first.kind, first.parent_id, first.trace_id) == ("llm", None, first.span_id)
    assert [answers[key].status for key in read] == ["ok", "error", "ok", "error"]
    assert "max_tokens: too large" in (answers["second"].error or "")
    counts = json.loads(recorder.span("AnthropicBatchResults").outputs or b"{}")["results"]
    assert counts == {"succeeded": 1, "errored": 1, "canceled": 1, "expired": 1}
    assert recorder.stats().internal_errors == 0


def test_results_read_twice_have_the_same_ids(
    client: anthropic.Anthropic, async_client: anthropic.AsyncAnthropic, recorder: Recorder
) -> None:
    """One span is kept for an id, so an answer that is fetched again is paid once."""

    async def again() -> None:
        async with async_client:
            async for _ in await async_client.messages.batches.results("msgbatch_1"):
                pass

    list(client.messages.batches.results("msgbatch_1"))
    asyncio.run(again())
    spans = [span for span in recorder.spans if span.name == "ChatAnthropic"]
    assert len(spans) == 4
    assert [span.name for span in recorder.spans].count("AnthropicBatchResults") == 2


def test_the_tool_runner_is_one_agent_with_turns_and_tools(
    client: anthropic.Anthropic, api: Any, recorder: Recorder
) -> None:
    """The loop is the parent of its model calls and tools; it repeats no tokens."""

    @beta_tool
    def add(a: int, b: int) -> str:
        """Add *a* and *b*."""
        return str(a + b)

    api.answers += [answer(USE), answer(END)]
    runner = client.beta.messages.tool_runner(model="plain", tools=[add], **ASKED)
    assert isinstance(runner, BetaToolRunner)
    final = runner.until_done()
    assert final.content[0].type == "text"
    agent, tool = recorder.span("AnthropicToolRunner"), recorder.span("add")
    turns = [span for span in recorder.spans if span.kind == "llm"]
    assert [span.parent_id for span in (*turns, tool)] == [agent.span_id] * 3
    assert json.loads(tool.inputs or b"{}") == {"a": 1, "b": 2}
    assert json.loads(tool.outputs or b"{}") == {"output": "3"}
    assert (agent.kind, tool.kind, agent.usage) == ("agent", "tool", None)
    assert json.loads(agent.outputs or b"{}")["content"] == [END]
    assert json.loads(agent.inputs or b"{}")["tools"][0]["name"] == "add"
    assert recorder.stats().internal_errors == 0


def test_an_asynchronous_tool_that_fails(
    async_client: anthropic.AsyncAnthropic, api: Any, recorder: Recorder
) -> None:
    """A failing tool is an error on its span; the loop goes on, as the runner does."""

    @beta_async_tool
    async def add(a: int, b: int) -> str:
        """Add *a* and *b*."""
        raise ValueError(f"cannot add {a} and {b}")

    api.answers += [answer(USE), answer(END)]

    async def main() -> Any:
        async with async_client as client:
            return await client.beta.messages.tool_runner(
                model="plain", tools=[add], **ASKED
            ).until_done()

    assert asyncio.run(main()).content[0].text == "It is 3."
    assert "cannot add 1 and 2" in (recorder.span("add").error or "")
    assert recorder.span("AnthropicToolRunner").status == "ok"


def test_a_tool_runner_that_is_closed_early(
    client: anthropic.Anthropic, api: Any, recorder: Recorder
) -> None:
    """Closing the runner between two turns closes its span, marked as incomplete."""

    @beta_tool
    def add(a: int, b: int) -> str:
        """Add *a* and *b*."""
        return str(a + b)

    api.answers += [answer(USE), answer(END)]
    runner = client.beta.messages.tool_runner(model="plain", tools=[add], **ASKED)
    next(runner)
    runner.close()
    assert list(runner) == []
    agent = recorder.span("AnthropicToolRunner")
    assert json.loads(agent.attributes or b"{}") == {"loop_complete": False}


def test_a_loop_that_fails_is_an_error(client: anthropic.Anthropic, recorder: Recorder) -> None:
    """An error of a turn ends the loop, and is recorded on both."""
    runner = client.beta.messages.tool_runner(model="refused", tools=[], **ASKED)
    with pytest.raises(anthropic.RateLimitError):
        runner.until_done()
    assert [span.status for span in recorder.spans] == ["error", "error"]


def test_streamed_turns_belong_to_the_loop(client: anthropic.Anthropic, recorder: Recorder) -> None:
    """With ``stream=True`` each turn is a stream that the caller reads."""
    runner = client.beta.messages.tool_runner(model="plain", tools=[], stream=True, **ASKED)
    for stream in runner:
        assert "".join(stream.text_stream) == "Hello there."
    agent, turn = recorder.span("AnthropicToolRunner"), recorder.span("ChatAnthropic")
    assert turn.parent_id == agent.span_id
    assert json.loads(agent.outputs or b"{}")["content"] == [
        {"type": "text", "text": "Hello there."}
    ]
