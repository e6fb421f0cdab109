"""Texts in which an example's inputs are filled in: braces, or Jinja in a sandbox."""

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

import jinja2
from jinja2 import nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evalhub.errors import ConfigError

__all__ = ["Syntax", "Template"]

Syntax = Literal["braces", "jinja"]
"""How a template is written."""

_GUARDS = ("default", "d", "defined", "undefined")
"""Jinja filters and tests that ask whether a variable is there."""
_ALONE = {"braces": r"\{([^\W\d]\w*)\}", "jinja": r"\{\{-?\s*([^\W\d]\w*)\s*-?\}\}"}


@dataclass(frozen=True, slots=True)
class Template:
    """A text with places for inputs.

    With ``braces`` an input goes where ``{name}`` stands, and ``{{`` and ``}}`` are braces.
    Nothing else is evaluated: no attributes, indexes or expressions, and braces inside an
    input stay as they are. With ``jinja`` it is a Jinja template, run in Jinja's sandbox; a
    name that is not there is an error, unless the template asks whether it is defined.

    Raises:
        ConfigError: the template cannot be read.
    """

    text: str
    syntax: Syntax = "braces"
    names: frozenset[str] = field(init=False)
    """Inputs that it needs."""
    alone: str | None = field(init=False)
    """The name of the input that is the whole of it, or None."""

    def __post_init__(self) -> None:
        find = _brace_names if self.syntax == "braces" else _jinja_names
        object.__setattr__(self, "names", find(self.text))
        alone = re.fullmatch(_ALONE[self.syntax], self.text)
        object.__setattr__(self, "alone", None if alone is None else alone[1])

    def fill(self, inputs: Mapping[str, Any]) -> str:
        """Return the text with *inputs* in their places.

        Raises:
            ConfigError: an input is missing, or an expression in the template fails.
        """
        missing = sorted(self.names - set(inputs))
        if missing:
            raise ConfigError(
                f"the template needs {missing[0]!r}, which is not among the inputs: "
                f"{', '.join(map(str, inputs))}"
            )
        return self.text.format(**inputs) if self.syntax == "braces" else self._render(inputs)

    def _render(self, inputs: Mapping[str, Any]) -> str:
        try:
            return _compiled(self.text).render(inputs)
        except Exception as error:
            # The sandbox, a filter or an expression refuses: whatever the user wrote.
            raise ConfigError(f"the template fails: {type(error).__name__}: {error}") from error


def _brace_names(text: str) -> frozenset[str]:
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError as error:
        raise ConfigError(f"the template cannot be read: {error}; write {{{{ for a brace") from None
    names = {name for _, name, _, _ in fields if name is not None}
    for _, name, spec, conversion in fields:
        if name is not None and (not name.isidentifier() or spec or conversion):
            raise ConfigError(
                f"the template has {{{name}}}, which is not the name of an input; "
                "write {{ and }} for braces"
            )
    return frozenset(names)


def _jinja_names(text: str) -> frozenset[str]:
    try:
        tree = _environment().parse(text)
        _compiled(text)
    except jinja2.TemplateSyntaxError as error:
        raise ConfigError(
            f"the template cannot be read: line {error.lineno}: {error.message}"
        ) from None
    found = find_undeclared_variables(tree)
    if next(tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)), None):
        raise ConfigError("the template includes another one; put its text here")
    guarded = {
        name.name
        for guard in tree.find_all((nodes.Test, nodes.Filter))
        if guard.name in _GUARDS and guard.node is not None
        for name in ([guard.node] if isinstance(guard.node, nodes.Name) else [])
    }
    return frozenset(found - guarded)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)


@cache
def _compiled(text: str) -> jinja2.Template:
    return _environment().from_string(text)
