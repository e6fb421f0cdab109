"""``trace`` and the span that it gives."""

import asyncio
import json
from typing import Any

import pytest

from evalhub.model import Usage
from evalhub.tracing import configure, get_current_span, trace
from evalhub.tracing.testing import Recorder


def test_everything_set_on_a_span_is_recorded(recorder: Recorder) -> None:
    """Outputs, model, usage, metadata, tags, session, user and events reach the record."""
    with trace("call", "llm", inputs="hi", metadata={"a": 1}, tags=["x"], user_id="u") as span:
        assert get_current_span() is span
        span.set(model="m", provider="p", usage={"prompt_tokens": 3, "completion_tokens": 2})
        span.set(metadata={"b": [2]}, tags=["y"], session_id="s")
        span.add_event("retry", {"attempt": 2})
        span.set_outputs("answer")
    record = recorder.span("call")
    assert (record.model, record.provider, record.usage) == ("m", "p", Usage(3, 2))
    assert (record.tags, record.user_id, record.session_id) == (("x", "y"), "u", "s")
    assert json.loads(record.attributes or b"") == {"a": 1, "b": [2]}
    assert (record.inputs, record.outputs) == (b'{"input":"hi"}', b'{"output":"answer"}')
    assert [(e.name, e.attributes) for e in record.events] == [("retry", b'{"attempt":2}')]
    assert record.start_ns < record.events[0].time_ns < record.end_ns


def test_session_and_project_are_inherited(recorder: Recorder) -> None:
    """Spans below belong to the same session, user and project."""
    with trace("root", project="p", session_id="s", user_id="u"), trace("leaf"):
        pass
    leaf = recorder.span("leaf")
    assert (leaf.project, leaf.session_id, leaf.user_id) == ("p", "s", "u")


def test_error_of_the_block_is_recorded_and_raised(recorder: Recorder) -> None:
    """The block's exception goes on, sync and async."""

    async def main() -> None:
        async with trace("async"):
            raise ValueError("two")

    with pytest.raises(ValueError, match="one"), trace("sync"):
        raise ValueError("one")
    with pytest.raises(ValueError, match="two"):
        asyncio.run(main())
    assert "ValueError('one')" in (recorder.span("sync").error or "")
    assert "ValueError('two')" in (recorder.span("async").error or "")


def test_span_of_disabled_tracing_does_nothing() -> None:
    """With tracing off the block runs and its span says that it does not record."""
    configure(url="memory:", enabled=False)
    with trace("off") as span:
        span.set(model="m", usage={"input_tokens": 1})
        span.set_outputs(1)
        span.add_event("e")
        assert (span.recording, span.trace_id) == (False, "")
        assert get_current_span() is None


def test_wrong_values_do_not_raise(recorder: Recorder) -> None:
    """A value of the wrong type is recorded as far as it goes and never raises."""
    odd: Any = object()
    with trace(odd, odd, tags=[odd], metadata={"k": odd}) as span:
        span.set(usage=odd, model=odd)
        span.set_outputs(odd)
    assert "object" in recorder.spans[0].name


def test_closed_generator_around_a_block_is_no_error(recorder: Recorder) -> None:
    """Closing a generator that holds a block ends its span without error."""

    def numbers() -> Any:
        with trace("held"):
            yield 1

    generator = numbers()
    next(generator)
    generator.close()
    assert recorder.span("held").status == "ok"
