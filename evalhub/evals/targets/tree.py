"""Mappings and lists whose texts are templates: the body of a request, parts of a message."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalhub.evals.targets.templates import Syntax, Template

__all__ = ["TreeTemplate"]


@dataclass(frozen=True, slots=True)
class TreeTemplate:
    """A JSON value whose texts are templates.

    A text that is nothing but one input becomes that input with its type: a list stays a
    list. Keys are left as they are.

    Raises:
        ConfigError: a text cannot be read as a template.
    """

    value: Any
    syntax: Syntax = "braces"
    names: frozenset[str] = field(init=False)
    """Inputs that it needs."""
    _parsed: Any = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parsed = _parse(self.value, self.syntax)
        object.__setattr__(self, "_parsed", parsed)
        object.__setattr__(self, "names", _names(parsed))

    def fill(self, inputs: Mapping[str, Any]) -> Any:
        """Return the value with *inputs* in their places.

        Raises:
            ConfigError: an input is missing.
        """
        return _fill(self._parsed, inputs)


def _parse(value: Any, syntax: Syntax) -> Any:
    if isinstance(value, str):
        return Template(value, syntax)
    if isinstance(value, Mapping):
        return {key: _parse(item, syntax) for key, item in value.items()}
    return [_parse(item, syntax) for item in value] if isinstance(value, list | tuple) else value


def _names(parsed: Any) -> frozenset[str]:
    if isinstance(parsed, Template):
        return parsed.names
    if isinstance(parsed, dict | list):
        items = parsed.values() if isinstance(parsed, dict) else parsed
        return frozenset().union(*map(_names, items))
    return frozenset()


def _fill(parsed: Any, inputs: Mapping[str, Any]) -> Any:
    if isinstance(parsed, Template):
        alone = parsed.alone
        return parsed.fill(inputs) if alone is None or alone not in inputs else inputs[alone]
    if isinstance(parsed, dict):
        return {key: _fill(item, inputs) for key, item in parsed.items()}
    return [_fill(item, inputs) for item in parsed] if isinstance(parsed, list) else parsed
