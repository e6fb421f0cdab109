"""LangGraph: nodes, agents, pauses, errors, streaming, threads, policies."""

import asyncio
import json
from typing import Annotated, Any, TypedDict

import pytest
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AnyMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, TracePolicy, interrupt

from evalhub.tracing import traceable
from evalhub.tracing.integrations.langchain import EvalhubCallbackHandler
from evalhub.tracing.testing import Recorder


class State(TypedDict, total=False):
    """What flows through the graphs."""

    messages: Annotated[list[AnyMessage], add_messages]
    number: int


class ToolCaller(GenericFakeChatModel):
    """A chat model that says what it is told to (a fake), and takes tools."""

    disable_streaming: bool = True

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        """Stay as it is."""
        return self.bind(tools=[{"type": "function", "function": {"name": "double"}}])


@tool
def double(number: int) -> int:
    """Double a number."""
    return int(work(number))


@traceable
def work(number: int) -> int:
    """Return twice *number*."""
    return 2 * number


@pytest.fixture
def config() -> RunnableConfig:
    """Pass our handler, and a thread for the checkpoints."""
    return {"callbacks": [EvalhubCallbackHandler()], "configurable": {"thread_id": "t1"}}


def _json(payload: bytes | None) -> Any:
    return json.loads(payload or b"null")


def _parents(recorder: Recorder) -> set[tuple[str, str | None]]:
    names = {span.span_id: span.name for span in recorder.spans}
    return {(span.name, names.get(span.parent_id or "")) for span in recorder.spans}


def _agent() -> Any:
    call = {"name": "double", "args": {"number": 2}, "id": "c1", "type": "tool_call"}
    usage = {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}
    said = [AIMessage("", tool_calls=[call], usage_metadata=usage), AIMessage("It is 4.")]
    return create_agent(ToolCaller(messages=iter(said)), [double], name="helper")


@pytest.mark.parametrize("is_async", [False, True])
def test_agent(recorder: Recorder, config: RunnableConfig, is_async: bool) -> None:
    """An agent's model calls, tool calls and what the tools call form one trace."""
    given = {"messages": [("user", "twice two?")]}

    @traceable
    def ask() -> Any:
        agent = _agent()
        return (
            asyncio.run(agent.ainvoke(given, config)) if is_async else agent.invoke(given, config)
        )

    assert ask()["messages"][-1].content == "It is 4."
    parents = _parents(recorder)
    assert {
        ("ask", None),
        ("helper", "ask"),
        ("model", "helper"),
        ("ToolCaller", "model"),
        ("tools", "helper"),
        ("double", "tools"),
        ("work", "double"),
    } <= parents
    assert len({span.trace_id for span in recorder.spans}) == 1
    assert {span.session_id for span in recorder.spans if span.name != "ask"} == {"t1"}
    root = recorder.span("helper")
    said = [message["role"] for message in _json(root.outputs)["messages"]]
    assert said == ["user", "assistant", "tool", "assistant"]
    models = [span for span in recorder.spans if span.name == "ToolCaller"]
    assert models[0].usage is not None
    assert models[0].usage.input_tokens == 5


@pytest.mark.parametrize("mode", ["values", "updates", "messages", "custom", "debug"])
def test_streaming(recorder: Recorder, config: RunnableConfig, mode: Any) -> None:
    """Each way to stream gives what it gives without us, and the same spans."""
    given = {"messages": [("user", "twice two?")]}
    plain = len(list(_agent().stream(given, {}, stream_mode=mode)))
    assert len(list(_agent().stream(given, config, stream_mode=mode))) == plain
    assert ("work", "double") in _parents(recorder)
    assert not [span.name for span in recorder.spans if span.error]


def _pausing() -> Any:
    def ask(state: State) -> State:
        answer = interrupt({"question": "sure?"})
        return {"number": len(answer)}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    return graph.compile(checkpointer=InMemorySaver())


def test_interrupt_is_no_error(recorder: Recorder, config: RunnableConfig) -> None:
    """A graph that waits for a person is recorded as paused, then goes on in the same session."""
    graph = _pausing()
    graph.invoke({"number": 0}, config)
    assert graph.invoke(Command(resume="yes"), config)["number"] == 3
    assert [span.error for span in recorder.spans] == [None] * 4
    paused, resumed = (span for span in recorder.spans if span.name == "ask")
    [event] = paused.events
    assert event.name == "interrupt"
    assert _json(event.attributes)["value"][0][0]["value"] == {"question": "sure?"}
    assert resumed.events == ()
    assert {span.session_id for span in recorder.spans} == {"t1"}


def test_error_in_a_node(recorder: Recorder, config: RunnableConfig) -> None:
    """An error passes the node and the graph, with its traceback."""
    graph = StateGraph(State)
    graph.add_node("bad", lambda state: 1 / state["number"])
    graph.add_edge(START, "bad")
    with pytest.raises(ZeroDivisionError):
        graph.compile().invoke({"number": 0}, config)
    for name in ("bad", "LangGraph"):
        error = recorder.span(name).error
        assert error is not None
        assert error.startswith("ZeroDivisionError")


def test_nodes_at_once(recorder: Recorder, config: RunnableConfig) -> None:
    """Nodes that run at once in threads, a subgraph among them, keep their children apart."""
    below = StateGraph(State)
    below.add_node("deep", lambda state: {"messages": [("user", str(work(7)))]})
    below.add_edge(START, "deep")
    graph = StateGraph(State)
    graph.add_node("fan", lambda state: {"messages": [("user", str(work(state["number"])))]})
    graph.add_node("sub", below.compile(name="below"))
    graph.add_conditional_edges(
        START, lambda state: [Send("fan", {"number": 1}), Send("fan", {"number": 2}), "sub"]
    )
    graph.compile().invoke({"number": 0}, config)
    fans = [span for span in recorder.spans if span.name == "fan"]
    inputs = {span.parent_id: _json(span.inputs) for span in recorder.spans if span.name == "work"}
    assert [inputs[span.span_id] == _json(span.inputs) for span in fans] == [True, True]
    assert {("below", "sub"), ("deep", "below"), ("work", "deep")} <= _parents(recorder)


def test_handoff_is_no_error(recorder: Recorder, config: RunnableConfig) -> None:
    """A node that hands over to its parent graph raises inside LangGraph; that is no error."""
    below = StateGraph(State)
    below.add_node("hand", lambda state: Command(goto="after", graph=Command.PARENT))
    below.add_edge(START, "hand")
    graph = StateGraph(State)
    graph.add_node("sub", below.compile())
    graph.add_node("after", lambda state: {"number": 5})
    graph.add_edge(START, "sub")
    graph.add_edge("after", END)
    assert graph.compile().invoke({"number": 0}, config)["number"] == 5
    assert {span.name: span.error for span in recorder.spans if span.error} == {}
    assert [event.name for event in recorder.span("hand").events] == ["command"]


def test_trace_policy(recorder: Recorder, config: RunnableConfig) -> None:
    """What a node's policy hides from tracers is hidden from us."""
    hidden = TracePolicy(
        process_inputs=lambda given: {"number": "hidden"},
        process_outputs=lambda made: {"number": "hidden"},
    )
    graph = StateGraph(State)
    graph.add_node("secret", lambda state: {"number": 4711}, trace_policy=hidden)
    graph.add_edge(START, "secret")
    graph.compile().invoke({"number": 1}, config)
    span = recorder.span("secret")
    assert (_json(span.inputs), _json(span.outputs)) == ({"number": "hidden"},) * 2


def test_functional(recorder: Recorder, config: RunnableConfig) -> None:
    """Tasks of an entrypoint are its children, and parents of what they call."""

    @task
    def step(number: int) -> int:
        return int(work(number))

    @entrypoint()
    def flow(number: int) -> int:
        return step(number).result() + step(number).result()

    assert flow.invoke(2, config) == 8
    parents = [(span.name, span.parent_id) for span in recorder.spans]
    assert len([name for name, _ in parents if name == "work"]) == 2
    assert {("work", "step"), ("step", "flow")} <= _parents(recorder)
