"""``as_runnable``: a traceable function as a LangChain runnable."""

import inspect
from collections.abc import Callable
from typing import Any

from evalhub._optional import require
from evalhub.tracing.decorator import is_traceable_function

__all__ = ["as_runnable"]


def as_runnable(traceable_fn: Callable[..., Any]) -> Any:
    """Return a ``RunnableLambda`` that calls *traceable_fn* with its input's items as arguments.

    Raises:
        MissingExtraError: langchain-core is not installed.
        ValueError: the function is not decorated by ``traceable``.
    """
    runnables = require("langchain_core.runnables", extra="langchain")
    if not is_traceable_function(traceable_fn):
        raise ValueError(
            f"as_runnable takes a function decorated by traceable, not {traceable_fn!r}"
        )
    name = getattr(traceable_fn, "__name__", type(traceable_fn).__name__)
    if inspect.iscoroutinefunction(traceable_fn):
        return runnables.RunnableLambda(_refuse, afunc=_async_call(traceable_fn), name=name)

    def call(inputs: dict[str, Any]) -> Any:
        return traceable_fn(**inputs)

    return runnables.RunnableLambda(call, name=name)


def _async_call(function: Callable[..., Any]) -> Callable[[dict[str, Any]], Any]:
    async def call(inputs: dict[str, Any]) -> Any:
        return await function(**inputs)

    return call


def _refuse(inputs: dict[str, Any]) -> Any:
    raise TypeError("the function is async: use ainvoke, abatch or astream")
