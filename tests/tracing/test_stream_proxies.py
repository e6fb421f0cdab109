"""Streams that functions with ``reduce_fn`` return, beyond what the oracle compares."""

import asyncio
import copy
import gc
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from evalhub.model import Span
from evalhub.tracing import get_current_span, traceable
from evalhub.tracing.testing import Recorder


class Stream:
    """A stream as providers have them."""

    def __init__(self, items: list[int]) -> None:
        self.items = iter(items)
        self.closed = False

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return next(self.items)

    def close(self) -> None:
        """Close it."""
        self.closed = True


@traceable(reduce_fn=sum)
def create(items: list[int]) -> Any:
    """Return a stream of *items*."""
    return Stream(items)


def output(span: Span) -> Any:
    """Return what *span* recorded as its output."""
    return json.loads(span.outputs or b"null")["output"]


def test_stream_is_itself(recorder: Recorder) -> None:
    """Attributes and ``close`` are the stream's own; a second close changes nothing."""
    stream = create([1, 2, 3])
    assert (next(stream), stream.closed, "items" in dir(stream)) == (1, False, True)
    assert get_current_span() is None
    stream.close()
    stream.close()
    assert stream.closed
    assert output(recorder.span("create")) == 1


def test_forgotten_stream_is_recorded(recorder: Recorder) -> None:
    """A stream that is dropped half read is recorded without error."""
    stream = create([1, 2, 3])
    next(stream)
    del stream
    gc.collect()
    span = recorder.span("create")
    assert (span.status, output(span)) == ("ok", 1)


def test_stream_that_breaks(recorder: Recorder) -> None:
    """The error reaches the caller and the record, with the items that came before."""

    def broken() -> Iterator[int]:
        yield 4
        raise ValueError("cut off")

    stream = traceable(reduce_fn=sum, name="broken")(lambda: iter(broken()))()
    with pytest.raises(ValueError, match="cut off"):
        list(stream)
    span = recorder.span("broken")
    assert (span.status, output(span)) == ("error", 4)


@pytest.mark.parametrize("value", [[1, 2], (1, 2), "text", {"a": 1}, None])
def test_what_is_no_stream_is_returned_as_it_is(recorder: Recorder, value: Any) -> None:
    """A collection is the caller's own object, recorded at once."""
    assert traceable(reduce_fn=sum, name="f")(lambda: value)() is value
    assert recorder.span("f").status == "ok"


def test_redaction_of_streams_that_break(recorder: Recorder) -> None:
    """``process_outputs`` and ``process_chunk`` hold for what came before an error too."""

    @traceable(process_outputs=lambda items: {"count": len(items)})
    def by_outputs() -> Iterator[str]:
        yield "secret"
        raise ValueError("cut off")

    @traceable(run_type="llm", process_chunk=lambda item: "*")
    async def by_chunk() -> AsyncIterator[str]:
        yield "secret"
        raise ValueError("cut off")

    async def read() -> None:
        async for _ in by_chunk():
            pass

    with pytest.raises(ValueError, match="cut off"):
        list(by_outputs())
    with pytest.raises(ValueError, match="cut off"):
        asyncio.run(read())
    assert recorder.span("by_outputs").outputs == b'{"count":1}'
    assert recorder.span("by_chunk").outputs == b'{"output":["*"]}'
    events = recorder.span("by_chunk").events
    assert [event.attributes for event in events] == [b'{"kwargs":{"token":"*"}}']


def test_first_token_is_not_told_where_outputs_are_redacted(recorder: Recorder) -> None:
    """``process_outputs`` hides the first item from the event that notes it, too."""

    @traceable(run_type="llm", process_outputs=lambda items: "hidden")
    def model() -> Iterator[str]:
        yield "secret"

    list(model())
    span = recorder.span("model")
    assert [event.attributes for event in span.events] == [None]
    assert span.first_token_ns is not None


def test_a_copy_is_the_stream_itself(recorder: Recorder) -> None:
    """A copy is no proxy, and what is done with it does not end the record."""
    stream = create([1, 2])
    assert type(copy.copy(stream)) is Stream
    copied = copy.deepcopy(stream)
    assert list(stream) == [1, 2]
    assert list(copied) == [1, 2]
    assert output(recorder.span("create")) == 3
