"""Environment variables in suite files: ``${NAME}`` and ``${NAME:-default}``."""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from evalhub.evals.suites.yaml_lines import LinedYaml, Loc

__all__ = ["MATRIX", "at", "is_one_variable", "put", "put_environment", "texts"]

MATRIX = "matrix."
"""How the names of the matrix begin; they are put in later."""

_PLACE = re.compile(r"\$\$\{|\$\{(?P<inner>[^}]*)(?P<end>\}?)")
_VARIABLE = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:(?!\$\{).)*))?", re.DOTALL
)
_AXIS = re.compile(r"matrix\.[\w-]+")


def put_environment(document: LinedYaml, environ: Mapping[str, str] | None = None) -> LinedYaml:
    """Return *document* with the variables' values in its texts.

    ``$${`` is how a text says ``${``. All values are texts still; which of them are to be
    numbers shows when the document is validated.

    Args:
        document: What was parsed.
        environ: Variables to read instead of ``os.environ``.

    Raises:
        SuiteError: a variable is not set and has no default, or is none.
    """
    env = os.environ if environ is None else environ
    value, written = document.value, dict(document.written)
    for loc, text in texts(document.value):
        if "${" not in text:
            continue
        filled = _filled(document, loc, text, env)
        if _names_a_variable(text):
            written[loc] = text
        value = put(value, loc, filled)
    return replace(document, value=value, written=written)


def texts(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Yield every text in *value*, and where it lies; keys are none."""
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, (*loc, key if isinstance(key, str) else str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, (*loc, index))


def at(value: Any, loc: Loc) -> Any:
    """Return the part of *value* at *loc*."""
    for step in loc:
        value = value[_key(value, step)]
    return value


def put(value: Any, loc: Loc, new: Any) -> Any:
    """Return *value* with *new* at *loc*; *value* itself stays as it is."""
    if not loc:
        return new
    copied, key = value.copy(), _key(value, loc[0])
    copied[key] = put(value[key], loc[1:], new)
    return copied


def _key(value: Any, step: str | int) -> Any:
    """Return *step* as *value* has it: a YAML key may be a number, a step of it is a text."""
    if isinstance(value, list) or step in value:
        return step
    return next(key for key in value if str(key) == step)


def is_one_variable(text: str) -> bool:
    """Return whether *text* is a placeholder and nothing else."""
    found = _PLACE.fullmatch(text.strip())
    return found is not None and found["inner"] is not None


def _names_a_variable(text: str) -> bool:
    inner = [found["inner"] for found in _PLACE.finditer(text)]
    return any(item is not None and not _AXIS.fullmatch(item) for item in inner)


def _filled(document: LinedYaml, loc: Loc, text: str, env: Mapping[str, str]) -> str:
    return _PLACE.sub(_value_of(document, loc, env), text)


def _value_of(
    document: LinedYaml, loc: Loc, env: Mapping[str, str]
) -> Callable[[re.Match[str]], str]:
    def value(found: re.Match[str]) -> str:
        inner = found["inner"]
        if inner is None:
            return "${"
        if _AXIS.fullmatch(inner) and found["end"]:
            return found[0]
        named = _VARIABLE.fullmatch(inner) if found["end"] else None
        if named is None:
            raise document.error(
                f"{found[0]!r} is no variable; write ${{NAME}} or ${{NAME:-default}}, "
                "and $${ for the text ${",
                *loc,
            )
        default = named["default"]
        got = env.get(named["name"])
        if default is not None and not got:
            return default
        if got is None:
            name = named["name"]
            raise document.error(
                f"the environment has no {name!r}; set it, or write ${{{name}:-default}}", *loc
            )
        return got

    return value
