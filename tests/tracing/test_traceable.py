"""What ``traceable`` records, and that the program does not notice."""

import asyncio
import functools
import inspect
import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from evalhub.model import Span, SpanKind
from evalhub.tracing import get_current_span, traceable
from evalhub.tracing.testing import Recorder, recording


def inputs(span: Span) -> Any:
    """Return the decoded inputs of *span*."""
    return json.loads(span.inputs or b"null")


def outputs(span: Span) -> Any:
    """Return the decoded outputs of *span*."""
    return json.loads(span.outputs or b"null")


def test_whole_trace_is_exact() -> None:
    """With fixed ids and clock, a parent and its child compare as whole records."""

    @traceable("tool")
    def child(x: int) -> int:
        return x + 1

    @traceable
    def parent(x: int) -> dict[str, int]:
        return {"y": child(x)}

    with recording(project="p") as recorder:
        assert parent(1) == {"y": 2}
    start = 1_577_836_800_000_000_000
    one, two = f"{1:032x}", f"{2:032x}"
    assert recorder.spans == [
        Span(
            trace_id=one,
            span_id=two,
            parent_id=one,
            project="p",
            name="child",
            kind="tool",
            status="ok",
            start_ns=start + 1_000_000,
            end_ns=start + 2_000_000,
            inputs=b'{"x":1}',
            outputs=b'{"output":2}',
        ),
        Span(
            trace_id=one,
            span_id=one,
            parent_id=None,
            project="p",
            name="parent",
            kind="chain",
            status="ok",
            start_ns=start,
            end_ns=start + 3_000_000,
            inputs=b'{"x":1}',
            outputs=b'{"y":2}',
        ),
    ]


def test_settings_of_the_decorator_are_recorded(recorder: Recorder) -> None:
    """Kind, name, project, metadata and tags come from the decorator; children keep the project."""

    @traceable
    def inside() -> None: ...

    @traceable(
        run_type=SpanKind.LLM, name="ask", metadata={"v": 1}, tags=["t"], project_name="other"
    )
    def function() -> None:
        inside()

    function()
    span = recorder.span("ask")
    assert (span.kind, span.project, span.tags) == ("llm", "other", ("t",))
    assert json.loads(span.attributes or b"") == {"v": 1}
    assert recorder.span("inside").project == "other"


def test_wrapper_keeps_the_kind_and_name_of_the_function() -> None:
    """Frameworks that inspect the function see what they saw before."""

    @traceable
    def plain() -> None:
        """Say so."""

    @traceable
    async def coroutine() -> None: ...

    @traceable
    def generator() -> Iterator[int]:
        yield 1

    @traceable
    async def async_generator() -> AsyncGenerator[int, None]:
        yield 1

    assert (plain.__name__, plain.__doc__) == ("plain", "Say so.")
    assert inspect.iscoroutinefunction(coroutine)
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isasyncgenfunction(async_generator)


def test_methods_drop_self_and_cls(recorder: Recorder) -> None:
    """Inputs of methods hold the arguments only."""

    class Bot:
        @traceable
        def ask(self, q: str) -> str:
            return q

        @classmethod
        @traceable
        def make(cls, q: str) -> str:
            return q

        @staticmethod
        @traceable
        def say(q: str) -> str:
            return q

    Bot().ask("a")
    Bot.make("b")
    Bot.say("c")
    assert [inputs(span) for span in recorder.spans] == [{"q": "a"}, {"q": "b"}, {"q": "c"}]


def test_callable_object_partial_and_builtin(recorder: Recorder) -> None:
    """Things that are called but are not plain functions are recorded too."""

    class Adder:
        async def __call__(self, x: int) -> int:
            return x + 1

    def power(base: int, exponent: int) -> int:
        return int(base**exponent)

    assert asyncio.run(traceable(Adder())(1)) == 2
    assert traceable(functools.partial(power, exponent=3))(2) == 8
    assert traceable(len)("abc") == 3
    assert [span.name for span in recorder.spans] == ["Adder", "power", "len"]
    assert [inputs(span) for span in recorder.spans][:2] == [{"x": 1}, {"base": 2, "exponent": 3}]


@pytest.mark.parametrize("thing", [int, classmethod(lambda cls: None), 3])
def test_what_is_no_function_is_refused(thing: Any) -> None:
    """Decorating a class, a classmethod object or a number is an error at decoration."""
    with pytest.raises(TypeError, match="traceable decorates functions"):
        traceable("chain")(thing)


def test_arguments_that_do_not_fit_raise_the_callers_error(recorder: Recorder) -> None:
    """The TypeError is Python's own; the arguments are recorded as they came."""

    @traceable
    def function(a: int) -> None: ...

    with pytest.raises(TypeError, match="positional argument"):
        function(1, 2)  # type: ignore[call-arg]  # the mistake under test
    span = recorder.span("function")
    assert (inputs(span), span.status) == ({"args": [1, 2], "kwargs": {}}, "error")


@pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), SystemExit(3)])
def test_every_exception_is_recorded_and_is_the_same_object(
    recorder: Recorder, error: BaseException
) -> None:
    """The caller catches the very exception; the span has its repr and traceback."""

    @traceable
    def function() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        function()
    span = recorder.span("function")
    assert caught.value is error
    assert span.status == "error"
    assert (span.error or "").startswith(f"{error!r}\n\nTraceback")
    assert "raise error" in (span.error or "")


def test_exception_whose_repr_raises(recorder: Recorder) -> None:
    """A broken exception is recorded as far as it can be."""

    class BrokenError(Exception):
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    @traceable
    def function() -> None:
        raise BrokenError

    with pytest.raises(BrokenError):
        function()
    assert "BrokenError" in (recorder.span("function").error or "")


def test_arguments_are_recorded_as_they_were_at_the_call(recorder: Recorder) -> None:
    """Changing a list afterwards does not change the record."""

    @traceable
    def function(items: list[int]) -> list[int]:
        items.append(2)
        return items

    items = [1]
    function(items)
    items.append(3)
    span = recorder.span("function")
    assert (inputs(span), outputs(span)) == ({"items": [1]}, {"output": [1, 2]})


def test_iterators_are_not_consumed(recorder: Recorder) -> None:
    """An iterator that is an argument or a result still has all its items."""

    @traceable
    def function(items: Iterator[int]) -> Iterator[int]:
        return items

    assert list(function(iter([1, 2]))) == [1, 2]
    assert "list_iterator" in inputs(recorder.span("function"))["items"]


def test_processing_changes_the_record_only(recorder: Recorder) -> None:
    """``process_inputs`` and ``process_outputs`` redact what is recorded, not what is returned."""

    @traceable(process_inputs=lambda given: {"n": len(given)}, process_outputs=str.upper)
    def function(secret: str) -> str:
        return secret

    assert function("a") == "a"
    span = recorder.span("function")
    assert (inputs(span), outputs(span)) == ({"n": 1}, {"output": "A"})


def test_processing_that_fails_hides_the_payload(recorder: Recorder) -> None:
    """A redaction that raises must not leak what it was to redact."""

    def broken(value: Any) -> Any:
        raise ValueError(f"cannot redact {value}")

    @traceable(process_inputs=broken, process_outputs=broken)
    def function(text: str) -> str:
        return text

    @traceable(process_outputs=broken)
    def generator() -> Iterator[str]:
        yield "secret"

    assert function("secret") == "secret"
    assert list(generator()) == ["secret"]
    assert all(b"secret" not in (s.inputs or b"") + (s.outputs or b"") for s in recorder.spans)
    assert outputs(recorder.span("function")) == {
        "not_recorded": "process_outputs raised ValueError"
    }


def test_enabled_false_and_tracing_off(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """``enabled=False`` never records; ``enabled=True`` does even when tracing is off."""
    from evalhub.tracing.process import ACTIVE

    assert ACTIVE.tracer is not None
    monkeypatch.setattr(ACTIVE.tracer, "enabled", False)
    traceable(enabled=False)(lambda: 1)()
    traceable(lambda: 2)()
    traceable(enabled=True, name="forced")(lambda: 3)()
    assert [span.name for span in recorder.spans] == ["forced"]


def test_deep_recursion_raises_what_it_would_have_raised(recorder: Recorder) -> None:
    """A RecursionError of the program arrives as such."""

    @traceable
    def down(n: int) -> int:
        return down(n + 1)

    with pytest.raises(RecursionError):
        down(0)
    assert recorder.spans[-1].status == "error"


def test_interrupt_while_a_result_is_recorded_leaves_no_span_open(recorder: Recorder) -> None:
    """Ctrl-C goes to the program; the call's span is recorded, and is not current any more."""

    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    @traceable
    def work() -> object:
        return Interrupted()

    with pytest.raises(KeyboardInterrupt):
        work()
    assert get_current_span() is None
    assert recorder.span("work").outputs is None


@pytest.mark.parametrize("given", [5, [ValueError, "no class"], [None]])
def test_wrong_exceptions_to_handle_are_ignored(recorder: Recorder, given: Any) -> None:
    """What is no class does not take the place of the program's own error."""

    @traceable(exceptions_to_handle=given)
    def work() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        work()
    assert recorder.span("work").error is not None
