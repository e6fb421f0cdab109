"""Say which code a function is, for signatures."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from evalhub._functions import import_function
from evalhub.errors import MetricError
from evalhub.metrics.code_hash import innermost

__all__ = [
    "found",
    "function_name",
    "function_path",
    "options_text",
    "parameters_of",
    "settings_given",
]


def found(function: str | Callable[..., Any]) -> Callable[..., Any]:
    """Return the callable that *function* is or names, as ``"package.module:function"``.

    Raises:
        ConfigError: the name cannot be imported.
        MetricError: it is not a callable.
    """
    if isinstance(function, str):
        return import_function(function)
    if not callable(function):
        raise MetricError(f"{function!r} cannot be called; give a function or its name")
    return function


def function_name(function: Callable[..., Any]) -> str:
    """Return what *function* is called: that of a partial is its function's.

    Raises:
        MetricError: it has no name, as a lambda has none.
    """
    inner = innermost(function)
    name = getattr(inner, "__name__", None) or type(inner).__name__
    if name == "<lambda>":
        raise MetricError("a lambda has no name that signatures could tell; give it one with name")
    return str(name)


def function_path(function: Callable[..., Any]) -> str:
    """Return ``package.module:function``, where *function* was defined."""
    inner = innermost(function)
    name = getattr(inner, "__qualname__", None) or type(inner).__qualname__
    return f"{inner.__module__}:{name}"


def parameters_of(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """Return *function*'s parameters by name.

    Raises:
        MetricError: it does not say them, as some builtins do not.
    """
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise MetricError(
            f"{function!r} does not say its parameters; wrap it in a function that does"
        ) from None


def options_text(options: Mapping[str, Any]) -> str:
    """Return *options* as signatures show them: sorted, ``none`` where there is none."""
    return ",".join(f"{key}={value}" for key, value in sorted(options.items())) or "none"


def settings_given(**settings: object) -> dict[str, object]:
    """Return those of *settings* that are not None, as signatures show them.

    A setting that came later so leaves the signatures as they were where it is not used.
    """
    return {key: value for key, value in settings.items() if value is not None}
