"""An assistant that finds its tool calls with patterns, in place of a model."""

import re
from typing import Any

PATTERNS = (
    (re.compile(r"timer for (\d+) minutes"), "set_timer", "minutes", int),
    (re.compile(r"weather in (\w+)"), "get_weather", "city", str),
    (re.compile(r"add (\w+) to my list", re.IGNORECASE), "add_item", "item", str),
)


def act(request: str) -> dict[str, Any]:
    """Return what is said and the tools that are called."""
    calls = [
        {"name": name, "arguments": {argument: kind(found[1])}}
        for pattern, name, argument, kind in PATTERNS
        for found in pattern.finditer(request)
    ]
    return {"text": f"{len(calls)} done", "tool_calls": calls}
