"""What the LangChain handler records of models, tools, retrievers and errors."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import tenacity
from langchain_core.callbacks import (
    CallbackManagerForLLMRun,
    CallbackManagerForRetrieverRun,
    dispatch_custom_event,
)
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.language_models.llms import BaseLLM
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, Generation, LLMResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import tool

from evalhub.model import Usage
from evalhub.tracing.integrations.langchain import (
    EvalhubCallbackHandler,
)
from evalhub.tracing.testing import Recorder


@pytest.fixture
def config() -> RunnableConfig:
    """Pass our handler to one call."""
    return {"callbacks": [EvalhubCallbackHandler()]}


def _json(payload: bytes | None) -> Any:
    return json.loads(payload or b"null")


class Streaming(GenericFakeChatModel):
    """A chat model whose stream breaks after two pieces (a fake: no model is asked)."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for piece in ("", "half"):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager is not None:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        raise ConnectionError("gone")


class Counting(BaseLLM):
    """A text model that counts tokens as OpenAI does and is tried twice (a fake)."""

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(
        self,
        prompts: list[str],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> LLMResult:
        failures = [TimeoutError("slow")]

        def ask() -> LLMResult:
            if failures:
                raise failures.pop()
            counts = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
            said = {"token_usage": counts, "model_name": "text-1"}
            return LLMResult(generations=[[Generation(text="ok")]], llm_output=said)

        assert run_manager is not None
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(2), before_sleep=run_manager.on_retry
        )(ask)


class Shelf(BaseRetriever):
    """A retriever that finds one document, or fails."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        if not query:
            raise LookupError("nothing asked")
        return [Document("text", id="d1", metadata={"page": 2})]


def test_chat_model(recorder: Recorder, config: RunnableConfig) -> None:
    """Messages, tools, parameters, answer, tool calls, tokens and the reason are recorded."""
    call = {"name": "find", "args": {"q": "x"}, "id": "c1", "type": "tool_call"}
    said = AIMessage(
        "looking",
        tool_calls=[call],
        response_metadata={"model_name": "big-2026", "finish_reason": "tool_calls"},
        usage_metadata={
            "input_tokens": 20,
            "output_tokens": 7,
            "total_tokens": 27,
            "input_token_details": {"cache_read": 5, "cache_creation": 1},
            "output_token_details": {"reasoning": 4},
        },
    )
    tools = [{"type": "function", "function": {"name": "find"}}]
    model = GenericFakeChatModel(messages=iter([said])).bind(tools=tools, temperature=0.5)
    model.invoke([("system", "be brief"), ("user", [{"type": "text", "text": "hi"}])], config)
    span = recorder.span("GenericFakeChatModel")
    assert _json(span.inputs) == {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
        ],
        "tools": tools,
    }
    [[generation]] = _json(span.outputs)["generations"]
    assert generation["text"] == "looking"
    assert generation["message"]["role"] == "assistant"
    assert generation["message"]["tool_calls"] == [call]
    assert span.kind == "llm"
    assert (span.model, span.provider) == ("big-2026", "genericfakechatmodel")
    assert span.usage == Usage(20, 7, 5, 1, 4)
    attributes = _json(span.attributes)
    assert attributes["finish_reasons"] == ["tool_calls"]
    assert attributes["invocation_params"]["temperature"] == 0.5
    assert "tools" not in attributes["invocation_params"]


def test_text_model(recorder: Recorder, config: RunnableConfig) -> None:
    """The provider's own count of tokens is used when messages have none; retries are events."""
    Counting().invoke("hi", config)
    span = recorder.span("Counting")
    assert _json(span.inputs) == {"prompts": ["hi"]}
    assert _json(span.outputs)["generations"] == [[{"text": "ok"}]]
    assert (span.model, span.usage) == ("text-1", Usage(3, 2))
    [event] = span.events
    assert event.name == "retry"
    assert _json(event.attributes) == {"attempt": 1, "slept_s": 0, "error": "TimeoutError('slow')"}


def test_first_token(recorder: Recorder, config: RunnableConfig) -> None:
    """The time of the first token is between start and end, and only of streams."""
    model = GenericFakeChatModel(messages=iter([AIMessage("a b c"), AIMessage("d")]))
    assert [chunk.content for chunk in model.stream("hi", config)] == ["a", " ", "b", " ", "c"]
    model.invoke("hi", config)
    streamed, whole = recorder.spans
    assert streamed.first_token_ns is not None
    assert streamed.start_ns < streamed.first_token_ns < streamed.end_ns
    assert whole.first_token_ns is None


def test_stream_that_breaks(recorder: Recorder, config: RunnableConfig) -> None:
    """What had come before the provider's error is recorded with it."""
    model = Streaming(messages=iter([]))
    with pytest.raises(ConnectionError):
        list(model.stream("hi", config))
    span = recorder.span("Streaming")
    assert span.error is not None
    assert span.error.startswith("ConnectionError('gone')")
    assert _json(span.outputs)["generations"][0][0]["text"] == "half"


def test_reader_that_stops(recorder: Recorder, config: RunnableConfig) -> None:
    """Leaving a stream early is no error of the chain or of the model."""
    model = GenericFakeChatModel(messages=iter([AIMessage("a b c")]))
    chain: Runnable[Any, Any] = RunnableLambda(lambda text: text) | model
    stream = chain.stream("hi", config)
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # a generator in fact
    assert {span.name for span in recorder.spans} >= {"RunnableSequence", "GenericFakeChatModel"}
    assert [span.error for span in recorder.spans] == [None] * len(recorder.spans)


def test_documents(recorder: Recorder, config: RunnableConfig) -> None:
    """Documents are recorded as LangSmith records them; a failed search as an error."""
    Shelf().invoke("q", config)
    with pytest.raises(LookupError):
        Shelf().invoke("", config)
    found, failed = recorder.spans
    assert (found.kind, _json(found.inputs)) == ("retriever", {"query": "q"})
    assert _json(found.outputs) == {
        "documents": [
            {"id": "d1", "page_content": "text", "metadata": {"page": 2}, "type": "Document"}
        ]
    }
    assert failed.error is not None
    assert failed.outputs is None


def test_tool(recorder: Recorder, config: RunnableConfig) -> None:
    """A tool's arguments, its result as the model sees it, and the call's id are recorded."""

    @tool
    def double(number: int) -> int:
        """Double a number."""
        return 2 * number

    double.invoke(
        {"name": "double", "args": {"number": 2}, "id": "c1", "type": "tool_call"}, config
    )
    span = recorder.span("double")
    assert (span.kind, _json(span.inputs)) == ("tool", {"number": 2})
    output = _json(span.outputs)["output"]
    assert (output["role"], output["content"], output["tool_call_id"]) == ("tool", "4", "c1")
    assert _json(span.attributes)["tool_call_id"] == "c1"


def test_messages_in_any_payload(recorder: Recorder, config: RunnableConfig) -> None:
    """Messages and documents are readable wherever they are in a chain's state."""
    state = {"deep": [{"said": HumanMessage("hi", name="Ann")}, (Document("d"), 1)]}
    RunnableLambda(lambda given: given["deep"], name="chain").invoke(state, config)
    span = recorder.span("chain")
    plain = [
        {"said": {"role": "user", "content": "hi", "name": "Ann"}},
        [{"page_content": "d", "metadata": {}, "type": "Document"}, 1],
    ]
    assert _json(span.inputs) == {"deep": plain}
    assert _json(span.outputs) == {"output": plain}


def test_iterators_are_not_consumed(recorder: Recorder, config: RunnableConfig) -> None:
    """An iterator that goes through a chain reaches the program whole."""

    def pieces(given: list[int]) -> Any:
        return iter(given)

    chain: Runnable[Any, Any] = RunnableLambda(pieces, name="chain")
    assert list(chain.invoke([1, 2, 3], config)) == [1, 2, 3]
    assert "list_iterator" in _json(recorder.span("chain").outputs)["output"]


def test_custom_event(recorder: Recorder, config: RunnableConfig) -> None:
    """What the program dispatches is an event of the run around it."""

    def step(text: str) -> str:
        dispatch_custom_event("progress", {"done": 3})
        dispatch_custom_event("note", "half way")
        return text

    RunnableLambda(step, name="step").invoke("x", config)
    events = [(event.name, _json(event.attributes)) for event in recorder.span("step").events]
    assert events == [("progress", {"done": 3}), ("note", {"data": "half way"})]


def test_session_and_user(recorder: Recorder) -> None:
    """A thread's id is the session; what the handler was given is on every span."""
    handler = EvalhubCallbackHandler(project="other", metadata={"release": 7}, tags=["prod"])
    chain: Runnable[str, str] = RunnableLambda(str.upper) | RunnableLambda(str.lower)
    metadata = {"thread_id": uuid.UUID(int=1), "user_id": 42}
    chain.invoke("x", {"callbacks": [handler], "metadata": metadata, "tags": ["prod", "call"]})
    for span in recorder.spans:
        assert (span.session_id, span.user_id) == (str(uuid.UUID(int=1)), "42")
        assert span.project == "other"
        assert _json(span.attributes)["release"] == 7
        assert span.tags.count("prod") == 1
        assert "call" in span.tags
