"""Agents and workflows of LlamaIndex, with its own mock model."""

import asyncio
import contextvars
import json
from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.dispatcher import instrument_tags

from evalhub.tracing import get_current_span, traceable
from evalhub.tracing.integrations.llamaindex import instrument_llamaindex, uninstrument_llamaindex
from evalhub.tracing.testing import Recorder


@pytest.fixture(autouse=True)
def _instrumented() -> Iterator[None]:
    instrument_llamaindex()
    yield
    uninstrument_llamaindex()


@traceable
def leaf(number: int) -> int:
    """Return twice *number*."""
    return 2 * number


def _json(payload: bytes | None) -> Any:
    return json.loads(payload or b"null")


def _path(recorder: Recorder, name: str) -> str:
    """Return the names from the root to the only span called *name*."""
    spans = {span.span_id: span for span in recorder.spans}
    span = recorder.span(name)
    names = [name]
    while span.parent_id is not None:
        span = spans[span.parent_id]
        names.append(span.name)
    return "/".join(reversed(names))


def double(number: int) -> int:
    """Double a number."""
    return int(leaf(number))


def _agent() -> FunctionAgent:
    call = ToolCallBlock(tool_call_id="c1", tool_name="double", tool_kwargs={"number": 2})
    said = [
        ChatMessage(role="assistant", blocks=[call]),
        ChatMessage(role="assistant", content="It is 4."),
    ]
    model = MockFunctionCallingLLM(response_generator=lambda messages, **kwargs: said.pop(0))
    tool = FunctionTool.from_defaults(double)
    return FunctionAgent(name="helper", tools=[tool], llm=model, streaming=False)


# LlamaIndex looks at all attributes of its agents, pydantic's deprecated ones among them.
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")
def test_agent(recorder: Recorder) -> None:
    """An agent's steps, model calls, tools and what these call form one trace."""

    @traceable
    async def ask() -> str:
        return str(await _agent().run("twice two?"))

    assert asyncio.run(ask()) == "It is 4."
    agent = recorder.span("FunctionAgent.run")
    assert (agent.kind, _path(recorder, agent.name)) == ("agent", "ask/FunctionAgent.run")
    assert _json(agent.inputs)["start_event"]["user_msg"] == "twice two?"
    assert _json(agent.outputs)["result"]["response"]["content"] == "It is 4."
    tool = recorder.span("double")
    assert (tool.kind, _json(tool.inputs), _json(tool.outputs)) == (
        "tool",
        {"number": 2},
        {"output": 4},
    )
    assert _path(recorder, "leaf").endswith(
        "FunctionAgent.run/BaseWorkflowAgent.call_tool/double/leaf"
    )
    assert len({span.trace_id for span in recorder.spans}) == 1


def test_workflow(recorder: Recorder) -> None:
    """Steps, sync and async, are children of the run; their context is left out."""

    class Flow(Workflow):
        @step
        async def only(self, ctx: Context, ev: StartEvent) -> StopEvent:
            span = get_current_span()
            assert span is not None
            return StopEvent(result=leaf(ev.number))

    async def run() -> Any:
        with instrument_tags({"session_id": "s1", "user_id": 7}):
            return await Flow().run(number=4)

    assert asyncio.run(run()) == 8
    [step_span] = [span for span in recorder.spans if span.name.endswith("Flow.only")]
    assert _json(step_span.inputs) == {"ev": {"number": 4}}
    assert _json(step_span.outputs) == {"result": 8}
    assert _path(recorder, "leaf").endswith("Flow.only/leaf")
    assert (step_span.session_id, step_span.user_id) == ("s1", "7")


def test_workflow_in_another_process(recorder: Recorder) -> None:
    """What LlamaIndex carries to another process makes its spans children of the caller's."""

    @traceable
    def caller() -> dict[str, Any]:
        return get_dispatcher().capture_propagation_context()

    def elsewhere(carried: dict[str, Any]) -> None:
        get_dispatcher().restore_propagation_context(carried)
        leaf(1)

    carried = json.loads(json.dumps(caller()))
    contextvars.Context().run(elsewhere, carried)
    contextvars.Context().run(elsewhere, {})
    above = recorder.span("caller")
    below, alone = (span for span in recorder.spans if span.name == "leaf")
    assert (below.trace_id, below.parent_id) == (above.trace_id, above.span_id)
    assert alone.parent_id is None
