"""``wrap_anthropic`` with the real client: streamed messages, however they are read.

The API at the other end of the HTTP connection is a fake; see ``conftest.py``.
"""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import pytest

from evalhub.model import Span, Usage
from evalhub.tracing import get_current_span, traceable
from evalhub.tracing.testing import Recorder

ASKED: Any = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
Client = anthropic.Anthropic
AsyncClient = anthropic.AsyncAnthropic


def only(recorder: Recorder) -> Span:
    """Return the only span recorded, and see that nothing went wrong."""
    (span,) = recorder.spans
    assert recorder.stats().internal_errors == 0
    return span


def attributes(span: Span) -> dict[str, Any]:
    """Return the metadata of *span*."""
    found: dict[str, Any] = json.loads(span.attributes or b"{}")
    return found


def check_tools_answer(span: Span) -> None:
    """Check all that is recorded of the streamed answer of the model called "tools"."""
    outputs = json.loads(span.outputs or b"{}")
    thinking, text, tool = outputs["content"]
    assert thinking == {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}
    assert text == {"type": "text", "text": "Hello there."}
    assert tool == {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": [2]}}
    assert outputs["tool_calls"][0]["function"]["name"] == "add"
    assert outputs["stop_reason"] == "tool_use"
    assert span.usage == Usage(17, 5, 4, 3, reasoning_tokens=2)
    assert span.model == "tools-20260101"
    assert span.first_token_ns is not None
    assert span.start_ns < span.first_token_ns < span.end_ns
    said = attributes(span)
    assert (said["finish_reasons"], said["stream_complete"]) == (["tool_use"], True)
    assert said["request_id"] == "req_1"


def by_events(client: Client) -> None:
    """Read ``create(stream=True)``."""
    for _ in client.messages.create(model="tools", stream=True, **ASKED):
        pass


def by_beta_events(client: Client) -> None:
    """Read the beta's ``create(stream=True)``."""
    with client.beta.messages.create(model="tools", stream=True, **ASKED) as events:
        assert next(events).type == "message_start"
        assert len(list(events)) > 10


def by_text(client: Client) -> None:
    """Read the helper's ``text_stream``."""
    with client.messages.stream(model="tools", **ASKED) as stream:
        assert "".join(stream.text_stream) == "Hello there."


def by_helper_events(client: Client) -> None:
    """Read the helper's events."""
    with client.messages.stream(model="tools", **ASKED) as stream:
        kinds = {event.type for event in stream}
    assert {"text", "thinking", "input_json", "message_stop"} <= kinds


def by_final_message(client: Client) -> None:
    """Ask the beta's helper for the whole message."""
    with client.beta.messages.stream(model="tools", **ASKED) as stream:
        assert stream.get_final_message().content[1].type == "text"
        assert stream.request_id == "req_1"


def by_raw_answer(client: Client) -> None:
    """Parse a raw answer into its stream."""
    raw = client.messages.with_raw_response.create(model="tools", stream=True, **ASKED)
    assert raw.headers["request-id"] == "req_1"
    for _ in raw.parse():
        pass


def by_streamed_body(client: Client) -> None:
    """Parse a body that is not read yet into its stream."""
    view = client.messages.with_streaming_response
    with view.create(model="tools", stream=True, **ASKED) as answer:
        for _ in answer.parse():
            pass


@pytest.mark.parametrize(
    "read",
    [
        by_events,
        by_beta_events,
        by_text,
        by_helper_events,
        by_final_message,
        by_raw_answer,
        by_streamed_body,
    ],
)
def test_a_stream_is_recorded_like_a_whole_message(
    client: Client, recorder: Recorder, read: Callable[[Client], None]
) -> None:
    """However the caller reads it, the joined message, tokens and times are recorded."""
    read(client)
    check_tools_answer(only(recorder))


async def async_events(client: AsyncClient) -> None:
    """Read ``create(stream=True)``."""
    async for _ in await client.messages.create(model="tools", stream=True, **ASKED):
        pass


async def async_text(client: AsyncClient) -> None:
    """Read the helper's ``text_stream``."""
    async with client.messages.stream(model="tools", **ASKED) as stream:
        assert [text async for text in stream.text_stream] == ["Hell", "o there."]


async def async_final_message(client: AsyncClient) -> None:
    """Ask the beta's helper for the whole message."""
    async with client.beta.messages.stream(model="tools", **ASKED) as stream:
        assert (await stream.get_final_message()).stop_reason == "tool_use"


async def async_raw_answer(client: AsyncClient) -> None:
    """Parse a raw answer into its stream."""
    raw = await client.messages.with_raw_response.create(model="tools", stream=True, **ASKED)
    async for _ in await raw.parse():
        pass


@pytest.mark.parametrize("read", [async_events, async_text, async_final_message, async_raw_answer])
def test_an_asynchronous_stream_is_recorded_like_a_whole_message(
    async_client: AsyncClient, recorder: Recorder, read: Callable[[AsyncClient], Any]
) -> None:
    """The asynchronous client's streams are recorded as the synchronous one's."""

    async def main() -> None:
        async with async_client as client:
            await read(client)

    asyncio.run(main())
    check_tools_answer(only(recorder))


@pytest.mark.parametrize("model", ["plain", "tools", "cited"])
def test_the_caller_sees_the_very_events_of_a_bare_client(
    client: Client, api: Any, recorder: Recorder, model: str
) -> None:
    """Each event, in its order and of its class, is what it is without us."""

    def read(asked: Client) -> Iterator[Any]:
        with asked.messages.stream(model=model, **ASKED) as stream:
            assert type(stream) is anthropic.MessageStream
            yield from stream
        yield from asked.messages.create(model=model, stream=True, **ASKED)

    with anthropic.Anthropic(api_key="k", base_url=api.url) as bare:
        expected = list(read(bare))
    assert list(read(client)) == expected
    assert len(recorder.spans) == 2


def test_citations_are_recorded(client: Client, recorder: Recorder) -> None:
    """Citations come in events of their own and are put back into their block."""
    list(client.messages.create(model="cited", stream=True, **ASKED))
    (block,) = json.loads(only(recorder).outputs or b"{}")["content"]
    assert block["text"] == "Hello there."
    assert block["citations"][0]["cited_text"] == "Hello"


def test_an_error_in_the_middle_is_recorded_with_what_had_come(
    client: Client, recorder: Recorder
) -> None:
    """An ``error`` event raises in the caller, and the text before it is recorded."""
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(client.messages.create(model="overloaded", stream=True, **ASKED))
    span = only(recorder)
    assert span.status == "error"
    assert json.loads(span.outputs or b"{}")["content"][0]["text"] == "Hello there."
    assert attributes(span)["error_type"] == "overloaded_error"
    assert attributes(span)["stream_complete"] is False


def test_an_error_in_the_middle_of_an_asynchronous_helper(
    async_client: AsyncClient, recorder: Recorder
) -> None:
    """The asynchronous helper raises it too, and it is recorded."""

    async def main() -> None:
        async with async_client as client, client.messages.stream(model="overloaded", **ASKED) as s:
            await s.until_done()

    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        asyncio.run(main())
    assert only(recorder).status == "error"


def test_a_stream_that_the_server_cuts_is_marked(client: Client, recorder: Recorder) -> None:
    """Without ``message_stop`` the caller sees no error; the record says it is incomplete."""
    list(client.messages.create(model="cut", stream=True, **ASKED))
    span = only(recorder)
    assert (span.status, attributes(span)["stream_complete"]) == ("ok", False)


def test_a_refused_stream_is_recorded(client: Client, recorder: Recorder) -> None:
    """The error comes where the request is sent: when the helper is entered."""
    manager = client.messages.stream(model="refused", **ASKED)
    assert recorder.spans == []
    with pytest.raises(anthropic.RateLimitError), manager:
        pass
    assert attributes(only(recorder))["status_code"] == 429


@pytest.mark.parametrize("helper", [True, False])
def test_a_stream_that_is_left_early_is_recorded(
    client: Client, recorder: Recorder, *, helper: bool
) -> None:
    """What had come when the caller left is recorded, and marked as incomplete."""
    if helper:
        with client.messages.stream(model="plain", **ASKED) as stream:
            assert next(stream.text_stream) == "Hell"
    else:
        with client.messages.create(model="plain", stream=True, **ASKED) as events:
            for event in events:
                if event.type == "content_block_delta":
                    break
    span = only(recorder)
    assert json.loads(span.outputs or b"{}")["content"][0]["text"] == "Hell"
    assert attributes(span)["stream_complete"] is False


def test_a_forgotten_stream_is_recorded_when_it_is_collected(
    client: Client, recorder: Recorder
) -> None:
    """A stream that nobody reads to its end or closes is recorded with what had come."""
    next(client.messages.create(model="plain", stream=True, **ASKED))
    gc.collect()
    assert attributes(only(recorder))["stream_complete"] is False


def test_managers_that_are_never_entered_send_and_record_nothing(
    client: Client, async_client: AsyncClient, api: Any, recorder: Recorder
) -> None:
    """Making a helper is no call; only the package's own coroutine may complain."""
    client.messages.stream(model="plain", **ASKED)

    async def main() -> None:
        async with async_client:
            manager = async_client.messages.stream(model="plain", **ASKED)
            async with manager as stream:
                await stream.until_done()

    asyncio.run(main())
    assert len(api.asked) == 1
    assert len(recorder.spans) == 1


def test_between_chunks_the_stream_is_not_current(client: Client, recorder: Recorder) -> None:
    """What the caller traces between chunks is its own child, not the model call's."""

    @traceable
    def look() -> None: ...

    @traceable
    def ask() -> None:
        with client.messages.stream(model="plain", **ASKED) as stream:
            for _ in stream.text_stream:
                look()
        assert get_current_span() is not None

    ask()
    parent = recorder.span("ask").span_id
    assert [span.parent_id for span in recorder.spans if span.name != "ask"] == [parent] * 3
