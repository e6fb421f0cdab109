"""What ``langsmith.anonymizer`` has: functions that replace text in data of any shape."""

import re
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from evalhub.tracing.rules import MASKED

__all__ = ["ReplacerType", "StringNode", "StringNodeRule", "create_anonymizer"]


class StringNode(TypedDict):
    """One string of the data, and where it stands."""

    value: str
    path: list[str | int]


class StringNodeRule(TypedDict, total=False):
    """A pattern and what stands in the place of what it matches."""

    pattern: re.Pattern[str] | str
    replace: str | None


ReplacerType = Callable[[str, list[str | int]], str] | Sequence[StringNodeRule] | Any
"""A function of a string and its path, rules, or an object with ``mask_nodes``."""


def create_anonymizer(
    replacer: ReplacerType, *, max_depth: int | None = None
) -> Callable[[Any], Any]:
    """Return a function that gives a copy of its argument with text replaced by *replacer*.

    Give it to ``configure(mask=[...])``, ``process_inputs`` or ``Client(anonymizer=...)``.

    Args:
        replacer: See :data:`ReplacerType`.
        max_depth: Levels that are looked at (default 10); what is deeper is left out,
            where LangSmith's lets it through.
    """
    replace = _replacer(replacer)

    def anonymize(data: Any) -> Any:
        return _walk(data, [], replace, max_depth or 10)

    return anonymize


def _walk(value: Any, path: list[str | int], replace: Any, depth: int) -> Any:
    if isinstance(value, str):
        return replace(value, path)
    if not isinstance(value, dict | list | tuple):
        return value
    if depth <= 0:
        return MASKED
    if isinstance(value, dict):
        return {k: _walk(v, [*path, str(k)], replace, depth - 1) for k, v in value.items()}
    return [_walk(item, [*path, n], replace, depth - 1) for n, item in enumerate(value)]


def _replacer(replacer: ReplacerType) -> Callable[[str, list[str | int]], str]:
    if hasattr(replacer, "mask_nodes"):
        return _by_nodes(replacer)
    if callable(replacer):
        return replacer
    rules = [
        (re.compile(rule["pattern"]), rule.get("replace") or "[redacted]") for rule in replacer
    ]

    def by_rules(text: str, path: list[str | int]) -> str:
        for pattern, replacement in rules:
            text = pattern.sub("[redacted]" if replacement is None else replacement, text)
        return text

    return by_rules


def _by_nodes(processor: Any) -> Callable[[str, list[str | int]], str]:
    def by_nodes(text: str, path: list[str | int]) -> str:
        changed = processor.mask_nodes([{"value": text, "path": path}])
        return str(changed[0]["value"]) if changed else text

    return by_nodes
