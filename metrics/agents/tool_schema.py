"""Whether tools were called as their definitions say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from evalhub.errors import MetricError
from evalhub.metrics.agents.calls import ToolCall, call_results
from evalhub.metrics.base import ScoreColumn, signature
from evalhub.metrics.columns import Scored, Unscored, score_column
from evalhub.metrics.structure.schema import Schema, TooDeepError, make_schema, read_source
from evalhub.model import ScoreState

__all__ = ["ToolSchema"]

_SCHEMA_KEYS = ("parameters", "input_schema", "inputSchema")


@dataclass(frozen=True, slots=True)
class ToolSchema:
    """Share of the calls that name a tool there is, with arguments that keep to its schema.

    The explanation says what is wrong first. An output without a call is skipped.

    Args:
        tools: A mapping of tool names to the JSON schemas of their arguments; or the list of tools
            that is given to the model, in the form of OpenAI, Anthropic or MCP; or the path
            of a JSON file that holds either.

    Raises:
        MetricError: *tools* holds no definition, or one is no JSON schema.
        MissingExtraError: the ``metrics`` extra is not installed.
    """

    tools: Mapping[str, Mapping[str, Any]] | Sequence[Mapping[str, Any]] | str
    _schemas: Mapping[str, Schema] = field(init=False, repr=False, compare=False)

    version: ClassVar[int] = 1
    name: ClassVar[str] = "tool_schema"
    requires: ClassVar[tuple[str, ...]] = ("tool_calls",)

    def __post_init__(self) -> None:
        given = read_source(self.tools) if isinstance(self.tools, str) else self.tools
        if not isinstance(given, Mapping | Sequence) or isinstance(given, str) or not given:
            raise MetricError(f"tools is {given!r}; give the tools that may be called")
        schemas = given if isinstance(given, Mapping) else _definitions(given)
        made = {name: make_schema(schema) for name, schema in schemas.items()}
        object.__setattr__(self, "_schemas", made)

    @property
    def signature(self) -> str:
        """Name, each tool with its schema's hash, and version."""
        tools = "+".join(
            f"{name}@{self._schemas[name].fingerprint}" for name in sorted(self._schemas)
        )
        return signature(self.name, version=self.version, tools=tools)

    def score_batch(self, tool_calls: Sequence[Sequence[Any] | None]) -> dict[str, ScoreColumn]:
        """Score the calls of each output."""
        results = call_results(tool_calls, self._score)
        return {self.name: score_column(self.name, self.signature, results)}

    def _score(self, calls: Sequence[ToolCall]) -> Scored | Unscored:
        if not calls:
            return Unscored(ScoreState.SKIPPED, "there is no tool call")
        try:
            wrong = [error for error in map(self._error, calls) if error is not None]
        except TooDeepError as error:
            return Unscored(ScoreState.ERRORED, str(error))
        return Scored(1 - len(wrong) / len(calls), wrong[0] if wrong else None)

    def _error(self, call: ToolCall) -> str | None:
        if call.name not in self._schemas:
            return f"there is no tool {call.name}"
        if call.error is not None:
            return call.error
        error = self._schemas[call.name].first_error(dict(call.arguments or {}))
        return None if error is None else f"{call.name} {error}"


def _definitions(tools: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    schemas: dict[str, Mapping[str, Any]] = {}
    for name, schema in map(_definition, tools):
        if name in schemas:
            raise MetricError(f"the tool {name!r} is defined twice; leave one of them out")
        schemas[name] = schema
    return schemas


def _definition(tool: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise MetricError(f"{tool!r} is no definition of a tool; it needs a name")
    given = (inner[key] for key in _SCHEMA_KEYS if inner.get(key) is not None)
    schema: Mapping[str, Any] = next(given, {})
    return inner["name"], schema
