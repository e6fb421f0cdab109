"""Model calls of LlamaIndex: questions, answers, tokens, streams, and failures."""

import gc
import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    CompletionResponseGen,
    ImageBlock,
    LLMMetadata,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.llms import CustomLLM
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback

from evalhub.model import Usage
from evalhub.tracing import configure
from evalhub.tracing.active import ActiveSpan
from evalhub.tracing.integrations.llamaindex import instrument_llamaindex, uninstrument_llamaindex
from evalhub.tracing.testing import Recorder


@pytest.fixture(autouse=True)
def _instrumented() -> Iterator[None]:
    instrument_llamaindex()
    instrument_llamaindex()
    yield
    uninstrument_llamaindex()


def _json(payload: bytes | None) -> Any:
    return json.loads(payload or b"null")


class Counting(CustomLLM):
    """A model that answers as the OpenAI client's objects do, and may break (a fake)."""

    breaks: bool = False

    @property
    def metadata(self) -> LLMMetadata:
        """Describe the model."""
        return LLMMetadata(model_name="big-1")

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Answer with a count of tokens."""
        usage = {"prompt_tokens": 9, "completion_tokens": 4}
        details = {"prompt_tokens_details": {"cached_tokens": 3}}
        raw = {"model": "big-1-2026", "usage": {**usage, **details}}
        call = ToolCallBlock(tool_call_id="c1", tool_name="find", tool_kwargs={"q": "x"})
        said = ChatMessage(role="assistant", blocks=[TextBlock(text="ok"), call])
        return ChatResponse(message=said, raw=raw)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Answer with Anthropic's count of tokens."""
        usage = {"input_tokens": 2, "output_tokens": 1, "cache_read_input_tokens": 5}
        return CompletionResponse(text="ok", raw={"usage": usage})

    @llm_completion_callback()
    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        """Answer in two pieces."""

        def pieces() -> CompletionResponseGen:
            yield CompletionResponse(text="", delta="")
            yield CompletionResponse(text="half", delta="half")
            if self.breaks:
                raise ConnectionError("gone")
            yield CompletionResponse(text="half done", delta=" done")

        return pieces()


def test_chat_model(recorder: Recorder) -> None:
    """Messages, tool calls, model, parameters and tokens are recorded."""
    tools = [{"type": "function", "function": {"name": "find"}}]
    said = [ChatMessage(role="system", content="be brief"), ChatMessage(role="user", content="hi")]
    Counting().chat(said, tools=tools, temperature=0.5, api_key="sk-1")
    span = recorder.span("Counting.chat")
    assert _json(span.inputs) == {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hi"},
        ],
        "tools": tools,
    }
    call = {"name": "find", "args": {"q": "x"}, "id": "c1"}
    answer = {"role": "assistant", "content": "ok", "tool_calls": [call]}
    assert _json(span.outputs) == {"message": answer}
    assert (span.model, span.provider) == ("big-1-2026", "custom")
    assert span.usage == Usage(9, 4, 3)
    assert _json(span.attributes)["invocation_params"]["temperature"] == 0.5
    assert b"sk-1" not in (span.attributes or b"") + (span.inputs or b"")


def test_completion(recorder: Recorder) -> None:
    """Cached tokens that a provider counts apart are part of the input here."""
    Counting().complete("hi")
    assert recorder.span("Counting.complete").usage == Usage(7, 1, 5)


def test_images_are_not_read(recorder: Recorder) -> None:
    """An image in a message is named, and a file that is attached stays as it was."""
    picture = ImageBlock(image=b"\x89PNG" * 100, image_mimetype="image/png")
    Counting().chat([ChatMessage(role="user", blocks=[TextBlock(text="see"), picture])])
    [message] = _json(recorder.span("Counting.chat").inputs)["messages"]
    assert message["content"][0] == {"block_type": "text", "text": "see"}
    assert message["content"][1]["image"].startswith("<bytes, ")


def test_streamed_answer(recorder: Recorder) -> None:
    """A streamed answer is recorded when it has been read, with its first token's time."""
    assert [piece.delta for piece in Counting().stream_complete("hi")] == ["", "half", " done"]
    span = recorder.span("Counting.stream_complete")
    assert _json(span.outputs) == {"text": "half done"}
    assert span.first_token_ns is not None
    assert span.start_ns < span.first_token_ns < span.end_ns
    assert span.error is None


def test_stream_that_breaks(recorder: Recorder) -> None:
    """What came before the error is recorded with it."""
    with pytest.raises(ConnectionError):
        list(Counting(breaks=True).stream_complete("hi"))
    span = recorder.span("Counting.stream_complete")
    assert _json(span.outputs) == {"text": "half"}
    assert span.error is not None
    assert span.error.startswith("ConnectionError('gone')")


@pytest.mark.parametrize("pieces", [0, 2])
def test_reader_that_stops(recorder: Recorder, pieces: int) -> None:
    """A stream that is dropped before its end is recorded without an error."""
    stream = Counting().stream_complete("hi")
    for _ in range(pieces):
        next(stream)
    del stream
    gc.collect()
    span = recorder.span("Counting.stream_complete")
    assert span.error is None
    assert _json(span.outputs) == ({"text": "half"} if pieces else None)


def test_taken_away_while_it_reads(recorder: Recorder) -> None:
    """A call that was open when the instrumentation was taken away is recorded to its end."""
    stream = Counting().stream_complete("hi")
    next(stream)
    uninstrument_llamaindex()
    assert len(list(stream)) == 2
    assert _json(recorder.span("Counting.stream_complete").outputs) == {"text": "half done"}


def test_off_and_gone(recorder: Recorder) -> None:
    """Nothing is recorded where the instrumentation was taken away, or tracing is off."""
    uninstrument_llamaindex()
    Counting().complete("hi")
    assert recorder.spans == []
    instrument_llamaindex()
    configure(enabled=False)
    assert Counting().complete("hi").text == "ok"


def test_our_failure_stays_ours(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of ours is counted, and the call goes on."""

    def broken(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(ActiveSpan, "set_inputs", broken)
    assert Counting().complete("hi").text == "ok"
    assert recorder.span("Counting.complete").error is None
    assert recorder.stats().internal_errors == 2
