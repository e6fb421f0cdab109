"""Read tool calls in the shapes that clients and frameworks give them.

A call is a name, or a mapping in one of these shapes:

- evalhub: ``{"name": ..., "arguments": {...}}``
- OpenAI chat completions: ``{"function": {"name": ..., "arguments": "JSON text"}}``
- OpenAI responses: ``{"type": "function_call", "name": ..., "arguments": "JSON text"}``
- Anthropic: ``{"type": "tool_use", "name": ..., "input": {...}}``
- LangChain: ``{"name": ..., "args": {...}}``
- Gemini: ``{"functionCall": {"name": ..., "args": {...}}}``; Bedrock: ``{"toolUse": {...}}``
- Vercel's AI SDK: ``{"toolName": ..., "input": {...}}``
- Pydantic AI: ``{"tool_name": ..., "args": {...}}``

A list of them may be the text of its JSON, as in a CSV file. Objects of the clients' own
classes are read through their ``model_dump``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from evalhub.errors import MetricInputError
from evalhub.metrics.columns import Unscored, column_lists
from evalhub.metrics.structure.json_text import NotJsonError, read_json
from evalhub.model import ScoreState

__all__ = ["ToolCall", "call_results", "pair_results", "read_calls"]

_T = TypeVar("_T")
_NO_CALLS = Unscored(ScoreState.ERRORED, "the target gave no list of tool calls")
_NOTHING_EXPECTED = Unscored(ScoreState.SKIPPED, "there are no expected tool calls")
_WRAPPERS = ("tool_call", "function", "functionCall", "function_call", "toolUse")
_NAME_KEYS = ("name", "toolName", "tool_name")
_ARGUMENT_KEYS = ("arguments", "args", "input", "parameters", "input_parameters")
_TOO_DEEP = Unscored(ScoreState.ERRORED, "the arguments are nested too deeply to be compared")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool."""

    name: str
    arguments: Mapping[str, Any] | None = None
    """None where only the name is known, or where the arguments could not be read."""
    error: str | None = None
    """Why the arguments could not be read: the model wrote no JSON object."""


def read_calls(calls: Sequence[Any]) -> list[ToolCall]:
    """Return *calls* in one shape.

    Raises:
        MetricInputError: *calls* is no list, or an item is in no shape that is known.
    """
    if isinstance(calls, str):
        calls = _of_json(calls)
    if isinstance(calls, bytes | Mapping) or not isinstance(calls, Sequence):
        raise MetricInputError(f"tool calls are {calls!r}; give a list of names or mappings")
    return [_read(index, call) for index, call in enumerate(calls)]


def _of_json(text: str) -> Any:
    try:
        calls = read_json(text)
    except NotJsonError as error:
        told = f"tool calls are {text[:40]!r}; give a list, or its JSON"
        raise MetricInputError(told) from error
    return {} if isinstance(calls, str) else calls


def call_results(
    calls: Sequence[Sequence[Any] | None], score: Callable[[list[ToolCall]], _T]
) -> list[_T | Unscored]:
    """Return *score* of the calls of each output; None, or what cannot be read, is errored."""
    (calls,) = column_lists(tool_calls=calls)
    rows = [_read_row(row, _NO_CALLS) for row in calls]
    return [row if isinstance(row, Unscored) else _guarded(score, row) for row in rows]


def pair_results(
    calls: Sequence[Sequence[Any] | None],
    expected: Sequence[Sequence[Any] | None],
    score: Callable[[list[ToolCall], list[ToolCall]], _T],
) -> list[_T | Unscored]:
    """Return *score* of the calls of each output and those that are expected.

    Where nothing is known of what is expected (None) the example is skipped; an empty list
    expects that there is no call.
    """
    calls, expected = column_lists(tool_calls=calls, expected_tool_calls=expected)
    return [_pair_result(*row, score) for row in zip(calls, expected, strict=True)]


def _pair_result(
    calls: Sequence[Any] | None,
    expected: Sequence[Any] | None,
    score: Callable[[list[ToolCall], list[ToolCall]], _T],
) -> _T | Unscored:
    got, wanted = _read_row(calls, _NO_CALLS), _read_row(expected, _NOTHING_EXPECTED)
    if isinstance(got, Unscored):
        return got
    return wanted if isinstance(wanted, Unscored) else _guarded(score, got, wanted)


def _guarded(score: Callable[..., _T], *calls: list[ToolCall]) -> _T | Unscored:
    try:
        return score(*calls)
    except RecursionError:
        return _TOO_DEEP


def _read_row(row: Sequence[Any] | None, absent: Unscored) -> list[ToolCall] | Unscored:
    if row is None:
        return absent
    try:
        return read_calls(row)
    except MetricInputError as error:
        return Unscored(ScoreState.ERRORED, str(error))


def _read(index: int, call: Any) -> ToolCall:
    if isinstance(call, str):
        return ToolCall(call)
    content = call.model_dump() if hasattr(call, "model_dump") else call
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    name = _first(content, _NAME_KEYS) if isinstance(content, Mapping) else None
    if not isinstance(name, str):
        raise MetricInputError(f"tool call {index} is {call!r}; give a name, or a mapping with one")
    arguments = _first(content, _ARGUMENT_KEYS)
    return ToolCall(name) if arguments is None else _with_arguments(name, arguments)


def _first(content: Mapping[str, Any], keys: Sequence[str]) -> Any:
    """Return what stands under the first of *keys* that says something."""
    return next((content[key] for key in keys if content.get(key) is not None), None)


def _with_arguments(name: str, arguments: Any) -> ToolCall:
    if isinstance(arguments, str):
        try:
            # A tool without parameters is called with an empty text.
            arguments = read_json(arguments) if arguments.strip() else {}
        except NotJsonError as error:
            return ToolCall(name, error=f"the arguments of {name} are {error}")
    if not isinstance(arguments, Mapping):
        kind = type(arguments).__name__
        return ToolCall(
            name, error=f"the arguments of {name} are of type {kind}, not a JSON object"
        )
    return ToolCall(name, {str(key): value for key, value in arguments.items()})
