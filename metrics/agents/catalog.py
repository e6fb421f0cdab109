"""The metrics of this room, by name."""

from collections.abc import Mapping

from evalhub.metrics.entry import Entry

__all__ = ["CATALOG"]

_ROOM = "evalhub.metrics.agents"
_CALLS = ("tool_calls",)
_BOTH = ("tool_calls", "expected_tool_calls")

CATALOG: Mapping[str, Entry] = {
    "tool_selection": Entry(
        f"{_ROOM}.tool_selection:ToolSelection",
        _BOTH,
        "F-measure of the tools that were called",
    ),
    "tool_arguments": Entry(
        f"{_ROOM}.tool_arguments:ToolArguments",
        _BOTH,
        "share of the expected arguments that are right",
    ),
    "tool_order": Entry(
        f"{_ROOM}.tool_order:ToolOrder",
        _BOTH,
        "share of the expected calls that came in their order",
    ),
    "trajectory": Entry(
        f"{_ROOM}.trajectory:Trajectory",
        _BOTH,
        "1 where the calls match: strict, unordered, subset or superset",
        "LangChain AgentEvals, trajectory match",
    ),
    "steps": Entry(
        f"{_ROOM}.steps:StepEfficiency",
        _BOTH,
        "expected number of calls over the number there was",
    ),
    "unique_calls": Entry(
        f"{_ROOM}.steps:UniqueCalls",
        _CALLS,
        "share of the calls that repeat no earlier one",
    ),
    "tool_schema": Entry(
        f"{_ROOM}.tool_schema:ToolSchema",
        _CALLS,
        "share of the calls that keep to the tools' definitions",
        "https://json-schema.org",
        modules=("jsonschema",),
        extra="metrics",
        paths=("tools",),
    ),
}
