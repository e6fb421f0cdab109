"""Functions that a setting may hold, and how a signature tells them apart."""

from collections.abc import Callable
from typing import Any

from evalhub._functions import import_function
from evalhub.errors import MetricError
from evalhub.metrics.code_hash import code_hash

__all__ = ["find_function", "function_label", "function_name"]


def find_function(
    setting: str, value: str | Callable[..., Any], known: tuple[str, ...]
) -> Callable[..., Any]:
    """Return *value*, or the function that it names as ``package.module:function``.

    Raises:
        MetricError: it is neither, or a lambda, whose name tells nothing; *known* are the
            other values that *setting* may have.
        ConfigError: there is no such function.
    """
    found = import_function(value) if isinstance(value, str) and ":" in value else value
    if isinstance(found, str) or not callable(found):
        raise MetricError(
            f"{setting} is {value!r}; use {', '.join(known)}, package.module:function or a function"
        )
    if "<lambda>" in function_name(found):
        raise MetricError(f"{setting} is a lambda; give a function with a name for the signature")
    return found


def function_label(function: str | Callable[..., Any]) -> str:
    """Return the name of *function*, given as itself or by it, and the hash of its source."""
    found = import_function(function) if isinstance(function, str) else function
    name = function if isinstance(function, str) else function_name(found)
    return f"{name}@{code_hash(found)}"


def function_name(function: Callable[..., Any]) -> str:
    """Return ``package.module:function``; of an object that can be called, its class."""
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}:{named.__qualname__}"
