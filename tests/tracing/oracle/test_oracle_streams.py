"""Streams of all kinds: both SDKs record the same."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self

import pytest


def generators(sdk: Any) -> Any:
    """A generator's items are its outputs."""

    @sdk.traceable
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    return list(numbers(3)), list(numbers(0))


def reduced(sdk: Any) -> Any:
    """``reduce_fn`` makes the outputs; of no items it is not asked."""

    @sdk.traceable(reduce_fn=sum)
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    return list(numbers(3)), list(numbers(0))


def reduced_to_a_dict(sdk: Any) -> Any:
    """A dict that ``reduce_fn`` returns is the outputs."""

    @sdk.traceable(reduce_fn=lambda items: {"sum": sum(items), "usage_metadata": {}})
    def numbers(n: int) -> Iterator[int]:
        yield from range(n)

    return list(numbers(3))


def reduce_that_fails(sdk: Any) -> Any:
    """When ``reduce_fn`` fails, the items are recorded."""

    @sdk.traceable(reduce_fn=sum)
    def words() -> Iterator[str]:
        yield "a"

    return list(words())


def returning(sdk: Any) -> Any:
    """What a generator returns is counted among its items."""

    @sdk.traceable
    def numbers() -> Any:
        yield 1
        return "end"

    def outer(found: list[Any]) -> Any:
        found.append((yield from numbers()))

    found: list[Any] = []
    return list(outer(found)), found


def breaking(sdk: Any) -> Any:
    """A generator that fails is recorded with the items that came before."""

    @sdk.traceable
    def numbers() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(numbers())


def breaking_reduced(sdk: Any) -> Any:
    """So is one with ``reduce_fn``."""

    @sdk.traceable(reduce_fn=sum)
    def numbers() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(numbers())


def chunks(sdk: Any) -> Any:
    """``process_chunk`` changes what is recorded of each item."""

    @sdk.traceable(process_chunk=lambda item: item * 10)
    def numbers() -> Iterator[int]:
        yield from (1, 2)

    @sdk.traceable(process_chunk=lambda item: item * 10, reduce_fn=sum)
    async def later() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def main() -> list[int]:
        return [item async for item in later()]

    return list(numbers()), asyncio.run(main())


def processed(sdk: Any) -> Any:
    """``process_outputs`` is given the list of a generator's items."""

    @sdk.traceable(process_outputs=lambda items: {"count": len(items)})
    def numbers() -> Iterator[int]:
        yield from (1, 2)

    return list(numbers())


def tokens(sdk: Any) -> Any:
    """The first item of a model's stream is an event."""

    @sdk.traceable(run_type="llm")
    def words() -> Iterator[str]:
        yield "a"
        yield "b"

    return list(words())


def children(sdk: Any) -> Any:
    """What a generator calls is below it, what its consumer calls is not."""

    @sdk.traceable
    def leaf(n: int) -> int:
        return n

    @sdk.traceable
    def numbers() -> Iterator[int]:
        for n in range(2):
            yield leaf(n)

    @sdk.traceable
    def root() -> list[int]:
        return [leaf(n + 10) for n in numbers()]

    return root()


def asynchronous(sdk: Any) -> Any:
    """Async generators, with children."""

    @sdk.traceable
    async def leaf(n: int) -> int:
        return n

    @sdk.traceable
    async def stream(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield await leaf(i)

    @sdk.traceable
    async def root() -> int:
        return sum([item async for item in stream(2)])

    return asyncio.run(root())


def asynchronous_reduced(sdk: Any) -> Any:
    """Async generators with ``reduce_fn``, and one that fails."""

    @sdk.traceable(reduce_fn="".join)
    async def stream(fails: bool) -> AsyncIterator[str]:
        yield "a"
        yield "b"
        if fails:
            raise KeyError("x")

    async def main() -> None:
        assert [item async for item in stream(False)] == ["a", "b"]
        with pytest.raises(KeyError):
            assert [item async for item in stream(True)]

    asyncio.run(main())


class Stream:
    """A stream as providers have them: an iterator with attributes, and a context manager."""

    def __init__(self, n: int) -> None:
        self.items = iter(range(n))
        self.status = "open"

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return next(self.items)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.status = "closed"


class AsyncStream:
    """The same, async."""

    def __init__(self, n: int) -> None:
        self.items = iter(range(n))

    def __aiter__(self) -> "AsyncStream":
        return self

    async def __anext__(self) -> int:
        for item in self.items:
            return item
        raise StopAsyncIteration


def returned_stream(sdk: Any) -> Any:
    """A function with ``reduce_fn`` that returns a stream is open until it has been read."""

    @sdk.traceable(reduce_fn=sum)
    def create(n: int) -> Any:
        return Stream(n)

    stream = create(3)
    return stream.status, list(stream)


def returned_stream_by_next(sdk: Any) -> Any:
    """The stream may be read by ``next``."""

    @sdk.traceable(reduce_fn=sum)
    def create(n: int) -> Any:
        return Stream(n)

    stream = create(2)
    return next(stream), next(stream), next(stream, "end")


def returned_stream_in_a_block(sdk: Any) -> Any:
    """The stream may be left by its block."""

    @sdk.traceable(reduce_fn=sum)
    def create(n: int) -> Any:
        return Stream(n)

    with create(3) as stream:
        first = next(stream)
    return first, stream.status


def returned_value(sdk: Any) -> Any:
    """A function with ``reduce_fn`` that returns no stream."""

    @sdk.traceable(reduce_fn=sum)
    def create(n: int) -> Any:
        return n

    return create(3)


def returned_async_stream(sdk: Any) -> Any:
    """A coroutine function with ``reduce_fn`` that returns an async stream."""

    @sdk.traceable(reduce_fn=sum)
    async def create(n: int) -> Any:
        return AsyncStream(n)

    async def main() -> list[int]:
        return [item async for item in await create(3)]

    return asyncio.run(main())


def failing_before_stream(sdk: Any) -> Any:
    """A function with ``reduce_fn`` that raises."""

    @sdk.traceable(reduce_fn=sum)
    def create() -> Any:
        raise ValueError("no stream")

    with pytest.raises(ValueError, match="no stream"):
        create()


PROGRAMS = [
    generators,
    reduced,
    reduced_to_a_dict,
    reduce_that_fails,
    returning,
    breaking,
    breaking_reduced,
    chunks,
    processed,
    tokens,
    children,
    asynchronous,
    asynchronous_reduced,
    returned_stream,
    returned_stream_by_next,
    returned_stream_in_a_block,
    returned_value,
    returned_async_stream,
    failing_before_stream,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_streams(program: Callable[[Any], Any], compare: Callable[..., None]) -> None:
    """The program's result and every recorded stream are the same under both SDKs."""
    compare(program)
