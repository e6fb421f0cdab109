"""Targets: what an evaluation calls, a function or a prompt for a model."""

import asyncio
import atexit
import importlib
import inspect
import string
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from evalhub.errors import ConfigError
from evalhub.llm.client import ChatClient

__all__ = ["FunctionTarget", "PromptTarget", "Target", "TargetOutput", "import_function"]


@dataclass(frozen=True, slots=True)
class TargetOutput:
    """What a target gave for one example."""

    text: str
    """What metrics score."""
    contexts: tuple[str, ...] = ()
    """Texts of the chunks it had retrieved, best first."""
    retrieved_ids: tuple[str, ...] = ()
    """Their ids, best first."""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """Tools it called, in order: mappings with ``name`` and ``arguments``."""


class Target(Protocol):
    """Something to evaluate. It is called from several threads at once."""

    @property
    def name(self) -> str:
        """Short name, as in suite files and reports."""

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Answer *inputs*; whatever it raises becomes that example's error."""


class FunctionTarget:
    """Calls a function of the user's with the example's inputs as keywords.

    The function may be async, and may return a text, a :class:`TargetOutput`, or a
    mapping with ``text`` (or ``output`` or ``answer``) and, when it retrieves,
    ``contexts`` and ``retrieved_ids``, or ``tool_calls``. One that takes a single parameter called
    ``inputs`` gets the whole mapping.
    """

    def __init__(self, function: str | Callable[..., Any], *, name: str | None = None) -> None:
        """Wrap *function*, a callable or ``"package.module:function"``.

        Raises:
            ConfigError: the name cannot be imported, or is not callable.
        """
        self._function = import_function(function) if isinstance(function, str) else function
        self.name: str = name or getattr(self._function, "__name__", "") or repr(function)
        self._takes_mapping = _parameters(self._function) == ["inputs"]

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Call the function with *inputs*.

        Raises:
            TypeError: the function returned something that is not an output.
        """
        result = self._function(inputs) if self._takes_mapping else self._function(**inputs)
        if inspect.iscoroutine(result):
            result = _await(result)
        return _as_output(result)


@dataclass(frozen=True, slots=True)
class PromptTarget:
    """Fills a template with the example's inputs and asks a model.

    A template is text with ``{name}`` where an input goes; ``{{`` and ``}}`` stand
    for braces. Nothing else is evaluated: no attributes, indexes or expressions,
    and braces inside an input stay as they are.
    """

    name: str
    client: ChatClient
    template: str
    system: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    placeholders: frozenset[str] = field(init=False)
    """Inputs that the template needs."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "placeholders", _placeholders(self.template))

    def __call__(self, inputs: Mapping[str, Any]) -> TargetOutput:
        """Ask the model about *inputs*.

        Raises:
            ConfigError: the template needs an input that is not there.
            ModelError: the model gave no answer.
        """
        missing = sorted(self.placeholders - set(inputs))
        if missing:
            raise ConfigError(
                f"the prompt of {self.name!r} needs {missing[0]!r}, "
                f"which is not among the inputs: {', '.join(inputs)}"
            )
        messages = [{"role": "user", "content": self.template.format(**inputs)}]
        if self.system is not None:
            messages.insert(0, {"role": "system", "content": self.system})
        completion = self.client.complete(
            messages, max_tokens=self.max_tokens, temperature=self.temperature
        )
        return TargetOutput(completion.text)


def import_function(path: str) -> Callable[..., Any]:
    """Return the callable at ``"package.module:function"``.

    Raises:
        ConfigError: there is no such module or function; an error raised while the
            module is imported is quoted.
    """
    module_name, _, attribute = path.partition(":")
    if not module_name or not attribute:
        raise ConfigError(f"{path!r} is not a function; write it as package.module:function")
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except AttributeError:
        raise ConfigError(f"{module_name} has no {attribute!r}; check the name") from None
    except Exception as error:
        raise ConfigError(
            f"cannot import {module_name!r}: {type(error).__name__}: {error}; "
            "it is looked for in the working folder and among the installed packages"
        ) from error
    if not callable(found):
        raise ConfigError(f"{path!r} is {type(found).__name__}, which cannot be called")
    return found  # type: ignore[no-any-return]  # callable() leaves Any


def _parameters(function: Callable[..., Any]) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # some builtins have no signature
        return []


def _as_output(result: Any) -> TargetOutput:
    if isinstance(result, TargetOutput):
        return result
    if isinstance(result, str):
        return TargetOutput(result)
    if isinstance(result, Mapping):
        text = next((result[key] for key in ("text", "output", "answer") if key in result), None)
        if isinstance(text, str):
            return TargetOutput(
                text,
                contexts=tuple(str(item) for item in result.get("contexts") or ()),
                retrieved_ids=tuple(str(item) for item in result.get("retrieved_ids") or ()),
                tool_calls=tuple(map(_as_tool_call, result.get("tool_calls") or ())),
            )
        raise TypeError(f"the target returned keys {sorted(map(str, result))}, none a 'text'")
    raise TypeError(f"the target returned {type(result).__name__}; return str or TargetOutput")


def _as_tool_call(call: Any) -> Mapping[str, Any]:
    if isinstance(call, str):
        return {"name": call}
    if isinstance(call, Mapping) and isinstance(call.get("name"), str):
        return call
    raise TypeError(f"the target returned the tool call {call!r}; give name and arguments")


def _placeholders(template: str) -> frozenset[str]:
    try:
        fields = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"the prompt cannot be read: {error}; write {{{{ for a brace") from None
    names = {name for _, name, _, _ in fields if name is not None}
    for _, name, spec, conversion in fields:
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise ConfigError(
                f"the prompt has {{{name}}}, which is not the name of an input; "
                "write {{ and }} for braces"
            )
    return frozenset(names)


@cache
def _event_loop() -> asyncio.AbstractEventLoop:
    """Start the one loop that all async targets share.

    One loop for the whole process, because an async client that the user made once
    keeps connections that belong to the loop of its first call.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="evalhub-targets", daemon=True)
    thread.start()

    def stop() -> None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(1.0)
        if not loop.is_running():
            loop.close()

    atexit.register(stop)
    return loop


_starting = threading.Lock()


def _await(coroutine: Coroutine[Any, Any, Any]) -> Any:
    # The task copies this thread's context, so spans opened in it are children of
    # the span that is open here.
    with _starting:  # `cache` may run its function twice
        loop = _event_loop()
    return asyncio.run_coroutine_threadsafe(coroutine, loop).result()
