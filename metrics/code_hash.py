"""Tell two versions of one function apart, for signatures."""

import functools
import hashlib
import inspect
from collections.abc import Callable
from typing import Any

__all__ = ["code_hash", "innermost"]


def code_hash(function: Callable[..., Any]) -> str:
    """Return the first 12 digits of the SHA-256 of *function*'s source.

    The functions that it calls are not in it. With a partial its arguments are, with an object
    its class's source and what its repr tells of its state. Where there is no source,
    as for a builtin, the answer is ``unknown``.
    """
    inner, state = innermost(function), _state(function)
    if not (inspect.isroutine(inner) or inspect.isclass(inner)):
        inner = type(inner)
    try:
        source = inspect.getsource(inner)
    except (OSError, TypeError):
        return "unknown"
    return hashlib.sha256(f"{source}{state}".encode()).hexdigest()[:12]


def innermost(function: Callable[..., Any]) -> Any:
    """Return what *function* wraps, if it is a partial or decorated, else itself."""
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.unwrap(function)


def _state(function: Callable[..., Any]) -> str:
    if isinstance(function, functools.partial):
        bound = (function.args, sorted(function.keywords.items()))
        return f"{bound}{_state(function.func)}"
    # An object's own repr would be its address, which changes with each process.
    is_code = inspect.isroutine(function) or inspect.isclass(function)
    tells = getattr(type(function), "__repr__", None) is not getattr(object, "__repr__", None)
    return repr(function) if tells and not is_code else ""
