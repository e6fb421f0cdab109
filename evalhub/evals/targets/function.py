"""A function of the user's as a target."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from evalhub._awaiting import await_result
from evalhub._functions import import_function
from evalhub.evals.targets.base import TargetOutput
from evalhub.evals.targets.outputs import as_output
from evalhub.evals.targets.source_code import code_digest

__all__ = ["FunctionTarget"]


class FunctionTarget:
    """Calls a function of the user's with the example's inputs as keywords.

    The function may be async, and may return a text, a :class:`TargetOutput`, or a
    mapping as :func:`~evalhub.evals.targets.outputs.as_output` takes it. One that takes a
    single parameter called ``inputs`` gets the whole mapping.
    """

    def __init__(self, function: str | Callable[..., Any], *, name: str | None = None) -> None:
        """Wrap *function*, a callable or ``"package.module:function"``.

        Raises:
            ConfigError: the name cannot be imported, or is not callable.
        """
        self._function = import_function(function) if isinstance(function, str) else function
        self.name: str = name or getattr(self._function, "__name__", "") or repr(function)
        self._takes_mapping = _parameters(self._function) == ["inputs"]

    @property
    def code(self) -> dict[str, str]:
        """What tells one version of the function's code from another; empty when unknown."""
        digest = code_digest(self._function)
        return {} if digest is None else {"code_sha256": digest}

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Call the function with *inputs*.

        Raises:
            TypeError: the function returned something that is not an output.
        """
        result = self._function(inputs) if self._takes_mapping else self._function(**inputs)
        if inspect.iscoroutine(result):
            result = await_result(result)
        return as_output(result)


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some builtins have no signature
        return []
