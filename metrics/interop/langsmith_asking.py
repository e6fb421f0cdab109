"""Call an evaluator written for LangSmith as LangSmith's SDK calls it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from evalhub._awaiting import await_result
from evalhub._functions import import_object
from evalhub.errors import MetricError
from evalhub.metrics.interop.source import function_path, parameters_of

__all__ = ["Asking"]

_ARGUMENTS = ("run", "example", "inputs", "outputs", "reference_outputs", "attachments")


@dataclass(frozen=True, slots=True)
class Asking:
    """An evaluator, and how it wants to be called."""

    call: Callable[..., Any]
    arguments: Mapping[str, bool]
    """What it takes of LangSmith's arguments, and whether it must have it."""
    is_positional: bool
    """Whether it takes run and example, whatever it calls them."""
    written: Any
    """What its author wrote, for signatures."""

    @classmethod
    def of(cls, evaluator: Any) -> Self:
        """Return how to ask *evaluator*, or what is at ``"package.module:name"``.

        Raises:
            ConfigError: there is no such module or name.
            MetricError: LangSmith would not take it either.
        """
        found = import_object(evaluator) if isinstance(evaluator, str) else evaluator
        if inspect.isclass(found) and hasattr(found, "evaluate_run"):
            found = found()
        if hasattr(found, "evaluate_run"):
            both = {"run": True, "example": True}
            return cls(found.evaluate_run, both, is_positional=True, written=_written(found))
        if not callable(found):
            raise MetricError(f"{found!r} is no evaluator; give a function or a RunEvaluator")
        return cls._of_function(found)

    @classmethod
    def _of_function(cls, function: Callable[..., Any]) -> Self:
        parameters = {
            name: parameter
            for name, parameter in parameters_of(function).items()
            if parameter.kind is not parameter.VAR_KEYWORD
        }
        needed = [name for name, item in parameters.items() if item.default is item.empty]
        known = {name: name in needed for name in parameters if name in _ARGUMENTS}
        strange = [name for name in needed if name not in _ARGUMENTS]
        if strange and len(needed) == 2:
            # The SDK's oldest form: two parameters of any name are run and example.
            both = {"run": True, "example": True}
            return cls(function, both, is_positional=True, written=function)
        if strange or not parameters:
            told = f"takes {strange[0]!r}" if strange else "takes nothing"
            raise MetricError(
                f"{function_path(function)} {told}; an evaluator takes {', '.join(_ARGUMENTS)}"
            )
        return cls(function, known, is_positional=False, written=function)

    def ask(self, run: Any, example: Any) -> Any:
        """Return what the evaluator says of *run* and *example*, awaited where it is async."""
        if self.is_positional:
            answer = self.call(run, example)
        else:
            args, keywords = self._given(run, example)
            answer = self.call(*args, **keywords)
        return await_result(answer) if inspect.iscoroutine(answer) else answer

    def _given(self, run: Any, example: Any) -> tuple[list[Any], dict[str, Any]]:
        values = {
            "run": run,
            "example": example,
            "inputs": example.inputs,
            "outputs": run.outputs,
            "reference_outputs": example.outputs or {},
            "attachments": example.attachments or {},
        }
        parameters = parameters_of(self.call)
        by_position = [
            name
            for name in self.arguments
            if parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY
        ]
        by_name = [name for name in self.arguments if name not in by_position]
        return [values[name] for name in by_position], {name: values[name] for name in by_name}


def _written(evaluator: Any) -> Any:
    """Return what stands behind *evaluator*: the function that ``@run_evaluator`` decorates.

    Where that takes ``outputs`` and the like, the SDK puts a function of its own around it.
    """
    inner = inspect.unwrap(evaluator)
    if getattr(inner, "__module__", "").startswith("langsmith.") and inspect.isfunction(inner):
        return inspect.getclosurevars(inner).nonlocals.get("func", inner)
    return inner
