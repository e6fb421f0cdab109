"""What ``traceable`` is told: both SDKs record the same."""

# The programs are decorated by either SDK, whose overloads differ: not typed by them.
# mypy: disallow-untyped-decorators=False, warn-return-any=False

import asyncio
from collections.abc import Callable
from typing import Any

import pytest


def processed(sdk: Any) -> Any:
    """What is recorded may differ from what is passed."""

    @sdk.traceable(
        process_inputs=lambda given: {"n": len(given["text"])},
        process_outputs=lambda out: {"length": len(out)},
    )
    def function(text: str) -> str:
        return text

    return function("abc")


def processed_to_a_text(sdk: Any) -> Any:
    """``process_outputs`` may return something that is no dict."""

    @sdk.traceable(process_outputs=str.upper)
    def function(text: str) -> str:
        return text

    return function("abc")


def named_and_tagged(sdk: Any) -> Any:
    """Name, tags and metadata of the decorator; children have them too."""

    @sdk.traceable(tags=["c"], metadata={"a": 3, "c": 3})
    def child() -> None: ...

    @sdk.traceable(name="top", tags=["a", "b"], metadata={"a": 1, "b": [2]})
    def root() -> None:
        child()

    root()
    child()


def project(sdk: Any) -> Any:
    """A project is the whole trace's: a child's own is not used."""

    @sdk.traceable(project_name="theirs")
    def child() -> None: ...

    @sdk.traceable(project_name="mine")
    def root() -> None:
        child()

    root()
    child()


def invocation_params(sdk: Any) -> Any:
    """``_invocation_params_fn`` makes metadata of the inputs."""

    @sdk.traceable(_invocation_params_fn=lambda given: {"ls_model_name": given["m"], "x": None})
    def function(m: str) -> None: ...

    function("gpt")


def ensured(sdk: Any) -> Any:
    """``ensure_traceable`` decorates once."""

    def function(n: int) -> int:
        return n

    once = sdk.ensure_traceable(function, name="once", tags=["t"])
    twice = sdk.ensure_traceable(once)
    return twice(1), once is twice, sdk.is_traceable_function(function)


def run_tree_argument(sdk: Any) -> Any:
    """A function with the parameter ``run_tree`` is given its own run."""

    @sdk.traceable
    def function(q: str, run_tree: Any) -> str:
        run_tree.add_tags(["t"])
        run_tree.add_metadata({"m": 1})
        return str(run_tree.name)

    return function("q")


def run_tree_default(sdk: Any) -> Any:
    """So is one whose ``run_tree`` has a default, which is among the inputs."""

    @sdk.traceable
    async def function(q: str, run_tree: Any = None) -> bool:
        return run_tree is not None

    return asyncio.run(function("q"))


PROGRAMS = [
    processed,
    processed_to_a_text,
    named_and_tagged,
    project,
    invocation_params,
    ensured,
    run_tree_argument,
    run_tree_default,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_settings(program: Callable[[Any], Any], compare: Callable[..., None]) -> None:
    """The program's result and every recorded call are the same under both SDKs."""
    compare(program)
