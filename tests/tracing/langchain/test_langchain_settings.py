"""What surrounds LangChain's runs holds for them: tracing off or on, tags, project, session."""

from collections.abc import Iterator

import pytest
from langchain_core.runnables import Runnable, RunnableLambda

from evalhub.tracing import configure, flush, trace, traceable, tracing_context
from evalhub.tracing.context import CURRENT
from evalhub.tracing.exporters.memory import MemoryExporter
from evalhub.tracing.integrations.langchain import instrument_langchain, uninstrument_langchain
from evalhub.tracing.integrations.runs import FrameworkRuns
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


def test_muted(recorder: Recorder) -> None:
    """Where nothing must be recorded, chains are not, nor what they call."""
    token = CURRENT.set(recorder._tracer.muted)
    RunnableLambda(leaf, name="chain").invoke("x")
    CURRENT.reset(token)
    RunnableLambda(leaf, name="chain").invoke("x")
    assert _paths(recorder) == ["chain", "chain/leaf"]


def test_tracing_context_around(recorder: Recorder) -> None:
    """A block that switches tracing off, or adds tags, does so for the chains in it."""
    chain = RunnableLambda(leaf, name="chain")
    with tracing_context(enabled=False):
        chain.invoke("x")
    with tracing_context(tags=["block"], project_name="other"):
        chain.invoke("x")
    assert _paths(recorder) == ["chain", "chain/leaf"]
    assert [span.tags for span in recorder.spans] == [("block",), ("block",)]
    assert {span.project for span in recorder.spans} == {"other"}


def test_tracing_context_inside(recorder: Recorder) -> None:
    """The same inside a step; what is in the block stays below the step."""

    def step(text: str) -> str:
        with tracing_context(enabled=False):
            leaf("unseen")
            RunnableLambda(leaf, name="unseen").invoke(text)
        with tracing_context(tags=["block"]):
            RunnableLambda(leaf, name="inner").invoke(text)
            return leaf(text)

    RunnableLambda(step, name="step").invoke("x")
    assert _paths(recorder) == ["step", "step/inner", "step/inner/leaf", "step/leaf"]
    assert recorder.span("inner").tags == ("block",)


def test_forced(recorder: Recorder) -> None:
    """A block that switches tracing on does so for the chains in it."""
    recorder._tracer.enabled = False
    RunnableLambda(leaf, name="chain").invoke("x")
    with tracing_context(enabled=True):
        RunnableLambda(leaf, name="chain").invoke("x")
    assert _paths(recorder) == ["chain", "chain/leaf"]


def test_session_of_the_function_around(recorder: Recorder) -> None:
    """A chain belongs to the session of the block around it, and so does what it calls."""
    with trace("root", session_id="s", user_id="u"):
        RunnableLambda(leaf, name="chain").invoke("x")
    assert [(span.session_id, span.user_id) for span in recorder.spans] == [("s", "u")] * 3


def test_runs_that_never_end(recorder: Recorder) -> None:
    """The oldest runs are recorded when too many are open, and memory stays bounded."""
    runs = FrameworkRuns(max_open=10, max_ended=5)
    for number in range(50):
        runs.start(number, f"run {number}", "chain")
        runs.start(-number - 1, "child", "chain", above=number)
        runs.end(-number - 1, lambda span: None)
    assert len(runs) <= 10
    lost = recorder.span("run 0")
    assert [event.name for event in lost.events] == ["never_ended"]
    assert runs.find(0) is None
    assert runs.find(-50) is not None


def test_sampled_out() -> None:
    """A trace that is not sampled has no spans at all, of the chain or of what it calls."""
    exporter = MemoryExporter()
    configure(exporter=exporter, enabled=True, sample_rate=0.0)
    chain: Runnable[str, str] = RunnableLambda(leaf) | RunnableLambda(leaf)
    assert chain.invoke("x") == "x"
    assert flush()
    assert exporter.spans == []


def test_errors_are_kept() -> None:
    """Where traces with errors are kept, a failing chain is there whole, and no other."""
    exporter = MemoryExporter()
    configure(exporter=exporter, enabled=True, sample_rate=0.0, keep_errors=True)

    def fail(text: str) -> str:
        raise ValueError(leaf(text))

    chain: Runnable[str, str] = RunnableLambda(leaf) | RunnableLambda(fail)
    RunnableLambda(leaf).invoke("well")
    with pytest.raises(ValueError, match="ill"):
        chain.invoke("ill")
    assert flush()
    names = sorted(span.name for span in exporter.spans)
    assert names == ["RunnableSequence", "fail", "leaf", "leaf", "leaf"]
    assert len({span.trace_id for span in exporter.spans}) == 1
