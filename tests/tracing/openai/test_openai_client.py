"""What a wrapped client does beside plain calls: raw answers, helpers, errors, files, copies."""

import asyncio
import copy
import gc
import json
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import openai
import pydantic
import pytest

from evalhub.errors import ConfigError
from evalhub.model import Span
from evalhub.tracing import wrap_openai
from evalhub.tracing.testing import Recorder

MESSAGES: Any = [{"role": "user", "content": "hi"}]


class Number(pydantic.BaseModel):
    """What an answer is parsed into."""

    n: int


def client_of(fake: Any, **options: Any) -> openai.OpenAI:
    """Return a wrapped client that talks to the fake."""
    plain = openai.OpenAI(**{"api_key": "k", "base_url": fake.url, "max_retries": 0} | options)
    wrapped: openai.OpenAI = wrap_openai(fake.keep(plain))
    return wrapped


def content(span: Span) -> Any:
    """Return the answer's text as it was recorded."""
    return json.loads(span.outputs or b"")["choices"][0]["message"]["content"]


def attributes(span: Span) -> dict[str, Any]:
    """Return the span's metadata."""
    found: dict[str, Any] = json.loads(span.attributes or b"{}")
    return found


def test_raw_response_is_recorded_without_parsing(recorder: Recorder, fake: Any) -> None:
    """What ``with_raw_response`` has read is recorded, and its caller parses it as ever."""
    raw = client_of(fake).chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    span = recorder.span("ChatOpenAI")
    assert content(span) == '{"n": 1}'
    assert span.usage is not None
    assert attributes(span)["request_id"] == "req_1"
    assert raw.parse().choices[0].message.content == '{"n": 1}'


def test_views_made_before_wrapping_are_recorded(recorder: Recorder, fake: Any) -> None:
    """``with_raw_response`` is recorded even if it had been used before the client was wrapped."""
    client = fake.keep(openai.OpenAI(api_key="k", base_url=fake.url))
    assert client.with_raw_response.chat.completions is not None
    assert client.chat.completions.with_raw_response is not None
    wrap_openai(client)
    client.with_raw_response.chat.completions.create(model="m", messages=MESSAGES)
    client.chat.completions.with_raw_response.create(model="m", messages=MESSAGES)
    assert len(recorder.spans) == 2


def test_raw_stream_is_recorded_when_it_is_read(recorder: Recorder, fake: Any) -> None:
    """A stream parsed from a raw response is recorded; no usage is asked for or hidden."""
    raw = client_of(fake).chat.completions.with_raw_response.create(
        model="m", messages=MESSAGES, stream=True
    )
    assert len(list(raw.parse())) == 7
    assert content(recorder.span("ChatOpenAI")) == '{"n": 1}'
    assert "stream_options" not in fake.asked[0][1]


def test_only_a_stream_that_was_left_early_is_called_incomplete(
    recorder: Recorder, fake: Any
) -> None:
    """The package closes the response once more after its end, which is not leaving early."""
    completions = client_of(fake).chat.completions
    assert len(list(completions.create(model="m", messages=MESSAGES, stream=True))) > 1
    stream = completions.create(model="m", messages=MESSAGES, stream=True)
    next(stream)
    stream.close()
    whole, left = map(attributes, recorder.spans)
    assert "stream_complete" not in whole
    assert left["stream_complete"] is False


@pytest.mark.parametrize("reads", ["parse", "json", "iter_lines", None])
def test_streaming_response(recorder: Recorder, fake: Any, reads: str | None) -> None:
    """``with_streaming_response``: the body is the caller's to read, and recorded if he kept it."""
    streaming = client_of(fake).chat.completions.with_streaming_response
    with streaming.create(model="m", messages=MESSAGES) as response:
        if reads == "iter_lines":
            assert len("".join(response.iter_lines())) > 100
        elif reads:
            assert getattr(response, reads)()
    span = recorder.span("ChatOpenAI")
    if reads in {"parse", "json"}:
        assert content(span) == '{"n": 1}'
    else:
        assert attributes(span)["body_recorded"] is False


def test_async_streaming_response(recorder: Recorder, fake: Any) -> None:
    """The same for the asynchronous client."""

    async def main() -> None:
        async with wrap_openai(openai.AsyncOpenAI(api_key="k", base_url=fake.url)) as client:
            streaming = client.chat.completions.with_streaming_response
            async with streaming.create(model="m", messages=MESSAGES) as response:
                await response.parse()
            async with streaming.create(model="m", messages=MESSAGES, stream=True) as response:
                assert len([chunk async for chunk in await response.parse()]) == 7

    asyncio.run(main())
    assert [content(span) for span in recorder.spans] == ['{"n": 1}'] * 2


def test_stream_helper(recorder: Recorder, fake: Any) -> None:
    """``chat.completions.stream`` gives its events and final completion, without our usage."""
    with client_of(fake).chat.completions.stream(
        model="m", messages=MESSAGES, response_format=Number
    ) as stream:
        kinds = [event.type for event in stream]
        final = stream.get_final_completion()
    assert "content.done" in kinds
    assert (final.usage, final.choices[0].message.parsed) == (None, Number(n=1))
    span = recorder.span("ChatOpenAI")
    assert (content(span), span.usage is None) == ('{"n": 1}', False)
    assert "Number" in (span.inputs or b"").decode()


def test_stream_helper_left_early(recorder: Recorder, fake: Any) -> None:
    """Its span is closed when the block is left, not when the stream is collected."""
    gc.disable()
    try:
        with client_of(fake).chat.completions.stream(model="m", messages=MESSAGES) as stream:
            next(stream)
        span = recorder.span("ChatOpenAI")
    finally:
        gc.enable()
    assert attributes(span)["stream_complete"] is False


def test_responses_helper(recorder: Recorder, fake: Any) -> None:
    """``responses.stream`` and ``responses.parse`` are recorded."""
    client = client_of(fake)
    with client.responses.stream(model="m", input="hi", text_format=Number) as stream:
        assert stream.get_final_response().output_parsed == Number(n=1)
    parsed = client.responses.parse(model="m", input="hi", text_format=Number)
    assert parsed.output_parsed == Number(n=1)
    streamed, whole = recorder.spans
    assert streamed.usage == whole.usage
    assert (streamed.first_token_ns is None, whole.first_token_ns is None) == (False, True)


def test_hidden_usage_leaves_no_trace(recorder: Recorder, fake: Any) -> None:
    """The chunks are the same to the letter as those of an unwrapped client."""
    plain = fake.keep(openai.OpenAI(api_key="k", base_url=fake.url))
    seen = [
        [
            chunk.to_json()
            for chunk in client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
        ]
        for client in (plain, client_of(fake))
    ]
    assert seen[0] == seen[1]
    assert recorder.span("ChatOpenAI").usage is not None


def test_usage_asked_for_in_the_body_is_shown(recorder: Recorder, fake: Any) -> None:
    """Usage asked for by ``extra_body`` is the caller's own question."""
    chunks = client_of(fake).chat.completions.create(
        model="m",
        messages=MESSAGES,
        stream=True,
        extra_body={"stream_options": {"include_usage": True}},
    )
    assert [chunk.usage is not None for chunk in chunks].count(True) == 1


def test_error_in_mid_stream(recorder: Recorder, fake: Any) -> None:
    """What had come is recorded with the error."""
    stream = client_of(fake).chat.completions.create(model="breaks", messages=MESSAGES, stream=True)
    with pytest.raises(openai.APIError, match="had an error"):
        list(stream)
    span = recorder.span("ChatOpenAI")
    assert (span.status, content(span)) == ("error", '{"n": 1}')
    assert attributes(span)["error_type"] == "server_error"


def test_refusal_names_status_and_request(recorder: Recorder, fake: Any) -> None:
    """A provider's error is recorded with its status and the id of the request."""
    with pytest.raises(openai.NotFoundError):
        client_of(fake).chat.completions.create(model="missing", messages=MESSAGES)
    said = attributes(recorder.span("ChatOpenAI"))
    assert (said["status_code"], said["request_id"]) == (404, "req_1")


def test_retries_are_one_span(recorder: Recorder, fake: Any) -> None:
    """The client's own retries after 429 are inside the span."""
    fake.refusals = 2
    client_of(fake, max_retries=2).chat.completions.create(model="m", messages=MESSAGES)
    assert (len(fake.asked), recorder.span("ChatOpenAI").status) == (3, "ok")


def test_answer_that_is_too_short_to_parse(recorder: Recorder, fake: Any) -> None:
    """The answer that ``parse`` gives up is recorded with its tokens, beside the error."""
    with pytest.raises(openai.LengthFinishReasonError):
        client_of(fake).chat.completions.parse(
            model="short", messages=MESSAGES, response_format=Number
        )
    span = recorder.span("ChatOpenAI")
    assert (span.status, content(span), span.usage is None) == ("error", '{"n": 1}', False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # openai's __del__
def test_client_stays_what_it_was(recorder: Recorder, fake: Any) -> None:
    """Class, copies and what cannot be done with a client are as before."""
    plain, client = fake.keep(openai.OpenAI(api_key="k", base_url=fake.url)), client_of(fake)
    assert type(client) is openai.OpenAI
    assert type(client.chat) is type(plain.chat)
    copy.copy(client).chat.completions.create(model="m", messages=MESSAGES)
    assert len(recorder.spans) == 1
    for act in (pickle.dumps, copy.deepcopy):
        assert _refusal(act, client) == _refusal(act, plain)


def _refusal(act: Callable[[Any], Any], value: Any) -> type[BaseException] | None:
    try:
        act(value)
    except (TypeError, AttributeError, pickle.PicklingError) as error:
        return type(error)
    return None


def test_azure(recorder: Recorder, fake: Any) -> None:
    """Azure's client is told apart, by LangSmith's names."""
    plain = openai.AzureOpenAI(
        api_key="k", api_version="2024-10-21", azure_endpoint=fake.url.removesuffix("/v1")
    )
    client = wrap_openai(fake.keep(plain))
    client.chat.completions.create(model="gpt-x", messages=MESSAGES)
    span = recorder.span("AzureChatOpenAI")
    assert (span.provider, attributes(span)["ls_provider"]) == ("azure", "azure")


def test_tracing_extra(recorder: Recorder, fake: Any) -> None:
    """LangSmith's ``tracing_extra`` and names are taken, and our own keywords beside them."""
    extra = {"metadata": {"a": 1, "ls_invocation_params": {"b": 2}}, "tags": ["t"]}
    client = wrap_openai(
        fake.keep(openai.OpenAI(api_key="k", base_url=fake.url)),
        tracing_extra=extra,
        chat_name="Ask",
        metadata={"c": 3},
        tags=["u"],
    )
    client.chat.completions.create(model="m", messages=MESSAGES, temperature=0.5, stop="x")
    span = recorder.span("Ask")
    said = attributes(span)
    assert span.tags == ("t", "u")
    assert (said["a"], said["c"], said["ls_stop"], said["ls_temperature"]) == (1, 3, ["x"], 0.5)
    assert said["ls_invocation_params"] == {"b": 2, "temperature": 0.5, "stop": "x"}


def test_what_is_no_client_is_refused() -> None:
    """The message says what was given."""
    with pytest.raises(ConfigError, match="not dict"):
        wrap_openai({})


def test_wrapping_imports_no_assistants() -> None:
    """Wrapping leaves the half second that ``client.beta`` takes to whom uses it."""
    code = (
        "import sys, openai, evalhub.tracing as t;"
        "c = t.wrap_openai(openai.OpenAI(api_key='k'));"
        "assert 'openai.resources.beta.beta' not in sys.modules;"
        "assert hasattr(c.beta.threads.runs.poll, '_evalhub_wrapped')"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
