"""LlamaIndex inside LangChain inside LlamaIndex: one trace, each call below the one around it."""

import asyncio
from collections.abc import Iterator

import pytest
from langchain_core.runnables import RunnableLambda
from llama_index.core.llms import MockLLM
from llama_index.core.tools import FunctionTool

from evalhub.tracing import traceable
from evalhub.tracing.context import AMBIENT
from evalhub.tracing.integrations.langchain import instrument_langchain, uninstrument_langchain
from evalhub.tracing.integrations.llamaindex import instrument_llamaindex, uninstrument_llamaindex
from evalhub.tracing.testing import Recorder

EXPECTED = [
    "root",
    "root/outer",
    "root/outer/double",
    "root/outer/double/inner",
    "root/outer/double/inner/MockLLM.complete",
    "root/outer/double/inner/leaf",
    "root/outer/double/leaf",
    "root/outer/leaf",
]


@pytest.fixture(autouse=True, params=["langchain first", "llamaindex first"])
def _installed(request: pytest.FixtureRequest) -> Iterator[None]:
    before, AMBIENT[:] = AMBIENT[:], []
    installers = [instrument_langchain, instrument_llamaindex]
    for install in installers if request.param == "langchain first" else reversed(installers):
        install()
    yield
    uninstrument_llamaindex()
    uninstrument_langchain()
    AMBIENT[:] = before


@traceable
def leaf(number: int) -> int:
    """Return *number*."""
    return number


def _inner(number: int) -> int:
    MockLLM(max_tokens=1).complete("hi")
    return int(leaf(number))


def double(number: int) -> int:
    """Double a number."""
    return int(RunnableLambda(_inner, name="inner").invoke(number)) + int(leaf(number))


def _outer(number: int) -> int:
    tool = FunctionTool.from_defaults(double)
    return int(tool.call(number=number).raw_output) + int(leaf(0))


async def _outer_async(number: int) -> int:
    tool = FunctionTool.from_defaults(double)
    return int((await tool.acall(number=number)).raw_output) + int(leaf(0))


def _paths(recorder: Recorder) -> list[str]:
    spans = {span.span_id: span for span in recorder.spans}
    paths = []
    for span in recorder.spans:
        names = [span.name]
        while span.parent_id is not None:
            span = spans[span.parent_id]  # noqa: PLW2901 - on the way up
            names.append(span.name)
        paths.append("/".join(reversed(names)))
    return sorted(paths)


def test_together(recorder: Recorder) -> None:
    """Sync calls through both frameworks and traced functions."""

    @traceable
    def root() -> int:
        return int(RunnableLambda(_outer, name="outer").invoke(2))

    assert root() == 4
    assert _paths(recorder) == sorted(EXPECTED)


def test_together_async(recorder: Recorder) -> None:
    """The same on an event loop."""

    @traceable
    async def root() -> int:
        return int(await RunnableLambda(_outer_async, name="outer").ainvoke(2))

    assert asyncio.run(root()) == 4
    assert _paths(recorder) == sorted(EXPECTED)
