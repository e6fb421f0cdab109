"""Every endpoint that ``wrap_openai`` records, with the real client over HTTP to the fake API."""

import asyncio
import inspect
import json
from collections.abc import Callable
from io import BytesIO
from typing import Any, NamedTuple

import openai
import pytest

from evalhub.model import Span, Usage
from evalhub.tracing import wrap_openai
from evalhub.tracing.testing import Recorder

MESSAGES: Any = [{"role": "user", "content": "hi"}]
CHAT_USAGE = Usage(
    10,
    5,
    cache_read_tokens=4,
    reasoning_tokens=2,
    audio_input_tokens=3,
    audio_output_tokens=1,
    tier="flex",
)
RUN_USAGE = Usage(
    10, 5, cache_read_tokens=4, reasoning_tokens=2, audio_input_tokens=3, audio_output_tokens=1
)
RESPONSE_USAGE = Usage(7, 2, cache_read_tokens=3, reasoning_tokens=1)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Assistants


class Case(NamedTuple):
    """A call, and what its span says."""

    call: Callable[[Any], Any]
    name: str
    kind: str
    usage: Usage | None
    output: Any = None
    """Keys that lead to *found* in the outputs."""
    found: Any = None


def _chat(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(model="gpt-x", messages=MESSAGES, **options)


def _image(client: Any, **options: Any) -> Any:
    return client.images.generate(model="image-x", prompt="a cat", **options)


def _transcript(client: Any, **options: Any) -> Any:
    return client.audio.transcriptions.create(
        model="hear-x", file=("a.mp3", BytesIO(b"ID3 sound")), **options
    )


def _run(client: Any, method: str, **options: Any) -> Any:
    return getattr(client.beta.threads.runs, method)(
        thread_id="thread_1", **(options or {"assistant_id": "asst_1"})
    )


_CONTENT = ("choices", 0, "message", "content")
_TEXT = ("output", 0, "content", 0, "text")
_SAID = ("messages", 0, "content", 0, "text", "value")
CASES = {
    "chat": Case(_chat, "ChatOpenAI", "llm", CHAT_USAGE, _CONTENT, '{"n": 1}'),
    "chat stream": Case(
        lambda c: _chat(c, stream=True), "ChatOpenAI", "llm", CHAT_USAGE, _CONTENT, '{"n": 1}'
    ),
    "chat beta": Case(
        lambda c: c.beta.chat.completions.create(model="gpt-x", messages=MESSAGES),
        "ChatOpenAI",
        "llm",
        CHAT_USAGE,
    ),
    "responses": Case(
        lambda c: c.responses.create(model="gpt-x", input="hi"),
        "ChatOpenAI",
        "llm",
        RESPONSE_USAGE,
        _TEXT,
        '{"n": 1}',
    ),
    "responses stream": Case(
        lambda c: c.responses.create(model="gpt-x", input="hi", stream=True),
        "ChatOpenAI",
        "llm",
        RESPONSE_USAGE,
        _TEXT,
        '{"n": 1}',
    ),
    "completions": Case(
        lambda c: c.completions.create(model="gpt-x", prompt="hi"),
        "OpenAI",
        "llm",
        CHAT_USAGE,
        ("choices", 0, "text"),
        "Hello",
    ),
    "completions stream": Case(
        lambda c: c.completions.create(model="gpt-x", prompt="hi", stream=True),
        "OpenAI",
        "llm",
        CHAT_USAGE,
        ("choices", 0, "text"),
        "Hello",
    ),
    "embeddings": Case(
        lambda c: c.embeddings.create(model="embed-x", input=["a", "b"], encoding_format="float"),
        "OpenAIEmbeddings",
        "embedding",
        Usage(6),
        (),
        {
            "object": "list",
            "model": "embed-x",
            "count": 2,
            "dimensions": 8,
            "usage": {"prompt_tokens": 6, "total_tokens": 6},
        },
    ),
    "moderations": Case(
        lambda c: c.moderations.create(input="hi"),
        "OpenAIModeration",
        "guardrail",
        None,
        ("results", 0, "flagged"),
        False,
    ),
    "images": Case(_image, "OpenAIImages", "llm", Usage(5, 20)),
    "images stream": Case(
        lambda c: _image(c, stream=True, partial_images=1),
        "OpenAIImages",
        "llm",
        Usage(5, 20),
        ("drafts",),
        1,
    ),
    "transcription": Case(
        _transcript,
        "OpenAITranscription",
        "llm",
        Usage(8, 3, audio_input_tokens=8),
        ("text",),
        "Hello there.",
    ),
    "transcription stream": Case(
        lambda c: _transcript(c, stream=True),
        "OpenAITranscription",
        "llm",
        Usage(8, 3, audio_input_tokens=8),
        ("text",),
        "Hello there.",
    ),
    "speech": Case(
        lambda c: c.audio.speech.create(model="say-x", input="hi", voice="alloy"),
        "OpenAISpeech",
        "llm",
        None,
        ("bytes",),
        20,
    ),
    "run and poll": Case(
        lambda c: _run(c, "create_and_poll"),
        "OpenAIAssistant",
        "agent",
        RUN_USAGE,
        ("id",),
        "run_1",
    ),
    "poll": Case(
        lambda c: c.beta.threads.runs.poll("run_1", "thread_1"),
        "OpenAIAssistant",
        "agent",
        RUN_USAGE,
        ("status",),
        "completed",
    ),
    "thread, run and poll": Case(
        lambda c: c.beta.threads.create_and_run_poll(assistant_id="asst_1"),
        "OpenAIAssistant",
        "agent",
        RUN_USAGE,
    ),
    "run stream": Case(
        lambda c: _run(c, "create", assistant_id="asst_1", stream=True),
        "OpenAIAssistant",
        "agent",
        RUN_USAGE,
        _SAID,
        "Hello",
    ),
    "run stream helper": Case(
        lambda c: _run(c, "stream"), "OpenAIAssistant", "agent", RUN_USAGE, _SAID, "Hello"
    ),
}


def _outputs(span: Span) -> Any:
    return json.loads(span.outputs or b"null")


def _sync(client: Any, call: Callable[[Any], Any]) -> Any:
    answer = call(client)
    if hasattr(answer, "__enter__") and not hasattr(answer, "__next__"):
        with answer as stream:
            return list(stream)
    return list(answer) if hasattr(answer, "__next__") else answer


async def _async(client: Any, call: Callable[[Any], Any]) -> Any:
    async with client:
        answer = call(client)
        if inspect.isawaitable(answer):
            answer = await answer
        if hasattr(answer, "__aenter__") and not hasattr(answer, "__anext__"):
            async with answer as stream:
                return [event async for event in stream]
        if hasattr(answer, "__anext__"):
            return [event async for event in answer]
        return answer


def _kept(answer: Any) -> Any:
    return answer.content if hasattr(answer, "content") else answer


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_endpoint(recorder: Recorder, fake: Any, case: Case, is_async: bool) -> None:
    """Its span says tokens and answer; the caller gets what an unwrapped client gives."""
    options = {"api_key": "k", "base_url": fake.url, "max_retries": 0}

    def ask(wrap: Callable[[Any], Any]) -> Any:
        if is_async:
            return _kept(asyncio.run(_async(wrap(openai.AsyncOpenAI(**options)), case.call)))
        with wrap(openai.OpenAI(**options)) as client:
            return _kept(_sync(client, case.call))

    assert ask(wrap_openai) == ask(lambda client: client)
    (span,) = recorder.spans
    assert (span.name, span.kind, span.status, span.usage) == (
        case.name,
        case.kind,
        "ok",
        case.usage,
    )
    if case.output is not None:
        found = _outputs(span)
        for key in case.output:
            found = found[key]
        assert found == case.found
    assert recorder.stats().internal_errors == 0
