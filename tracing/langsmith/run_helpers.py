"""What ``langsmith.run_helpers`` has."""

import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, TypedDict

from evalhub.tracing.ambient import get_tracing_context, tracing_context
from evalhub.tracing.block import TraceBlock
from evalhub.tracing.block import trace as open_block
from evalhub.tracing.context import CURRENT
from evalhub.tracing.decorator import ensure_traceable, is_traceable_function, traceable
from evalhub.tracing.parents import parent_span
from evalhub.tracing.run_tree import RunTree, get_current_run_tree
from evalhub.tracing.runnable import as_runnable

__all__ = [
    "LangSmithExtra",
    "SupportsLangsmithExtra",
    "as_runnable",
    "ensure_traceable",
    "get_current_run_tree",
    "get_run_tree_context",
    "get_tracing_context",
    "is_async",
    "is_traceable_function",
    "set_run_metadata",
    "set_tracing_parent",
    "trace",
    "traceable",
    "tracing_context",
]

_log = logging.getLogger("evalhub.tracing")

get_run_tree_context = get_current_run_tree


class LangSmithExtra(TypedDict, total=False):
    """What a traced call takes as ``langsmith_extra``."""

    name: str | None
    reference_example_id: Any
    run_extra: dict[str, Any] | None
    parent: Any
    run_tree: Any
    project_name: str | None
    metadata: dict[str, Any] | None
    tags: list[str] | None
    run_id: Any
    client: Any
    on_end: Callable[[RunTree], Any] | None


class SupportsLangsmithExtra(Protocol):
    """A function decorated by ``traceable``."""

    def __call__(
        self, *args: Any, langsmith_extra: LangSmithExtra | None = None, **kwargs: Any
    ) -> Any:
        """Call the function."""


class _RunBlock:
    """The block of :func:`trace`: its run is a RunTree."""

    def __init__(self, block: TraceBlock) -> None:
        self._block = block
        self.new_run: RunTree | None = None

    def __enter__(self) -> RunTree:
        self.new_run = RunTree.of(self._block.__enter__())
        return self.new_run

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._block.__exit__(kind, error, traceback)

    async def __aenter__(self) -> RunTree:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._block.__exit__(kind, error, traceback)


def trace(name: str, run_type: str = "chain", **options: Any) -> _RunBlock:
    """Record a block of code as a run, as ``evalhub.tracing.trace`` does; the run is a RunTree."""
    return _RunBlock(open_block(name, run_type, **options))


@contextmanager
def set_tracing_parent(run_tree: Any) -> Iterator[None]:
    """Make *run_tree* the parent of what is traced in the block."""
    before = CURRENT.get()
    CURRENT.set(parent_span(run_tree))
    try:
        yield
    finally:
        CURRENT.set(before)


def set_run_metadata(**metadata: Any) -> None:
    """Add *metadata* to the current run."""
    run = get_current_run_tree()
    if run is None:
        _log.warning("set_run_metadata was called where no run is open")
    else:
        run.add_metadata(metadata)


def is_async(function: Callable[..., Any]) -> bool:
    """Say whether *function*, or what it wraps, is a coroutine function."""
    inner = getattr(function, "__wrapped__", None)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(inner)
