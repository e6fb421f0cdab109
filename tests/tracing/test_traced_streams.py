"""Traced generators, coroutines and threads: who is whose parent, and how they end."""

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import Any

import pytest

from evalhub.model import Span
from evalhub.tracing import ContextThreadPoolExecutor, get_current_span, traceable
from evalhub.tracing.testing import Recorder


def outputs(span: Span) -> Any:
    """Return the decoded outputs of *span*."""
    return json.loads(span.outputs or b"null")


def number(span: Span) -> int:
    """Return the input called ``n``."""
    return int(json.loads(span.inputs or b"")["n"])


def test_generator_keeps_its_protocol(recorder: Recorder) -> None:
    """``send``, ``throw`` and the return value pass through; items are recorded."""

    @traceable
    def echo() -> Generator[str, str, str]:
        got = yield "first"
        try:
            yield got
        except ValueError:
            yield "caught"
        return "end"

    generator = echo()
    assert next(generator) == "first"
    assert generator.send("hello") == "hello"
    assert generator.throw(ValueError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "end"
    assert outputs(recorder.span("echo")) == {"output": ["first", "hello", "caught", "end"]}


def test_generator_is_current_in_its_own_steps_only(recorder: Recorder) -> None:
    """Spans inside the generator are its children, spans of its consumer are not."""

    @traceable
    def inside() -> None: ...

    @traceable
    def outside() -> None: ...

    @traceable
    def numbers() -> Iterator[int]:
        for n in range(2):
            inside()
            yield n

    for _ in numbers():
        outside()
        assert get_current_span() is None
    stream = recorder.span("numbers")
    parents = {(span.name, span.parent_id) for span in recorder.spans}
    assert parents == {("numbers", None), ("inside", stream.span_id), ("outside", None)}


@pytest.mark.parametrize("end", [lambda generator: generator.close(), lambda generator: None])
def test_abandoned_generator_is_recorded_without_error(
    recorder: Recorder, end: Callable[[Any], None]
) -> None:
    """Closing a generator early, or dropping it, is no error; its cleanup runs."""
    cleaned: list[bool] = []

    @traceable
    def numbers() -> Iterator[int]:
        try:
            yield from range(10)
        finally:
            cleaned.append(True)

    generator = numbers()
    next(generator)
    end(generator)
    del generator
    span = recorder.span("numbers")
    assert (span.status, outputs(span), cleaned) == ("ok", {"output": [0]}, [True])


def test_generator_that_fails(recorder: Recorder) -> None:
    """The error is recorded with the items that came before it."""

    @traceable
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(numbers())
    span = recorder.span("numbers")
    assert (span.status, outputs(span)) == ("error", {"output": [1]})


def test_reduce_fn(recorder: Recorder) -> None:
    """``reduce_fn`` makes the outputs of the items; when it fails, the items are recorded."""

    @traceable(reduce_fn="".join)
    def words() -> Iterator[str]:
        yield "a"
        yield "b"

    @traceable(reduce_fn=sum)
    def wrong() -> Iterator[str]:
        yield "a"

    assert (list(words()), list(wrong())) == (["a", "b"], ["a"])
    assert outputs(recorder.span("words")) == {"output": "ab"}
    assert outputs(recorder.span("wrong")) == {"output": ["a"]}


def test_coroutine_tasks_have_their_own_parents(recorder: Recorder) -> None:
    """Concurrent tasks do not see each other's spans."""

    @traceable
    async def leaf(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @traceable
    async def branch(n: int) -> int:
        await asyncio.sleep(0)
        return await leaf(n)

    async def main() -> list[int]:
        return await asyncio.gather(*(branch(n) for n in range(5)))

    assert asyncio.run(main()) == list(range(5))
    branches = {s.span_id: number(s) for s in recorder.spans if s.name == "branch"}
    leaves = {s.parent_id: number(s) for s in recorder.spans if s.name == "leaf"}
    assert leaves == branches


def test_cancelled_coroutine(recorder: Recorder) -> None:
    """A cancelled task is recorded as an error and stays cancelled."""

    @traceable
    async def forever() -> None:
        await asyncio.Event().wait()

    async def main() -> bool:
        task = asyncio.create_task(forever())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return task.cancelled()

    assert asyncio.run(main())
    assert (recorder.span("forever").error or "").startswith("CancelledError()")


def test_async_generator(recorder: Recorder) -> None:
    """Items are recorded, values are sent in, early ends are no errors."""

    @traceable
    async def echo() -> AsyncGenerator[str, str]:
        got = yield "first"
        yield got

    async def main() -> None:
        stream = echo()
        assert await anext(stream) == "first"
        assert await stream.asend("second") == "second"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        early = echo()
        await anext(early)
        await early.aclose()

    asyncio.run(main())
    spans = recorder.spans
    assert [outputs(s) for s in spans] == [{"output": ["first", "second"]}, {"output": ["first"]}]
    assert {s.status for s in spans} == {"ok"}


def test_threads(recorder: Recorder) -> None:
    """A bare thread starts a trace of its own; the context executor continues the caller's."""

    @traceable
    def leaf(n: int) -> int:
        return n

    @traceable
    def root() -> list[int]:
        thread = threading.Thread(target=leaf, args=(-1,))
        thread.start()
        thread.join()
        with ContextThreadPoolExecutor(2) as pool:
            return [*pool.map(leaf, range(3)), pool.submit(leaf, n=3).result()]

    assert root() == [0, 1, 2, 3]
    root_id = recorder.span("root").span_id
    parents = {number(s): s.parent_id for s in recorder.spans if s.name == "leaf"}
    assert parents == {-1: None, 0: root_id, 1: root_id, 2: root_id, 3: root_id}
