"""``wrap_openai`` with the real client, over a transport that speaks OpenAI's protocol.

The transport is a fake: it answers what a local model cannot (errors, cached
tokens, tool calls, usage chunks), in the bytes of the real API.
"""

import asyncio
import gc
import json
from collections.abc import Callable
from typing import Any

import httpx2
import openai
import pytest

from evalhub.model import Usage
from evalhub.tracing import get_current_span, traceable, wrap_openai
from evalhub.tracing.testing import Recorder

MESSAGES: Any = [{"role": "user", "content": "hi"}]
USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
TOOL_CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
ANSWER = {
    "id": "r1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-x-1",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {"role": "assistant", "content": "Hello", "tool_calls": [TOOL_CALL]},
        }
    ],
    "usage": USAGE,
}


def chunk(delta: dict[str, Any] | None, finish: str | None = None) -> dict[str, Any]:
    """Return a chunk of a streamed chat completion; without *delta*, the usage chunk."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return {
        "id": "r1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-x-1",
        "choices": choices,
        "usage": USAGE if delta is None else None,
    }


def tool_delta(**function: str) -> dict[str, Any]:
    """Return the next piece of the first tool call."""
    return {"tool_calls": [{"index": 0, "function": function}]}


CALL_DELTA = {"index": 0, "id": "c1", "type": "function", "function": {"name": "add"}}
DELTAS: list[tuple[dict[str, Any], str | None]] = [
    ({"role": "assistant", "content": ""}, None),
    ({"content": "Hel"}, None),
    ({"content": "lo"}, None),
    ({"tool_calls": [CALL_DELTA]}, None),
    (tool_delta(arguments='{"a"'), None),
    (tool_delta(arguments=":1}"), None),
    ({}, "tool_calls"),
]


class Endpoint:
    """A fake of OpenAI's endpoint that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.refuses_stream_options = False

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        """Answer a chat request, streamed or not."""
        body = json.loads(request.content)
        self.asked.append(body)
        if body["model"] == "missing":
            return httpx2.Response(404, json={"error": {"message": "no such model"}})
        if "stream_options" in body and self.refuses_stream_options:
            message = {"error": {"message": "Unknown parameter: 'stream_options'"}}
            return httpx2.Response(400, json=message)
        if request.url.path.endswith("/responses"):
            return _response(body)
        if not body.get("stream"):
            return httpx2.Response(200, json=ANSWER)
        return _sse(_chunks(body))


def _chunks(body: dict[str, Any]) -> list[dict[str, Any]]:
    chunks = [chunk(delta, finish) for delta, finish in DELTAS]
    asked = (body.get("stream_options") or {}).get("include_usage")
    return [*chunks, chunk(None)] if asked else chunks


def _sse(events: list[dict[str, Any]]) -> httpx2.Response:
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    text = "".join([*lines, "data: [DONE]\n\n"])
    return httpx2.Response(200, text=text, headers={"content-type": "text/event-stream"})


def _response(body: dict[str, Any]) -> httpx2.Response:
    content = {"type": "output_text", "text": "Hello", "annotations": []}
    message = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
    usage = {
        "input_tokens": 7,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 2,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 9,
    }
    whole = {
        "id": "resp1",
        "object": "response",
        "created_at": 1,
        "model": "gpt-x-1",
        "status": "completed",
        "output": [{**message, "content": [content]}],
        "usage": usage,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
    }
    if not body.get("stream"):
        return httpx2.Response(200, json=whole)
    place = {"item_id": "m", "output_index": 0, "content_index": 0, "logprobs": []}
    delta = {"type": "response.output_text.delta", "delta": "Hello", "sequence_number": 1, **place}
    end = {"type": "response.completed", "response": whole, "sequence_number": 2}
    return _sse([delta, end])


@pytest.fixture
def endpoint() -> Endpoint:
    """Return a fresh fake endpoint."""
    return Endpoint()


def sync_client(endpoint: Endpoint, *, wrap: bool = True) -> openai.OpenAI:
    """Return a real client that talks to *endpoint*."""
    http = httpx2.Client(transport=httpx2.MockTransport(endpoint))
    client = openai.OpenAI(api_key="k", http_client=http, max_retries=0)
    return wrap_openai(client) if wrap else client


def async_client(endpoint: Endpoint) -> openai.AsyncOpenAI:
    """Return a real asynchronous client that talks to *endpoint*."""
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(endpoint))
    return wrap_openai(openai.AsyncOpenAI(api_key="k", http_client=http, max_retries=0))


def check_chat(recorder: Recorder, *, streamed: bool) -> None:
    """Check the span of a whole chat call."""
    span = recorder.span("ChatOpenAI")
    outputs = json.loads(span.outputs or b"")
    (choice,) = outputs["choices"]
    attributes = json.loads(span.attributes or b"")
    (call,) = choice["message"]["tool_calls"]
    call.pop("index", None)
    assert (span.kind, span.status, span.model) == ("llm", "ok", "gpt-x-1")
    assert span.provider == "openai"
    assert span.usage == Usage(10, 5, cache_read_tokens=4, reasoning_tokens=2)
    assert json.loads(span.inputs or b"")["messages"] == MESSAGES
    assert (choice["message"]["role"], choice["message"]["content"]) == ("assistant", "Hello")
    assert call == TOOL_CALL
    assert attributes["finish_reasons"] == ["tool_calls"]
    assert attributes["ls_invocation_params"]["temperature"] == 0.5
    assert (span.first_token_ns is not None) is streamed


def test_call(recorder: Recorder, endpoint: Endpoint) -> None:
    """A plain call is recorded whole and the answer is the client's own object."""
    answer = sync_client(endpoint).chat.completions.create(
        model="gpt-x", messages=MESSAGES, temperature=0.5
    )
    assert isinstance(answer, openai.types.chat.ChatCompletion)
    check_chat(recorder, streamed=False)


def test_stream(recorder: Recorder, endpoint: Endpoint) -> None:
    """A stream is assembled; usage is asked for and its chunk hidden from the caller."""
    plain, wrapped = (
        list(
            sync_client(endpoint, wrap=wrap).chat.completions.create(
                model="gpt-x", messages=MESSAGES, temperature=0.5, stream=True
            )
        )
        for wrap in (False, True)
    )
    assert wrapped == plain
    options = [body.get("stream_options") for body in endpoint.asked]
    assert options == [None, {"include_usage": True}]
    check_chat(recorder, streamed=True)


def test_usage_chunk_is_shown_to_who_asked_for_it(recorder: Recorder, endpoint: Endpoint) -> None:
    """The caller's own stream options are left alone."""
    client = sync_client(endpoint)
    for include in (True, False):
        chunks = list(
            client.chat.completions.create(
                model="gpt-x",
                messages=MESSAGES,
                stream=True,
                stream_options={"include_usage": include},
            )
        )
        assert any(c.usage for c in chunks) is include
    assert [span.usage is None for span in recorder.spans] == [False, True]


def test_async_call_and_stream(recorder: Recorder, endpoint: Endpoint) -> None:
    """The asynchronous client is recorded in the same way."""

    async def main() -> int:
        client = async_client(endpoint)
        await client.chat.completions.create(model="m", messages=MESSAGES)
        stream = await client.chat.completions.create(
            model="gpt-x", messages=MESSAGES, temperature=0.5, stream=True
        )
        assert isinstance(stream, openai.AsyncStream)
        return len([chunk async for chunk in stream])

    assert asyncio.run(main()) == len(DELTAS)
    first, second = recorder.spans
    assert first.outputs is not None
    assert (second.usage, second.status) == (first.usage, "ok")


def test_error_is_the_clients_own(recorder: Recorder, endpoint: Endpoint) -> None:
    """The caller catches openai's exception; the span has it too."""
    with pytest.raises(openai.NotFoundError, match="no such model"):
        sync_client(endpoint).chat.completions.create(model="missing", messages=MESSAGES)
    span = recorder.span("ChatOpenAI")
    assert (span.status, span.model) == ("error", "missing")
    assert "no such model" in (span.error or "")


def test_endpoint_without_stream_options(recorder: Recorder, endpoint: Endpoint) -> None:
    """A server that refuses our asking for usage is asked again without, and then never more."""
    endpoint.refuses_stream_options = True
    client = sync_client(endpoint)
    for _ in range(2):
        stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        assert len(list(stream)) == len(DELTAS)
    assert ["stream_options" in body for body in endpoint.asked] == [True, False, False]
    assert {span.status for span in recorder.spans} == {"ok"}


@pytest.mark.parametrize("end", ["close", "with", "drop"])
def test_stream_left_early(recorder: Recorder, endpoint: Endpoint, end: str) -> None:
    """A stream that is closed or forgotten is recorded with what had come."""
    client = sync_client(endpoint)
    stream = client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
    assert isinstance(stream, openai.Stream)
    next(stream)
    next(stream)
    if end == "close":
        stream.close()
    elif end == "with":
        with stream:
            pass
    del stream
    gc.collect()
    span = recorder.span("ChatOpenAI")
    assert json.loads(span.outputs or b"")["choices"][0]["message"]["content"] == "Hel"
    assert json.loads(span.attributes or b"")["stream_complete"] is False
    assert span.status == "ok"


def test_async_stream_closed_early(recorder: Recorder, endpoint: Endpoint) -> None:
    """The same for ``async with``."""

    async def main() -> None:
        stream = await async_client(endpoint).chat.completions.create(
            model="m", messages=MESSAGES, stream=True
        )
        async with stream:
            await anext(stream)

    asyncio.run(main())
    assert recorder.span("ChatOpenAI").status == "ok"


def test_call_is_a_child_and_stream_is_not_current(recorder: Recorder, endpoint: Endpoint) -> None:
    """The call hangs below the open span; the consumer of a stream is not below the call."""
    client = sync_client(endpoint)

    @traceable
    def ask() -> None:
        around = get_current_span()
        for _ in client.chat.completions.create(model="m", messages=MESSAGES, stream=True):
            assert get_current_span() is around

    ask()
    assert recorder.span("ChatOpenAI").parent_id == recorder.span("ask").span_id


def _create(client: Any) -> None:
    client.chat.completions.create(model="m", messages=MESSAGES)


@pytest.mark.parametrize(
    "call",
    [
        lambda client: _create(wrap_openai(client)),
        lambda client: _create(client.with_options(timeout=3)),
        lambda client: _create(client.copy().with_options(max_retries=1)),
    ],
)
def test_wrapped_once_and_copies_too(
    recorder: Recorder, endpoint: Endpoint, call: Callable[[Any], None]
) -> None:
    """Wrapping twice records once; copies of a wrapped client are recorded."""
    client = sync_client(endpoint)
    assert type(client) is openai.OpenAI
    call(client)
    assert [span.name for span in recorder.spans] == ["ChatOpenAI"]


def test_raw_response_is_not_read(recorder: Recorder, endpoint: Endpoint) -> None:
    """``with_raw_response`` gives its caller an unread response, and is recorded."""
    raw = sync_client(endpoint).chat.completions.with_raw_response.create(
        model="m", messages=MESSAGES
    )
    assert raw.parse().choices[0].message.content == "Hello"
    assert recorder.span("ChatOpenAI").status == "ok"


def test_responses(recorder: Recorder, endpoint: Endpoint) -> None:
    """``responses.create`` is recorded, streamed or not."""
    client = sync_client(endpoint)
    assert client.responses.create(model="m", input="hi").output_text == "Hello"
    assert len(list(client.responses.create(model="m", input="hi", stream=True))) == 2
    whole, streamed = recorder.spans
    assert whole.usage == streamed.usage == Usage(7, 2, cache_read_tokens=3, reasoning_tokens=1)
    assert (whole.name, json.loads(whole.inputs or b"")["input"]) == ("ChatOpenAI", "hi")
    assert whole.first_token_ns is None
    assert streamed.first_token_ns is not None


def test_keys_and_headers_are_not_recorded(recorder: Recorder, endpoint: Endpoint) -> None:
    """Headers, which may hold keys, stay out of the record."""
    sync_client(endpoint).chat.completions.create(
        model="m", messages=MESSAGES, extra_headers={"x-key": "hush"}, timeout=3
    )
    span = recorder.span("ChatOpenAI")
    assert b"hush" not in (span.inputs or b"") + (span.attributes or b"")
