"""``traceable`` against the installed langsmith SDK: the same calls give the same records."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

import asyncio
import inspect
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import langsmith
import pytest

from evalhub.tracing import traceable
from evalhub.tracing.testing import recording

Decorate = Any
"""``traceable`` of either SDK."""
Row = tuple[str, str, str | None, Any, Any, str | None]
"""Name, kind, parent's name, inputs, outputs, first line of the error."""


class CollectingClient(langsmith.Client):
    """A langsmith client that keeps what it would send (a fake: nothing leaves)."""

    def __init__(self) -> None:
        super().__init__(
            api_url="http://127.0.0.1:9", api_key="none", auto_batch_tracing=False, info={}
        )
        self.collected: dict[str, dict[str, Any]] = {}

    def create_run(self, name: str, inputs: Any, run_type: str, **kwargs: Any) -> None:
        """Keep the start of a run."""
        run = {"name": name, "inputs": _plain(inputs), "run_type": run_type, **kwargs}
        self.collected.setdefault(str(kwargs["id"]), {}).update(run)

    def update_run(self, run_id: Any, **kwargs: Any) -> None:
        """Keep the end of a run."""
        given = {key: value for key, value in kwargs.items() if value is not None}
        run = self.collected.setdefault(str(run_id), {})
        run.update({**given, "outputs": _plain(kwargs.get("outputs"))})


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=repr))


def positional(decorate: Decorate) -> Any:
    """Positional and default arguments."""

    @decorate
    def function(a: int, b: int = 2, *rest: int, c: int = 3, **more: int) -> int:
        return a + b + c

    return function(1), function(1, 5, 6, 7, c=8, d=9), function(b=1, a=2)


def positional_only(decorate: Decorate) -> Any:
    """A positional-only name that comes back in the keywords."""

    @decorate
    def function(a: int, /, b: int, **more: int) -> dict[str, int]:
        return {"a": a, "b": b}

    return function(1, b=2), function(1, 2, z=3)


def nested(decorate: Decorate) -> Any:
    """Children below their parent, by kind and name."""

    @decorate(run_type="retriever", name="search")
    def find(q: str) -> list[str]:
        return [q]

    @decorate("tool")
    def use(q: str) -> None: ...

    @decorate
    def root(q: str) -> str:
        use(q)
        return find(q)[0]

    return root("x")


def methods(decorate: Decorate) -> Any:
    """``self`` is dropped."""

    class Bot:
        @decorate
        def ask(self, q: str) -> dict[str, str]:
            return {"a": q}

    return Bot().ask("hi")


def failing(decorate: Decorate) -> Any:
    """An error in a child passes through its parent."""

    @decorate
    def child() -> None:
        raise ValueError("boom")

    @decorate
    def root() -> None:
        child()

    with pytest.raises(ValueError, match="boom"):
        root()


def streaming(decorate: Decorate) -> Any:
    """Generators, reduced or not."""

    @decorate
    def plain(n: int) -> Iterator[int]:
        yield from range(n)

    @decorate(reduce_fn=sum)
    def reduced(n: int) -> Iterator[int]:
        yield from range(n)

    return list(plain(3)), list(reduced(3))


def asynchronous(decorate: Decorate) -> Any:
    """Coroutines and async generators."""

    @decorate
    async def leaf(n: int) -> int:
        return n

    @decorate
    async def stream(n: int) -> AsyncIterator[int]:
        for i in range(n):
            yield await leaf(i)

    @decorate
    async def root() -> int:
        return sum([item async for item in stream(2)])

    return asyncio.run(root())


def processed(decorate: Decorate) -> Any:
    """What is recorded may differ from what is passed."""

    @decorate(
        process_inputs=lambda given: {"n": len(given["text"])},
        process_outputs=lambda out: {"length": len(out)},
    )
    def function(text: str) -> str:
        return text

    return function("abc")


PROGRAMS = [
    positional,
    positional_only,
    nested,
    methods,
    failing,
    streaming,
    asynchronous,
    processed,
]


def ours(program: Callable[[Decorate], Any]) -> tuple[Any, list[Row]]:
    """Run *program* under evalhub and return its result and what was recorded."""
    with recording() as recorder:
        result = program(traceable)
    names = {span.span_id: span.name for span in recorder.spans}
    rows: list[Row] = [
        (
            span.name,
            span.kind,
            names.get(span.parent_id or ""),
            json.loads(span.inputs or b"null"),
            json.loads(span.outputs or b"null"),
            span.error and span.error.splitlines()[0],
        )
        for span in recorder.spans
    ]
    return result, sorted(rows, key=repr)


def theirs(program: Callable[[Decorate], Any]) -> tuple[Any, list[Row]]:
    """Run *program* under langsmith and return its result and what was recorded."""
    client = CollectingClient()

    def decorate(*args: Any, **kwargs: Any) -> Any:
        if args and inspect.isroutine(args[0]):
            return langsmith.traceable(client=client)(*args)
        return langsmith.traceable(*args, client=client, **kwargs)

    with langsmith.tracing_context(enabled=True, client=client):
        result = program(decorate)
    names = {run_id: run["name"] for run_id, run in client.collected.items()}
    rows: list[Row] = [
        (
            run["name"],
            run["run_type"],
            names.get(str(run.get("parent_run_id"))),
            run["inputs"],
            # langsmith records {"output": None} for a call that raised; we record nothing.
            None if run.get("error") else run["outputs"],
            run.get("error") and run["error"].split("Traceback")[0].strip(),
        )
        for run in client.collected.values()
    ]
    return result, sorted(rows, key=repr)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_same_as_langsmith(program: Callable[[Decorate], Any]) -> None:
    """The program's result and every recorded call are the same under both SDKs."""
    assert ours(program) == theirs(program)
