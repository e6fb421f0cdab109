"""Graphs under our handler and under LangChain's own tracer: the same runs.

Different on purpose: a pause of a graph is an error there (see test_langgraph.py).
"""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode

Program = Callable[[RunnableConfig], Any]


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


class State(TypedDict):
    """What flows through the graphs."""

    messages: Annotated[list[BaseMessage], add_messages]


def _chat(answer: str) -> GenericFakeChatModel:
    return GenericFakeChatModel(messages=iter([AIMessage(answer)]))


def _graph() -> Any:
    def answer(state: State) -> dict[str, Any]:
        return {"messages": [_chat("fine").invoke(state["messages"])]}

    def check(state: State) -> str:
        return "again" if len(state["messages"]) < 2 else END

    graph = StateGraph(State)
    graph.add_node("answer", answer)
    graph.add_node("again", lambda state: {"messages": []})
    graph.add_edge(START, "answer")
    graph.add_conditional_edges("answer", check, ["again", END])
    graph.add_edge("again", END)
    return graph.compile()


def graph(config: RunnableConfig) -> Any:
    """Two nodes and a conditional edge, sync."""
    return _texts(_graph().invoke({"messages": [("user", "how?")]}, config))


def graph_async(config: RunnableConfig) -> Any:
    """The same, on an event loop."""
    return _texts(asyncio.run(_graph().ainvoke({"messages": [("user", "how?")]}, config)))


def graph_streamed(config: RunnableConfig) -> Any:
    """The same, streamed in three modes."""
    modes = ["values", "updates", "messages"]
    stream = _graph().stream({"messages": [("user", "how?")]}, config, stream_mode=modes)
    return len(list(stream))


def graph_failing(config: RunnableConfig) -> Any:
    """A node that raises."""
    graph = StateGraph(State)
    graph.add_node("bad", lambda state: 1 / 0)
    graph.add_edge(START, "bad")
    with pytest.raises(ZeroDivisionError):
        graph.compile().invoke({"messages": []}, config)


def graph_tools(config: RunnableConfig) -> Any:
    """A node that runs the tools that a model called for."""
    call = {"name": "double", "args": {"number": 2}, "id": "1", "type": "tool_call"}
    graph = StateGraph(State)
    graph.add_node("tools", ToolNode([double]))
    graph.add_edge(START, "tools")
    asked = AIMessage("", tool_calls=[call])
    return _texts(graph.compile().invoke({"messages": [asked]}, config))


def graph_streamed_async(config: RunnableConfig) -> Any:
    """The same, streamed on an event loop."""

    async def read() -> int:
        stream = _graph().astream({"messages": [("user", "how?")]}, config, stream_mode="messages")
        return len([piece async for piece in stream])

    return asyncio.run(read())


def subgraph(config: RunnableConfig) -> Any:
    """A graph as a node of another."""
    outer = StateGraph(State)
    outer.add_node("below", _graph())
    outer.add_edge(START, "below")
    above: Any = outer.compile(name="above")
    return _texts(above.invoke({"messages": [("user", "how?")]}, config))


PROGRAMS = [
    graph_streamed_async,
    subgraph,
    graph,
    graph_async,
    graph_streamed,
    graph_failing,
    graph_tools,
]


def _texts(state: Any) -> list[Any]:
    return [message.content for message in state["messages"]]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_same_graph_as_langchains_own_tracer(
    program: Program, compare: Callable[[Program], None]
) -> None:
    """The program's result and every recorded run are the same under both tracers."""
    compare(program)
