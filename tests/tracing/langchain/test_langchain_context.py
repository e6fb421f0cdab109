"""Parents across the border: traced functions around, inside and between LangChain's runs."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda, RunnableParallel
from langchain_core.tools import tool

from evalhub.tracing import get_current_span, traceable
from evalhub.tracing.integrations.langchain import instrument_langchain, uninstrument_langchain
from evalhub.tracing.testing import Recorder


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    instrument_langchain()
    yield
    uninstrument_langchain()


@traceable
def leaf(text: str) -> str:
    """Return *text*."""
    return text


@traceable
async def async_leaf(text: str) -> str:
    """Return *text*, later."""
    await asyncio.sleep(0)
    return text


def _paths(recorder: Recorder) -> list[str]:
    """Return each span as the names from its root to itself."""
    spans = {span.span_id: span for span in recorder.spans}
    paths = []
    for span in sorted(recorder.spans, key=lambda each: each.start_ns):
        names = [span.name]
        while span.parent_id is not None:
            span = spans[span.parent_id]  # noqa: PLW2901 - on the way up
            names.append(span.name)
        paths.append("/".join(reversed(names)))
    return paths


def test_all_the_way_down(recorder: Recorder) -> None:
    """Function, chain, function, chain, function: each is a child of the one around it."""

    @traceable
    def middle(text: str) -> str:
        return str(RunnableLambda(leaf, name="inner").invoke(leaf(text)))

    @traceable
    def root(text: str) -> str:
        return str(RunnableLambda(middle, name="outer").invoke(text))

    root("x")
    assert _paths(recorder) == [
        "root",
        "root/outer",
        "root/outer/middle",
        "root/outer/middle/leaf",
        "root/outer/middle/inner",
        "root/outer/middle/inner/leaf",
    ]


def test_all_the_way_down_async(recorder: Recorder) -> None:
    """The same on an event loop, with several calls at once."""

    @traceable
    async def middle(text: str) -> str:
        inner = RunnableLambda(async_leaf, name="inner")
        one, _ = await asyncio.gather(inner.ainvoke(text), async_leaf(text))
        return str(one)

    @traceable
    async def root(text: str) -> None:
        await asyncio.gather(*(RunnableLambda(middle, name="outer").ainvoke(text) for _ in "ab"))

    asyncio.run(root("x"))
    below = ["", "/middle", "/middle/inner", "/middle/inner/async_leaf", "/middle/async_leaf"]
    expected = ["root", *(f"root/outer{path}" for path in below for _ in "ab")]
    assert sorted(_paths(recorder)) == sorted(expected)


def test_after_a_chain(recorder: Recorder) -> None:
    """What follows a chain is not inside it, in sync and async code, after errors too."""

    def fail(text: str) -> str:
        raise ValueError(text)

    @traceable
    def root() -> None:
        RunnableLambda(leaf, name="chain").invoke("x")
        leaf("after")
        with pytest.raises(ValueError, match="x"):
            RunnableLambda(fail, name="failing").invoke("x")
        leaf("after")

    @traceable
    async def async_root() -> None:
        await RunnableLambda(async_leaf, name="chain").ainvoke("x")
        await async_leaf("after")

    root()
    asyncio.run(async_root())
    leaf("root")
    assert _paths(recorder) == [
        "root",
        "root/chain",
        "root/chain/leaf",
        "root/leaf",
        "root/failing",
        "root/leaf",
        "async_root",
        "async_root/chain",
        "async_root/chain/async_leaf",
        "async_root/async_leaf",
        "leaf",
    ]


def test_reader_of_a_stream(recorder: Recorder) -> None:
    """What the reader of a stream does between two pieces is not inside the chain."""
    model = FakeListChatModel(responses=["abc"])

    async def read() -> None:
        async for _ in model.astream("x"):
            await async_leaf("reader")

    step: Runnable[Any, str] = RunnableLambda(leaf, name="step")

    @traceable
    def root() -> None:
        for _ in (model | step).stream("x"):
            leaf("reader")

    root()
    asyncio.run(read())
    paths = _paths(recorder)
    assert "root/leaf" in paths
    assert "async_leaf" in paths
    assert not [path for path in paths if path.endswith("FakeListChatModel/leaf")]


def test_steps_that_stream(recorder: Recorder) -> None:
    """A step that is a generator is the parent of what its body does."""

    def pieces(text: Iterator[str]) -> Iterator[str]:
        for piece in text:
            yield leaf(piece)

    async def async_pieces(text: AsyncIterator[str]) -> AsyncIterator[str]:
        async for piece in text:
            yield await async_leaf(piece)

    async def read() -> None:
        async for _ in RunnableLambda(str.upper).pipe(async_pieces).astream("x"):
            pass

    list(RunnableLambda(str.upper).pipe(pieces).stream("x"))
    asyncio.run(read())
    paths = _paths(recorder)
    assert "RunnableSequence/pieces/leaf" in paths
    assert "RunnableSequence/async_pieces/async_leaf" in paths


def test_threads(recorder: Recorder) -> None:
    """Branches and batches run in threads; their functions stay below their own branch."""
    both = RunnableParallel(one=RunnableLambda(leaf, name="one"), two=RunnableLambda(leaf))
    both.batch(["x", "y"])
    paths = _paths(recorder)
    assert paths.count("RunnableParallel<one,two>/one/leaf") == 2
    assert len({span.trace_id for span in recorder.spans}) == 2


def test_tools(recorder: Recorder) -> None:
    """What a tool does is a child of the tool's span, sync and async."""

    @tool
    def use(text: str) -> str:
        """Use it."""
        return leaf(text)

    @tool
    async def use_async(text: str) -> str:
        """Use it later."""
        return await async_leaf(text)

    use.invoke({"text": "x"})
    asyncio.run(use_async.ainvoke({"text": "x"}))
    assert _paths(recorder) == ["use", "use/leaf", "use_async", "use_async/async_leaf"]


class Shelf(BaseRetriever):
    """A retriever that calls a traced function."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document(leaf(query))]


def test_retrievers(recorder: Recorder) -> None:
    """What a retriever does is a child of its span, sync and async, and what follows is not."""

    @traceable
    async def root() -> None:
        await Shelf().ainvoke("x")
        await async_leaf("after")

    Shelf().invoke("x")
    leaf("after")
    asyncio.run(root())
    assert _paths(recorder) == [
        "Shelf",
        "Shelf/leaf",
        "leaf",
        "root",
        "root/Shelf",
        "root/Shelf/leaf",
        "root/async_leaf",
    ]


def test_current_span(recorder: Recorder) -> None:
    """Inside a run, the current span is the run's: the program can add to it."""

    def step(text: str) -> str:
        span = get_current_span()
        assert span is not None
        span.set(metadata={"found": 3})
        return span.name

    assert RunnableLambda(step, name="step").invoke("x") == "step"
    assert recorder.span("step").attributes == b'{"found":3}'
    assert get_current_span() is None


def test_task_that_outlives_its_run(recorder: Recorder) -> None:
    """A task that a step left behind is still a child of that step."""

    async def main() -> None:
        tasks = []

        async def step(text: str) -> str:
            async def later() -> None:
                await done.wait()
                await async_leaf(text)

            tasks.append(asyncio.create_task(later()))
            return text

        done = asyncio.Event()
        await RunnableLambda(step, name="step").ainvoke("x")
        done.set()
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert _paths(recorder) == ["step", "step/async_leaf"]


def test_cancelled(recorder: Recorder) -> None:
    """A run that was cancelled is recorded with that error."""

    async def main() -> None:
        has_begun = asyncio.Event()

        async def wait(text: str) -> str:
            has_begun.set()
            await asyncio.sleep(60)
            return text

        task = asyncio.create_task(RunnableLambda(wait, name="wait").ainvoke("x"))
        await has_begun.wait()
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(main())
    error = recorder.span("wait").error
    assert error is not None
    assert error.startswith("CancelledError")
