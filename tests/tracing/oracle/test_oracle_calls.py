"""Calls of all kinds of functions: both SDKs record the same."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

import asyncio
import dataclasses
import enum
import functools
import threading
from collections.abc import Callable
from typing import Any

import pydantic
import pytest


def positional(sdk: Any) -> Any:
    """Positional and default arguments."""

    @sdk.traceable
    def function(a: int, b: int = 2, *rest: int, c: int = 3, **more: int) -> int:
        return a + b + c

    return function(1), function(1, 5, 6, 7, c=8, d=9), function(b=1, a=2)


def positional_only(sdk: Any) -> Any:
    """A positional-only name that comes back in the keywords."""

    @sdk.traceable
    def function(a: int, /, b: int, **more: int) -> dict[str, int]:
        return {"a": a, "b": b}

    return function(1, b=2), function(1, 2, z=3)


def keyword_only(sdk: Any) -> Any:
    """Keyword-only arguments, given or not."""

    @sdk.traceable
    def function(*, a: int, b: int | None = None) -> int:
        return a

    return function(a=1), function(a=1, b=2)


def missing_argument(sdk: Any) -> Any:
    """A call that lacks an argument: the others are recorded, and Python's error."""

    @sdk.traceable
    def function(a: int, b: int) -> None: ...

    with pytest.raises(TypeError):
        function(1)


def surplus_argument(sdk: Any) -> Any:
    """A call with too many arguments: recorded as they came."""

    @sdk.traceable
    def function(a: int) -> None: ...

    with pytest.raises(TypeError):
        function(1, 2)


def no_arguments(sdk: Any) -> Any:
    """Neither arguments nor a result."""

    @sdk.traceable
    def function() -> None: ...

    return function()


def nested(sdk: Any) -> Any:
    """Children below their parent, by kind and name."""

    @sdk.traceable(run_type="retriever", name="search")
    def find(q: str) -> list[str]:
        return [q]

    @sdk.traceable("tool")
    def use(q: str) -> None: ...

    @sdk.traceable
    def root(q: str) -> str:
        use(q)
        return find(q)[0]

    return root("x")


def recursive(sdk: Any) -> Any:
    """A function below itself."""

    @sdk.traceable
    def down(n: int) -> int:
        return n and down(n - 1)

    return down(3)


def methods(sdk: Any) -> Any:
    """``self`` is dropped."""

    class Bot:
        @sdk.traceable
        def ask(self, q: str) -> dict[str, str]:
            return {"a": q}

        @sdk.traceable
        async def later(self, q: str) -> str:
            return q

    return Bot().ask("hi"), asyncio.run(Bot().later("ho"))


def class_methods(sdk: Any) -> Any:
    """``cls`` is dropped."""

    class Bot:
        @classmethod
        @sdk.traceable
        def make(cls, q: str) -> str:
            return q

    return Bot.make("b"), Bot().make("c")


def static_methods(sdk: Any) -> Any:
    """Static methods have nothing to drop."""

    class Bot:
        @staticmethod
        @sdk.traceable
        def say(q: str) -> str:
            return q

    return Bot.say("c"), Bot().say("d")


def inherited_methods(sdk: Any) -> Any:
    """An overridden method and the one it calls."""

    class Base:
        @sdk.traceable(name="base")
        def run(self, n: int) -> int:
            return n

    class Child(Base):
        @sdk.traceable(name="child")
        def run(self, n: int) -> int:
            return super().run(n + 1)

    return Child().run(1)


def partials(sdk: Any) -> Any:
    """A partial: the name of its function, its own arguments among the inputs."""

    def power(base: int, exponent: int) -> int:
        return int(base**exponent)

    return sdk.traceable(functools.partial(power, exponent=3))(2)


def partial_of_traced(sdk: Any) -> Any:
    """A partial of a traced function."""

    @sdk.traceable
    def power(base: int, exponent: int) -> int:
        return int(base**exponent)

    return functools.partial(power, 2)(3), sdk.is_traceable_function(functools.partial(power, 2))


def callable_objects(sdk: Any) -> Any:
    """An object that can be called: the name of its class."""

    class Adder:
        def __call__(self, x: int) -> int:
            return x + 1

    return sdk.traceable(Adder())(1)


def lambdas(sdk: Any) -> Any:
    """A lambda, decorated by a call with options."""
    return sdk.traceable(lambda x: x + 1, name="plus")(1), sdk.traceable(lambda x: x)(2)


def decorated_twice(sdk: Any) -> Any:
    """Another decorator between: the name is kept."""

    def loud(function: Callable[..., str]) -> Callable[..., str]:
        @functools.wraps(function)
        def wrapper(*args: Any) -> str:
            return function(*args).upper()

        return wrapper

    @sdk.traceable
    @loud
    def say(q: str) -> str:
        return q

    return say("a")


def wrapped_coroutine(sdk: Any) -> Any:
    """A plain wrapper around a coroutine function is awaited."""

    async def inner(n: int) -> int:
        return n

    @functools.wraps(inner)
    def outer(n: int) -> Any:
        return inner(n)

    return asyncio.run(sdk.traceable(outer)(2))


def dataclass_arguments(sdk: Any) -> Any:
    """Dataclasses are recorded by their fields."""

    @dataclasses.dataclass
    class Point:
        x: int
        y: list[int]

    @sdk.traceable
    def function(point: Point) -> Any:
        return {"point": point}

    function(Point(1, [2]))


def pydantic_arguments(sdk: Any) -> Any:
    """Pydantic models are recorded by their fields; as the output without those that are None."""

    class Query(pydantic.BaseModel):
        text: str
        limit: int | None = None

    @sdk.traceable
    def function(text: str) -> Query:
        return Query(text=text)

    return function("q").text


def enums(sdk: Any) -> Any:
    """Members of an enumeration by value."""

    class Colour(enum.Enum):
        RED = "red"

    @sdk.traceable
    def function(colour: Colour) -> None: ...

    function(Colour.RED)


def outputs_of_all_shapes(sdk: Any) -> Any:
    """A dict as it is, anything else as ``output``."""

    @sdk.traceable
    def function(x: Any) -> Any:
        return x

    return [function(x) for x in ({"a": 1}, {}, [1, "two"], "three", 4, 5.5, None, True)]


def tuples(sdk: Any) -> Any:
    """A tuple becomes a list."""

    @sdk.traceable
    def function() -> Any:
        return 1, (2, 3)

    return function()


def changed_argument(sdk: Any) -> Any:
    """What a call does to its result afterwards is not recorded."""

    @sdk.traceable
    def function() -> list[int]:
        return [1]

    function().append(2)


def asynchronous(sdk: Any) -> Any:
    """Coroutines below each other."""

    @sdk.traceable
    async def leaf(n: int) -> int:
        await asyncio.sleep(0)
        return n

    @sdk.traceable
    async def root() -> list[int]:
        return list(await asyncio.gather(leaf(1), leaf(2)))

    return asyncio.run(root())


def threads(sdk: Any) -> Any:
    """The context executor hands the parent over; a bare thread begins a trace."""

    @sdk.traceable
    def leaf(n: int) -> int:
        return n

    @sdk.traceable
    def root() -> list[int]:
        thread = threading.Thread(target=leaf, args=(-1,))
        thread.start()
        thread.join()
        with sdk.ContextThreadPoolExecutor(2) as pool:
            return list(pool.map(leaf, [1, 2]))

    return root()


def to_thread(sdk: Any) -> Any:
    """``asyncio.to_thread`` keeps the parent."""

    @sdk.traceable
    def leaf(n: int) -> int:
        return n

    @sdk.traceable
    async def root() -> int:
        return await asyncio.to_thread(leaf, 1)

    return asyncio.run(root())


PROGRAMS = [
    positional,
    positional_only,
    keyword_only,
    missing_argument,
    surplus_argument,
    no_arguments,
    nested,
    recursive,
    methods,
    class_methods,
    static_methods,
    inherited_methods,
    partials,
    partial_of_traced,
    callable_objects,
    lambdas,
    decorated_twice,
    wrapped_coroutine,
    dataclass_arguments,
    pydantic_arguments,
    enums,
    outputs_of_all_shapes,
    tuples,
    changed_argument,
    asynchronous,
    threads,
    to_thread,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_calls(program: Callable[[Any], Any], compare: Callable[..., None]) -> None:
    """The program's result and every recorded call are the same under both SDKs."""
    compare(program)
