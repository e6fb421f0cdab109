"""``wrap_anthropic`` with the real client: whole messages, their errors, raw answers.

The API at the other end of the HTTP connection is a fake; see ``conftest.py``.
"""

import asyncio
import base64
import copy
import json
from typing import Any

import anthropic
import pydantic
import pytest

from evalhub.errors import ConfigError
from evalhub.model import Span, Usage
from evalhub.tracing import get_current_span, traceable, tracing_context
from evalhub.tracing.testing import Recorder
from evalhub.tracing.wrappers.anthropic import wrap_anthropic

ASKED: Any = {"max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


class Colour(pydantic.BaseModel):
    """What the model is asked to say."""

    colour: str


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
    """Check all that is recorded of the answer of the model called "tools"."""
    outputs = json.loads(span.outputs or b"{}")
    assert [block["type"] for block in outputs["content"]] == ["thinking", "text", "tool_use"]
    assert outputs["content"][0]["thinking"] == "Let me see."
    assert outputs["content"][0]["signature"] == "c2lnbmVk"
    assert outputs["content"][1]["text"] == "Hello there."
    assert outputs["content"][2]["input"] == {"a": 1, "b": [2]}
    call = outputs["tool_calls"][0]
    assert call["function"] == {"name": "add", "arguments": '{"a":1,"b":[2]}'}
    assert (span.kind, span.model, span.provider) == ("llm", "tools-20260101", "anthropic")
    # Anthropic's cached tokens are not inside its input_tokens: 10 + 4 + 3.
    assert span.usage == Usage(17, 5, 4, 3, reasoning_tokens=2)
    said = attributes(span)
    assert said["finish_reasons"] == ["tool_use"]
    assert said["response_id"] == "msg_1"
    assert said["request_id"] == "req_1"


@pytest.mark.parametrize("resource", ["messages", "beta.messages"])
def test_a_message_is_recorded_whole(
    client: anthropic.Anthropic, recorder: Recorder, resource: str
) -> None:
    """Content blocks, thinking, tool calls, tokens and the reason of the end are recorded."""
    messages: Any = client.beta.messages if resource == "beta.messages" else client.messages
    answer = messages.create(model="tools", **ASKED)
    assert answer.content[1].text == "Hello there."
    check_tools_answer(only(recorder))


@pytest.mark.parametrize("resource", ["messages", "beta.messages"])
def test_an_asynchronous_message_is_recorded_whole(
    async_client: anthropic.AsyncAnthropic, recorder: Recorder, resource: str
) -> None:
    """The asynchronous client's calls are recorded as the synchronous one's."""

    async def ask() -> Any:
        async with async_client as client:
            messages: Any = client.beta.messages if resource == "beta.messages" else client.messages
            return await messages.create(model="tools", **ASKED)

    assert asyncio.run(ask()).stop_reason == "tool_use"
    check_tools_answer(only(recorder))


def test_the_request_is_recorded_as_it_was(client: anthropic.Anthropic, recorder: Recorder) -> None:
    """The system prompt is the first message; parameters are named as LangSmith names them."""
    messages: Any = [{"role": "user", "content": "hi"}]
    client.messages.create(
        model="plain",
        max_tokens=9,
        messages=messages,
        system="be brief",
        stop_sequences=["END"],
        service_tier="auto",
        thinking={"type": "adaptive"},
        extra_headers={"x-secret": "s3cret"},
        timeout=20,
    )
    messages.append("changed afterwards")
    span = only(recorder)
    inputs = json.loads(span.inputs or b"{}")
    assert inputs["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hi"},
    ]
    assert "system" not in inputs
    assert b"s3cret" not in (span.inputs or b"") + (span.attributes or b"")
    assert attributes(span) | {
        "ls_provider": "anthropic",
        "ls_model_type": "chat",
        "ls_model_name": "plain",
        "ls_max_tokens": 9,
        "ls_stop": ["END"],
        "ls_invocation_params": {"service_tier": "auto", "thinking": {"type": "adaptive"}},
    } == attributes(span)


def test_keys_of_mcp_servers_are_not_recorded(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """Of an MCP server its name and address are recorded, and that it had a token."""
    server: Any = {"type": "url", "name": "s", "url": "http://mcp", "authorization_token": "t0k"}
    client.beta.messages.create(model="plain", mcp_servers=[server], **ASKED)
    assert server["authorization_token"] == "t0k"
    recorded = json.loads(only(recorder).inputs or b"{}")["mcp_servers"]
    assert recorded == [{**server, "authorization_token": "[SECRET_DETECTED]"}]


def test_images_and_documents_become_attachments(
    client: anthropic.Anthropic, api: Any, recorder: Recorder
) -> None:
    """Base64 leaves the recorded JSON and is kept as bytes; the API gets what it was sent."""
    image, pdf = b"\x89PNG\r\n\x1a\n" + bytes(5_000), b"%PDF-1.7" + bytes(2_000_000)
    blocks: Any = [
        {"type": kind, "source": {"type": "base64", "media_type": media, "data": _text(data)}}
        for kind, media, data in (
            ("image", "image/png", image),
            ("document", "application/pdf", pdf),
        )
    ]
    client.messages.create(
        model="plain", max_tokens=9, messages=[{"role": "user", "content": blocks}]
    )
    span = only(recorder)
    assert [attachment.data for attachment in span.attachments] == [image, pdf]
    assert [a.mime_type for a in span.attachments] == ["image/png", "application/pdf"]
    assert len(span.inputs or b"") < 1_000
    assert api.asked[0]["messages"][0]["content"] == blocks


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_parsed_answers_are_recorded(client: anthropic.Anthropic, recorder: Recorder) -> None:
    """``parse`` gives the caller's class, and records the message with what was parsed."""
    answer = client.messages.parse(model="json", output_format=Colour, **ASKED)
    assert answer.parsed_output == Colour(colour="red")
    beta = client.beta.messages.parse(model="json", output_format=Colour, **ASKED)
    assert beta.parsed_output == Colour(colour="red")
    for span in recorder.spans:
        assert json.loads(span.outputs or b"{}")["content"][0]["text"] == '{"colour": "red"}'


def test_a_refused_call_is_recorded_with_what_the_provider_said(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """The error reaches the caller; status, type and request id are recorded."""
    with pytest.raises(anthropic.RateLimitError):
        client.messages.create(model="refused", **ASKED)
    span = only(recorder)
    assert (span.status, span.outputs) == ("error", None)
    assert (span.error or "").startswith("RateLimitError(")
    said = attributes(span)
    assert said["status_code"] == 429
    assert said["error_type"] == "rate_limit_error"
    assert said["request_id"] == "req_1"


def test_an_asynchronous_call_that_is_refused(
    async_client: anthropic.AsyncAnthropic, recorder: Recorder
) -> None:
    """The asynchronous client's errors are recorded and raised as they were."""

    async def ask() -> None:
        async with async_client as client:
            await client.messages.create(model="missing", **ASKED)

    with pytest.raises(anthropic.NotFoundError):
        asyncio.run(ask())
    assert attributes(only(recorder))["error_type"] == "not_found_error"


def test_arguments_that_do_not_fit_raise_as_before(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """A missing argument is the package's own TypeError."""
    with pytest.raises(TypeError, match="Missing required arguments"):
        client.messages.create(model="plain", max_tokens=5)  # type: ignore[call-overload]  # wrong on purpose
    assert only(recorder).status == "error"


def test_calls_are_children_of_what_surrounds_them(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """A traced function is the parent; after the call it is current again."""

    @traceable
    def ask() -> bool:
        before = get_current_span()
        client.messages.create(model="plain", **ASKED)
        return before is get_current_span()

    assert ask()
    assert recorder.span("ChatAnthropic").parent_id == recorder.span("ask").span_id


def test_a_raw_answer_is_recorded_and_left_alone(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """``with_raw_response`` gives headers and body as ever, also if it was asked for before."""
    raw = client.messages.with_raw_response.create(model="tools", **ASKED)
    assert raw.headers["request-id"] == "req_1"
    assert raw.parse() is raw.parse()
    check_tools_answer(only(recorder))


def test_raw_views_made_before_wrapping_are_made_again(
    bare: anthropic.Anthropic, recorder: Recorder
) -> None:
    """A view keeps the methods it was made from, so wrapping lets it be made anew."""
    assert bare.messages.with_raw_response is not None
    assert bare.with_raw_response.messages is not None
    client = wrap_anthropic(bare)
    client.messages.with_raw_response.create(model="plain", **ASKED)
    client.with_raw_response.messages.create(model="plain", **ASKED)
    assert len(recorder.spans) == 2


@pytest.mark.parametrize("reader", ["parse", "json", "read", "text"])
def test_a_streamed_body_is_recorded_when_the_caller_has_read_it(
    client: anthropic.Anthropic, recorder: Recorder, reader: str
) -> None:
    """``with_streaming_response`` is recorded by what the caller reads, however it reads."""
    with client.messages.with_streaming_response.create(model="tools", **ASKED) as answer:
        assert recorder.spans == []
        getattr(answer, reader)()
    check_tools_answer(only(recorder))


def test_an_asynchronous_streamed_body(
    async_client: anthropic.AsyncAnthropic, recorder: Recorder
) -> None:
    """The asynchronous view is recorded the same."""

    async def ask() -> None:
        async with async_client as client:
            view = client.messages.with_streaming_response
            async with view.create(model="tools", **ASKED) as answer:
                await answer.parse()
            raw = await client.messages.with_raw_response.create(model="tools", **ASKED)
            await raw.parse()

    asyncio.run(ask())
    for span in recorder.spans:
        check_tools_answer(span)
    assert len(recorder.spans) == 2


def test_a_body_taken_as_bytes_is_not_read_for_us(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """Bytes that the caller takes as they come are its own; the call is recorded without them."""
    with client.messages.with_streaming_response.create(model="plain", **ASKED) as answer:
        assert json.loads(b"".join(answer.iter_bytes()))["id"] == "msg_1"
    span = only(recorder)
    assert span.outputs is None
    assert attributes(span)["body"] == "read by the caller as it came"


def test_counting_tokens_is_recorded_and_costs_nothing(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """A token count is recorded without usage: nothing was used."""
    assert (
        client.messages.count_tokens(model="plain", messages=ASKED["messages"]).input_tokens == 17
    )
    span = only(recorder)
    assert (span.name, span.kind, span.usage) == ("AnthropicCountTokens", "chain", None)
    assert json.loads(span.outputs or b"{}") == {"input_tokens": 17}


def test_the_client_stays_the_client(client: anthropic.Anthropic, recorder: Recorder) -> None:
    """It is the same object; its copies are wrapped; wrapping again does nothing more."""
    assert type(client) is anthropic.Anthropic
    assert wrap_anthropic(client) is client
    for other in (client, client.copy(), client.with_options(timeout=30), copy.copy(client)):
        assert type(other) is anthropic.Anthropic
        other.messages.create(model="plain", **ASKED)
    assert len(recorder.spans) == 4
    assert client.messages.create.__name__ == "create"


def test_names_tags_and_metadata(bare: anthropic.Anthropic, recorder: Recorder) -> None:
    """LangSmith's ``tracing_extra`` and our own keywords both say what every span carries."""
    client: Any = wrap_anthropic(
        bare,
        tracing_extra={"metadata": {"team": "a", "ls_invocation_params": {"x": 1}}, "tags": ["t"]},
        metadata={"place": "b"},
        tags=["u"],
        name="Asker",
    )
    extra = {"metadata": {"call": 1, "thread_id": "th", "user_id": "us"}, "tags": ["v"]}
    client.with_options(timeout=9).messages.create(model="plain", langsmith_extra=extra, **ASKED)
    span = only(recorder)
    assert (span.name, span.tags) == ("Asker", ("t", "u", "v"))
    said = attributes(span)
    assert (said["team"], said["place"], said["call"]) == ("a", "b", 1)
    assert (span.session_id, span.user_id) == ("th", "us")
    assert said["ls_invocation_params"] == {"x": 1}


def test_other_platforms_clients_are_recorded(api: Any, recorder: Recorder) -> None:
    """Vertex's client is recorded, with the platform as the provider."""
    client = wrap_anthropic(
        anthropic.AnthropicVertex(
            region="r", project_id="p", access_token="t", base_url=api.url, max_retries=0
        )
    )
    with client:
        client.messages.create(model="plain", **ASKED)
    assert only(recorder).provider == "gcp.vertex_ai"


def test_nothing_is_recorded_where_tracing_is_off(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """Calls, helpers and tool loops do what they do, and leave no record."""
    with tracing_context(enabled=False):
        client.messages.create(model="plain", **ASKED)
        with client.messages.stream(model="plain", **ASKED) as stream:
            assert stream.get_final_text() == "Hello there."
        client.beta.messages.tool_runner(model="plain", tools=[], **ASKED).until_done()
        assert len(list(client.messages.batches.results("msgbatch_1"))) == 4
    assert recorder.spans == []


def test_a_conversation_may_hold_the_packages_own_objects(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """What a program sends back as it got it is recorded as what the API is sent."""
    first = client.messages.create(model="tools", **ASKED)
    said: Any = [*ASKED["messages"], {"role": "assistant", "content": first.content}]
    client.messages.create(model="plain", max_tokens=9, messages=said)
    sent = json.loads(recorder.spans[1].inputs or b"{}")["messages"][1]["content"]
    assert [block["type"] for block in sent] == ["thinking", "text", "tool_use"]
    assert sent[2]["input"] == {"a": 1, "b": [2]}


def test_a_failure_of_ours_does_not_reach_the_program(
    client: anthropic.Anthropic, recorder: Recorder
) -> None:
    """A value that cannot be looked at is the caller's affair and the API's, not ours."""

    class Hostile(list[Any]):
        def __iter__(self) -> Any:
            raise ZeroDivisionError("do not look")

    with pytest.raises(ZeroDivisionError) as raised:
        client.messages.create(model="plain", max_tokens=9, messages=Hostile())
    assert "anthropic/" in str(raised.traceback[-2].path)
    assert len(recorder.spans) == 1


def test_what_is_no_client_is_refused() -> None:
    """The error names what was given and what to give."""
    with pytest.raises(ConfigError, match=r"not str; wrap anthropic\.Anthropic\(\)"):
        wrap_anthropic("client")
