"""RunTree, ``trace`` blocks and ``tracing_context`` beyond what langsmith does."""

import asyncio
import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from evalhub.model import Usage
from evalhub.tracing import (
    RunTree,
    configure,
    get_current_run_tree,
    get_current_span,
    is_traceable_function,
    trace,
    traceable,
    tracing_context,
)
from evalhub.tracing.testing import Recorder


def test_run_is_a_view_of_the_span(recorder: Recorder) -> None:
    """The run and the span have one id, and one is told what was set on the other."""
    with trace("work") as span:
        run = get_current_run_tree()
        assert run is not None
        assert run is get_current_run_tree()
        assert (run.id.hex, run.trace_id.hex) == (span.span_id, span.trace_id)
        run.outputs = {"a": 1}
        run.outputs["b"] = 2
        run.inputs["q"] = "x"
        run.error = None
    record = recorder.span("work")
    assert json.loads(record.outputs or b"") == {"a": 1, "b": 2}
    assert json.loads(record.inputs or b"") == {"q": "x"}


def test_block_has_the_methods_of_a_run(recorder: Recorder) -> None:
    """What LangSmith's users call on a block's run is there, and recorded."""
    with trace("work", kind="tool") as run:
        child: Any = run.create_child("child", "llm", inputs={"i": 1})  # type: ignore[attr-defined]  # of RunTree
        child.end(outputs={"o": 1})
        child.patch()
        child.patch()
        run.end(outputs={"a": 1}, metadata={"m": 1}, events=[{"name": "e"}])
    assert [span.name for span in recorder.spans] == ["child", "work"]
    work = recorder.span("work")
    assert (work.kind, work.outputs, work.attributes) == ("tool", b'{"a":1}', b'{"m":1}')
    assert [event.name for event in work.events] == ["e"]
    assert recorder.span("child").parent_id == work.span_id


def test_misspelt_method_of_a_block(recorder: Recorder) -> None:
    """A name that neither has is an AttributeError, as it would be without tracing."""
    with trace("work") as run, pytest.raises(AttributeError, match="finish"):
        run.finish()  # type: ignore[attr-defined]  # the mistake under test


def test_explicit_end_time_counts(recorder: Recorder) -> None:
    """``end_time`` and ``start_time`` are recorded as given."""
    start = datetime(2024, 1, 1, tzinfo=UTC)
    run = RunTree(name="timed", start_time=start, inputs={})
    run.end(end_time=start + timedelta(seconds=2))
    run.post()
    assert recorder.span("timed").duration_ms == 2000


def test_whole_tree_posted_at_its_end(recorder: Recorder) -> None:
    """``post(exclude_child_runs=False)`` delivers runs that have ended."""
    root = RunTree(name="root", inputs={})
    root.create_child("child").end(outputs={"a": 1})
    root.end()
    root.post(exclude_child_runs=False)
    assert sorted(span.name for span in recorder.spans) == ["child", "root"]


def test_run_when_tracing_is_off() -> None:
    """With tracing off a run by hand has its ids, takes everything and is not recorded."""
    configure(url="memory:", enabled=False)
    run = RunTree(name="off", id=uuid4(), inputs={"a": 1})
    child = run.create_child("child")
    child.end(outputs={})
    child.patch()
    run.end(outputs={"b": 2}, error="x")
    run.patch()
    with trace("off") as block:
        block.end(outputs={"a": 1})
        assert block.id == UUID(int=0)
        assert block.to_headers() == {}  # type: ignore[attr-defined]  # of RunTree
    assert get_current_run_tree() is None


def test_threads_of_langsmith_are_sessions(recorder: Recorder) -> None:
    """``session_id``, ``thread_id``, ``conversation_id`` and ``user_id`` fill the span."""

    @traceable
    def leaf() -> None: ...

    for key in ("session_id", "thread_id", "conversation_id"):
        with trace("root", metadata={key: f"by {key}", "user_id": 7}):
            leaf()
    sessions = [(span.session_id, span.user_id) for span in recorder.spans if span.name == "leaf"]
    assert sessions == [
        ("by session_id", "7"),
        ("by thread_id", "7"),
        ("by conversation_id", "7"),
    ]


def test_usage_of_outputs_and_metadata(recorder: Recorder) -> None:
    """``usage_metadata`` becomes the span's usage, and a child does not repeat its parent's."""

    @traceable
    def leaf() -> None: ...

    @traceable(run_type="llm")
    def by_outputs() -> dict[str, Any]:
        return {"usage_metadata": {"input_tokens": 3, "output_tokens": 4}}

    @traceable(run_type="llm")
    def by_run() -> None:
        run = get_current_run_tree()
        assert run is not None
        run.set(usage_metadata={"input_tokens": 5})
        leaf()

    by_outputs()
    by_run()
    assert recorder.span("by_outputs").usage == Usage(3, 4)
    assert recorder.span("by_run").usage == Usage(5)
    assert recorder.span("leaf").usage is None
    assert recorder.span("leaf").attributes is None


def test_model_and_provider_are_not_inherited(recorder: Recorder) -> None:
    """``ls_model_name`` fills the model of the span that has it, and not of those below."""

    @traceable
    def leaf() -> None: ...

    @traceable(metadata={"ls_model_name": "m", "ls_provider": "p"})
    def model() -> None:
        leaf()

    model()
    spans = {span.name: (span.model, span.provider) for span in recorder.spans}
    assert spans == {"model": ("m", "p"), "leaf": (None, None)}


def test_context_forces_tracing_that_is_off() -> None:
    """``enabled=True`` records though tracing is off, the calls below included."""
    from evalhub.tracing.exporters.memory import MemoryExporter
    from evalhub.tracing.process import flush

    memory = MemoryExporter()
    configure(exporter=memory, enabled=False)

    @traceable
    def leaf() -> None: ...

    @traceable
    def root() -> None:
        leaf()

    leaf()
    with tracing_context(enabled=True):
        root()
    flush()
    assert [span.name for span in memory.spans] == ["leaf", "root"]


def test_context_is_left_in_another_task(recorder: Recorder) -> None:
    """An async generator that is closed by another task leaves its block without an error."""

    async def numbers() -> Any:
        with tracing_context(tags=["t"]):
            yield 1

    async def main() -> None:
        generator = numbers()
        await asyncio.create_task(anext(generator))
        await asyncio.create_task(generator.aclose())

    asyncio.run(main())
    assert get_current_span() is None


def test_current_span_inside_a_context(recorder: Recorder) -> None:
    """A block of settings is no span: the span around it is the current one."""
    with trace("work") as span, tracing_context(tags=["t"]):
        assert get_current_span() is span
    with tracing_context(tags=["t"]):
        assert get_current_span() is None


def test_wrong_values_never_raise(recorder: Recorder) -> None:
    """What LangSmith would choke on is left out; the function runs."""

    @traceable(metadata={"a": 1})
    def function(n: int) -> int:
        return n

    odd: dict[str, Any] = {
        "run_id": "no uuid",
        "parent": "no dotted order",
        "metadata": {object(): 1},
        "on_end": lambda run: 1 / 0,
    }
    call: Any = function
    assert call(1, langsmith_extra=odd) == 1
    assert call(2, langsmith_extra={"tags": 3, "metadata": 4}) == 2
    with tracing_context(parent=object(), metadata={"k": object()}):
        assert function(3) == 3
    assert is_traceable_function(function)
    assert [span.outputs for span in recorder.spans] == [b'{"output":%d}' % n for n in (1, 2, 3)]


def test_unknown_arguments_warn() -> None:
    """Arguments that nobody knows are ignored with a warning, as langsmith does."""
    with pytest.warns(DeprecationWarning, match="unknown arguments of traceable"):
        traceable(nonsense=1)
    with pytest.warns(UserWarning, match="did you mean"):
        traceable("no such kind")
    with pytest.warns(DeprecationWarning, match="unknown arguments of trace "):
        trace("x", nonsense=1)
    with (
        pytest.warns(DeprecationWarning, match="unrecognized arguments of tracing_context"),
        tracing_context(nonsense=1),
    ):
        pass


def test_run_tree_that_the_caller_gave_by_position_is_left(recorder: Recorder) -> None:
    """The function's run is given only where its caller gave none by position."""

    @traceable
    def work(x: int, run_tree: Any = None) -> Any:
        return run_tree

    @traceable
    def collect(*numbers: int, run_tree: Any = None) -> Any:
        return run_tree

    assert work(1, "mine") == "mine"
    assert isinstance(work(1), RunTree)
    assert isinstance(collect(1, 2, 3), RunTree)


def test_what_holds_a_run_can_be_copied(recorder: Recorder) -> None:
    """A deep copy shows the same span."""
    run = RunTree("work", inputs={"x": 1})
    copied = copy.deepcopy({"run": run})["run"]
    assert (copied.id, copied.inputs) == (run.id, {"x": 1})
    run.patch()
    assert recorder.span("work").inputs == b'{"x":1}'
