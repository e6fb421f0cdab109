"""LangChain and LangGraph: record their runs as spans.

Call :func:`instrument_langchain` once, or pass an :class:`EvalhubCallbackHandler` in
``config={"callbacks": [...]}``; both at once record each run once.

A run's span id is its ``run_id``. A chain called in a traced function is its child, and
what is traced inside a chain, a tool or a graph's node is a child of that run.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from evalhub._optional import require
from evalhub.tracing.integrations.langchain_handler import EvalhubCallbackHandler

if TYPE_CHECKING:
    from contextvars import ContextVar

    from langchain_core.tracers.context import register_configure_hook
else:
    register_configure_hook = require(
        "langchain_core.tracers.context", extra="langchain"
    ).register_configure_hook

__all__ = ["EvalhubCallbackHandler", "instrument_langchain", "uninstrument_langchain"]


class _Installed:
    """What LangChain asks for the handler to add; as a ContextVar, but for all contexts."""

    def __init__(self) -> None:
        self.handler: EvalhubCallbackHandler | None = None
        self.is_known = False

    def get(self) -> EvalhubCallbackHandler | None:
        """Return the handler to add to every call, if any."""
        return self.handler


_installed = _Installed()


def instrument_langchain(
    *,
    project: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tags: Iterable[str] = (),
) -> None:
    """Record every LangChain and LangGraph call of this process; a second call replaces the first.

    Calls that are given an :class:`EvalhubCallbackHandler` of their own are recorded by that
    one only. The arguments are the handler's.
    """
    _installed.handler = EvalhubCallbackHandler(project=project, metadata=metadata, tags=tags)
    if not _installed.is_known:
        _installed.is_known = True
        hook = cast("ContextVar[Any]", _installed)
        register_configure_hook(hook, inheritable=True, handle_class=EvalhubCallbackHandler)


def uninstrument_langchain() -> None:
    """Stop adding the handler to calls; those that are running are recorded to their end."""
    _installed.handler = None
