"""Calls that fail, are cancelled, or raise what is handled: both SDKs record the same."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

import asyncio
from collections.abc import Callable
from typing import Any

import pytest


def failing(sdk: Any) -> Any:
    """An error in a child passes through its parent."""

    @sdk.traceable
    def child() -> None:
        raise ValueError("boom")

    @sdk.traceable
    def root() -> None:
        child()

    with pytest.raises(ValueError, match="boom"):
        root()


def caught(sdk: Any) -> Any:
    """An error that the parent catches is the child's only."""

    @sdk.traceable
    def child() -> None:
        raise KeyError("k")

    @sdk.traceable
    def root() -> str:
        try:
            child()
        except KeyError:
            return "saved"
        return ""

    return root()


def system_exit(sdk: Any) -> Any:
    """Exceptions that are no Exception are errors too."""

    @sdk.traceable
    def leave() -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        leave()


def failing_coroutine(sdk: Any) -> Any:
    """A coroutine that raises."""

    @sdk.traceable
    async def child() -> None:
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        asyncio.run(child())


def cancelled(sdk: Any) -> Any:
    """A cancelled task is an error."""

    @sdk.traceable
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(wait(), 0.05)

    asyncio.run(main())


def handled(sdk: Any) -> Any:
    """``exceptions_to_handle``: raised, and no error."""

    @sdk.traceable(exceptions_to_handle=(ValueError,))
    def skip(error: str) -> None:
        raise ValueError(error) if error == "a" else KeyError(error)

    with pytest.raises(ValueError, match="a"):
        skip("a")
    with pytest.raises(KeyError):
        skip("b")


def handled_alone(sdk: Any) -> Any:
    """``exceptions_to_handle`` may be one class."""

    @sdk.traceable(exceptions_to_handle=ValueError)
    def work() -> None:
        raise ValueError("expected")

    with pytest.raises(ValueError, match="expected"):
        work()


PROGRAMS = [
    failing,
    caught,
    system_exit,
    failing_coroutine,
    cancelled,
    handled,
    handled_alone,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_failures(program: Callable[[Any], Any], compare: Callable[..., None]) -> None:
    """The program's result and every recorded call are the same under both SDKs."""
    compare(program)
