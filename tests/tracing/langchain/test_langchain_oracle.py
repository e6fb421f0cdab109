"""Chains under our handler and under LangChain's own tracer: the same runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models.fake import FakeListLLM, FakeStreamingListLLM
from langchain_core.language_models.fake_chat_models import (
    FakeListChatModel,
    GenericFakeChatModel,
)
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import JsonOutputParser, StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import (
    Runnable,
    RunnableBranch,
    RunnableConfig,
    RunnableLambda,
    RunnableParallel,
    RunnablePassthrough,
)
from langchain_core.tools import tool

Program = Callable[[RunnableConfig], Any]


class Shelf(BaseRetriever):
    """A retriever that finds one document."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(query, metadata={"page": 1})]


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


@tool
def explode(number: int) -> int:
    """Fail."""
    raise ValueError("boom")


def _chat(answer: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([AIMessage(answer)]))


def _chain() -> Runnable[Any, Any]:
    prompt = ChatPromptTemplate.from_messages([("system", "be brief"), ("user", "{q}")])
    return prompt | FakeListChatModel(responses=["hi", "yo"]) | StrOutputParser()


def sequence(config: RunnableConfig) -> Any:
    """A prompt, a chat model and a parser."""
    return _chain().invoke({"q": "hello"}, config)


def streamed(config: RunnableConfig) -> Any:
    """The same, streamed to its end."""
    return list(_chain().stream({"q": "hello"}, config))


def asynchronous(config: RunnableConfig) -> Any:
    """The same, on an event loop."""
    return asyncio.run(_chain().ainvoke({"q": "hello"}, config))


def streamed_async(config: RunnableConfig) -> Any:
    """The same, streamed on an event loop."""

    async def read() -> list[str]:
        return [piece async for piece in _chain().astream({"q": "hello"}, config)]

    return asyncio.run(read())


def batch(config: RunnableConfig) -> Any:
    """Two inputs at once, in threads."""
    return _chain().batch([{"q": "a"}, {"q": "b"}], config)


def parallel(config: RunnableConfig) -> Any:
    """Branches that run in threads."""
    both = RunnableParallel(one=RunnableLambda(str.upper), two=RunnablePassthrough())
    return both.invoke("x", config)


def branching(config: RunnableConfig) -> Any:
    """A condition and its branches."""
    branch = RunnableBranch(
        (lambda text: text == "x", RunnableLambda(str.upper)), RunnableLambda(str.lower)
    )
    return branch.invoke("x", config), branch.invoke("Y", config)


def fallbacks(config: RunnableConfig) -> Any:
    """A step that fails and the one that replaces it."""
    chain: Runnable[int, float] = RunnableLambda(lambda number: 1 / number)
    return chain.with_fallbacks([RunnableLambda(lambda _: 0.0)]).invoke(0, config)


def retries(config: RunnableConfig) -> Any:
    """A step that is tried twice."""
    left = [ValueError("once")]

    def step(text: str) -> str:
        if left:
            raise left.pop()
        return text

    tried: Runnable[str, str] = RunnableLambda(step)
    chain = tried.with_retry(stop_after_attempt=2, wait_exponential_jitter=False)
    return chain.invoke("x", config)


def failing(config: RunnableConfig) -> Any:
    """An error passes through a sequence."""
    divide: Runnable[Any, float] = RunnableLambda(lambda number: 1 / number)
    chain: Runnable[Any, float] = RunnablePassthrough() | divide
    with pytest.raises(ZeroDivisionError):
        chain.invoke(0, config)


def text_model(config: RunnableConfig) -> Any:
    """A model of text, not chat, called and streamed."""
    chain = PromptTemplate.from_template("say {q}") | FakeListLLM(responses=["hi"])
    streaming = FakeStreamingListLLM(responses=["hi"])
    return chain.invoke({"q": "x"}, config), list(streaming.stream("hello", config))


def json_parser(config: RunnableConfig) -> Any:
    """A parser that fails."""
    with pytest.raises(ValueError, match="Invalid json"):
        (_chat("no json") | JsonOutputParser()).invoke("x", config)


def tools(config: RunnableConfig) -> Any:
    """Tools, called by arguments and by a tool call; one fails."""
    call = {"name": "double", "args": {"number": 2}, "id": "1", "type": "tool_call"}
    with pytest.raises(ValueError, match="boom"):
        explode.invoke({"number": 1}, config)
    return double.invoke({"number": 1}, config), double.invoke(call, config)


def retriever(config: RunnableConfig) -> Any:
    """A retriever inside a chain, sync and async."""
    chain: Runnable[str, Any] = RunnableLambda(lambda text: text) | Shelf()
    return chain.invoke("q", config), asyncio.run(Shelf().ainvoke("q", config))


def nested(config: RunnableConfig) -> Any:
    """A chain called inside a function of another, without being given its config."""

    def outer(text: str) -> str:
        return str(RunnableLambda(str.upper, name="inner").invoke(text))

    return RunnableLambda(outer, name="outer").invoke("x", config)


def tagged(config: RunnableConfig) -> Any:
    """Names, tags and metadata of calls and of their steps."""
    step = RunnableLambda(str.upper).with_config(tags=["step"], metadata={"k": 1}, run_name="up")
    chain = step | RunnablePassthrough()
    return chain.invoke("x", {**config, "tags": ["all"], "metadata": {"user": "u"}})


def generators(config: RunnableConfig) -> Any:
    """Functions that stream."""

    def pieces(text: Iterator[str]) -> Iterator[str]:
        for piece in text:
            yield from piece

    async def later(text: AsyncIterator[str]) -> AsyncIterator[str]:
        async for piece in text:
            yield piece

    async def read() -> list[str]:
        chain: Runnable[str, Any] = RunnableLambda(str.upper).pipe(later)
        return [piece async for piece in chain.astream("ab", config)]

    return list(RunnableLambda(str.upper).pipe(pieces).stream("ab", config)), asyncio.run(read())


def batch_async(config: RunnableConfig) -> Any:
    """Inputs one after the other as they are done, one of which fails."""

    async def run() -> list[Any]:
        chain: Runnable[int, float] = RunnableLambda(lambda number: 1 / number)
        done = chain.abatch_as_completed([1, 0, 2], config, return_exceptions=True)
        return sorted([index async for index, _ in done])

    return asyncio.run(run())


def events(config: RunnableConfig) -> Any:
    """A chain whose events are read."""

    async def read() -> set[str]:
        stream = _chain().astream_events({"q": "hello"}, config, version="v2")
        return {event["event"] async for event in stream}

    return asyncio.run(read())


def assigned(config: RunnableConfig) -> Any:
    """Keys that are added to a dict, streamed."""
    chain = RunnablePassthrough.assign(length=lambda given: len(given["q"])).pick("length")
    return chain.invoke({"q": "abc"}, config), list(chain.stream({"q": "abc"}, config))


def mapped(config: RunnableConfig) -> Any:
    """A chain for each item of a list, and one chosen at the call."""
    each: Runnable[list[str], list[str]] = RunnableLambda(str.upper).map()
    return each.invoke(["a", "b"], config)


PROGRAMS = [
    batch_async,
    events,
    assigned,
    mapped,
    sequence,
    streamed,
    asynchronous,
    streamed_async,
    batch,
    parallel,
    branching,
    fallbacks,
    retries,
    failing,
    text_model,
    json_parser,
    tools,
    retriever,
    nested,
    tagged,
    generators,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_same_as_langchains_own_tracer(
    program: Program, compare: Callable[[Program], None]
) -> None:
    """The program's result and every recorded run are the same under both tracers."""
    compare(program)
