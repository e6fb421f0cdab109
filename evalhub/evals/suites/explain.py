"""Say in one line what is wrong with a document, and where."""

import difflib
import reprlib
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evalhub.errors import SuiteError
from evalhub.evals.suites.environment import at
from evalhub.evals.suites.yaml_lines import LinedYaml, Loc

__all__ = ["explain", "known", "models_in", "nearest"]

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


_KEY = "[key]"
"""How pydantic says that it means the key, and not what is under it."""


def explain(document: LinedYaml, error: ValidationError, model: type[BaseModel]) -> SuiteError:
    """Return *error*'s first complaint: the place, what is wrong, the nearest right key.

    Args:
        document: What was validated.
        error: What pydantic says.
        model: What the document should be.
    """
    # What is misspelt is also missing: the unknown key comes first.
    details = min(
        error.errors(),
        key=lambda item: (item["type"] == "missing", _order(document, _loc(document, item))),
    )
    loc = _loc(document, details)
    return document.error(_complaint(document, details, loc, model), *loc)


def known(document: LinedYaml, loc: Loc) -> Loc:
    """Return *loc* without the steps that pydantic adds for the members of unions."""
    found: Loc = ()
    value = document.value
    for step in loc:
        if isinstance(value, Mapping):
            if step not in value:
                continue
        elif not isinstance(value, list) or not isinstance(step, int):
            break
        name = step if isinstance(value, list) else str(step)
        found, value = (*found, name), value[step]
    return found


def nearest(name: str, choices: Sequence[str]) -> str:
    """Return the hint that a wrong *name* deserves: the nearest right one, or all of them."""
    near = difflib.get_close_matches(name, choices, n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(choices) or 'none'}"


def _loc(document: LinedYaml, details: ErrorDetails) -> Loc:
    """Return where the complaint is about; what is missing is not there, and still named."""
    if details["loc"][-1:] == (_KEY,):
        return (*known(document, details["loc"][:-2]), str(details["input"]))
    loc = known(document, details["loc"])
    return (*loc, details["loc"][-1]) if details["type"] == "missing" else loc


def _order(document: LinedYaml, loc: Loc) -> tuple[int, int]:
    place = document.place(loc)
    return (0, 0) if place is None else (place.line, place.column)


def _complaint(document: LinedYaml, details: ErrorDetails, loc: Loc, model: type[BaseModel]) -> str:
    kind, name = details["type"], str(loc[-1]) if loc else "the file"
    if kind == "extra_forbidden":
        return _unknown_key(name, details["loc"], model, at(document.value, loc[:-1]))
    if kind == "missing":
        parent = ".".join(str(step) for step in loc[:-1]) or "the suite"
        return f"{parent} lacks {name!r}"
    where = ".".join(str(step) for step in loc) or "the suite"
    if details["loc"][-1:] == (_KEY,):
        return _wrong_key(details)
    if kind in _KINDS:
        return f"{where} {_of_a_kind(details, _shown(document, details, loc))}"
    if kind == "value_error":
        return f"{where}: {details['msg'].removeprefix('Value error, ')}"
    message = details["msg"]
    return f"{where} is {_shown(document, details, loc)}: {message[:1].lower()}{message[1:]}"


def _of_a_kind(details: ErrorDetails, shown: str) -> str:
    wanted = _KINDS[details["type"]]
    if details["input"] is None:
        return f"has no value; give {wanted}, or leave the key out"
    hint = "; put it in quotes" if wanted == "a text" and _is_plain(details) else ""
    return f"must be {wanted}, not {shown}{hint}"


def _shown(document: LinedYaml, details: ErrorDetails, loc: Loc) -> str:
    """Return the value as the file has it: variables by name, never what they hold."""
    if loc in document.written:
        return repr(document.written[loc])
    if any(where[: len(loc)] == loc for where in document.written):
        return "what stands there"
    return reprlib.repr(details["input"])


def _is_plain(details: ErrorDetails) -> bool:
    return isinstance(details["input"], bool | int | float)


def _wrong_key(details: ErrorDetails) -> str:
    if details["type"] == "string_type":
        return f"the key {details['input']!r} must be a text; put it in quotes"
    return details["msg"].removeprefix("Value error, ")


def _unknown_key(
    key: str, loc: Sequence[str | int], model: type[BaseModel], beside: Mapping[str, Any]
) -> str:
    right = sorted(_fields_at(loc[:-1], model))
    if key in right:  # of another kind of target than the one that was taken
        others = ", ".join(repr(name) for name in beside if str(name) != key)
        return f"the key {key!r} does not go with {others}; leave one of them out"
    hint = nearest(key, right).replace("there are", "known are", 1)
    return f"unknown key {key!r}; {hint}"


def _fields_at(loc: Sequence[str | int], model: type[BaseModel]) -> set[str]:
    """Return the keys that are right in the mapping at *loc*."""
    models = [model]
    for step in loc:
        deeper = [
            found
            for current in models
            if step in current.model_fields
            for found in models_in(current.model_fields[str(step)].annotation)
        ]
        # A step that names no field is an index, or a key of the user's.
        models = deeper or models
    return {name for item in models for name in item.model_fields}


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """Return the models that a value of *annotation* may be."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [found for part in typing.get_args(annotation) for found in models_in(part)]
