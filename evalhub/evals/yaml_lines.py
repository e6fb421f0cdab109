"""YAML that remembers on which line each value stands."""

import difflib
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evalhub.errors import SuiteError

__all__ = ["LinedYaml", "parse_yaml"]

Loc = tuple[str | int, ...]

_KINDS = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


@dataclass(frozen=True, slots=True)
class LinedYaml:
    """A parsed file: its value, and the line of every part of it."""

    path: Path
    value: Any
    lines: dict[Loc, int]

    def line(self, loc: Loc) -> int:
        """Return the line of the value at *loc*, or of the nearest part around it."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 1)

    def explain(self, error: ValidationError, model: type[BaseModel]) -> str:
        """Return *error*'s first complaint as ``file:line: what is wrong``."""
        # What is misspelt is also missing: the unknown key comes first.
        details = min(
            error.errors(),
            key=lambda item: (item["type"] == "missing", self.line(self._known(item["loc"]))),
        )
        loc = self._known(details["loc"])
        return f"{self.path}:{self.line(loc)}: {_complaint(details, loc, model)}"

    def _known(self, loc: Loc) -> Loc:
        """Return *loc* without the names of a union's members, which stand in brackets."""
        return tuple(step for step in loc if not str(step).startswith("("))


def parse_yaml(path: Path) -> LinedYaml:
    """Read the YAML file at *path*.

    Raises:
        SuiteError: there is no such file, it is not YAML, or a key is there twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except FileNotFoundError:
        raise SuiteError(f"there is no suite file {path}; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"cannot read {path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SuiteError(f"{path}:{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise SuiteError(f"{path}:1: not YAML: {error}") from None
    lines: dict[Loc, int] = {}
    if node is not None:
        _walk(node, (), lines, path)
    return LinedYaml(path, value, lines)


def _walk(node: yaml.Node, loc: Loc, lines: dict[Loc, int], path: Path) -> None:
    lines.setdefault(loc, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _walk(item, (*loc, index), lines, path)
    elif isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            line = key.start_mark.line + 1
            here = (*loc, str(key.value))
            if here in lines:
                # YAML would silently take the last one.
                raise SuiteError(
                    f"{path}:{line}: {key.value!r} is also on line {lines[here]}; keep one"
                )
            lines[here] = line  # the key's line: a mapping's value starts on the next
            _walk(item, here, lines, path)


def _complaint(details: ErrorDetails, loc: Loc, model: type[BaseModel]) -> str:
    kind, name = details["type"], str(loc[-1]) if loc else "the file"
    if kind == "extra_forbidden":
        return _unknown_key(name, details["loc"], model)
    if kind == "missing":
        parent = ".".join(str(step) for step in loc[:-1]) or "the suite"
        return f"{parent} lacks {name!r}"
    where = ".".join(str(step) for step in loc)
    if kind in _KINDS:
        hint = "; put it in quotes" if kind == "string_type" and _is_plain(details) else ""
        return f"{where} must be {_KINDS[kind]}, not {details['input']!r}{hint}"
    if kind == "value_error":
        return f"{where}: {details['msg'].removeprefix('Value error, ')}"
    message = details["msg"]
    return f"{where} is {details['input']!r}: {message[:1].lower()}{message[1:]}"


def _is_plain(details: ErrorDetails) -> bool:
    return isinstance(details["input"], bool | int | float)


def _unknown_key(key: str, loc: Sequence[str | int], model: type[BaseModel]) -> str:
    known = sorted(_fields_at(loc[:-1], model))
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"unknown key {key!r}; {hint}"


def _fields_at(loc: Sequence[str | int], model: type[BaseModel]) -> set[str]:
    """Return the keys that are right in the mapping at *loc*."""
    models = [model]
    for step in loc:
        deeper = [
            found
            for current in models
            if step in current.model_fields
            for found in _models_in(current.model_fields[str(step)].annotation)
        ]
        # A step that names no field is an index, or a key of the user's.
        models = deeper or models
    return {name for item in models for name in item.model_fields}


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [found for part in typing.get_args(annotation) for found in _models_in(part)]
