"""The JSON Schema of suite files, for editors and other tools."""

import copy
import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from evalhub.evals.suites.explain import models_in
from evalhub.evals.suites.suite import ANCHORS, SuiteSpec

__all__ = ["SCHEMA_ID", "suite_schema"]

SCHEMA_ID = "urn:evalhub:suite"
"""What the schema calls itself; nothing has to be fetched to use it."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLACEHOLDER = {"type": "string", "pattern": r"\$\{.+\}"}
_ROLE = re.compile(r":\w+:`~?(?:[\w.]+\.)?([^`]+)`")
_LITERAL = re.compile(r"``([^`]*)``")
_SCALARS = ("boolean", "integer", "number")

Schema = dict[str, Any]


def suite_schema() -> Schema:
    """Return the schema of a suite file, of the draft 2020-12.

    Every file that :func:`~evalhub.evals.suites.suite.load_suite` accepts is valid by it: where
    a number stands a placeholder may stand too, and of a file that includes others nothing
    is required. It is weaker where a rule spans several keys.
    """
    whole = SuiteSpec.model_json_schema()
    definitions = whole.pop("$defs", {})
    for model in _models(SuiteSpec):
        if _takes_a_text(model):
            definitions[model.__name__] = _or_text(definitions[model.__name__])
    definitions["Suite"] = whole | {"patternProperties": {f"^{ANCHORS}": True}}
    definitions = {name: _altered(item, _widen) for name, item in definitions.items()}
    parts = {
        f"Part.{name}": _altered(copy.deepcopy(item), _as_part)
        for name, item in definitions.items()
    }
    return {
        "$schema": _DIALECT,
        "$id": SCHEMA_ID,
        "title": "evalhub suite",
        "description": whole["description"],
        "type": "object",
        "if": {"required": ["include"]},
        "then": {"$ref": "#/$defs/Part.Suite"},
        "else": {"$ref": "#/$defs/Suite"},
        "$defs": definitions | parts,
    }


def _models(outer: type[BaseModel]) -> set[type[BaseModel]]:
    """Return the models of all that *outer* holds."""
    found, open_models = set[type[BaseModel]](), [outer]
    while open_models:
        model = open_models.pop()
        inner = {
            part for item in model.model_fields.values() for part in models_in(item.annotation)
        }
        open_models += inner - found
        found |= inner
    return found


def _takes_a_text(model: type[BaseModel]) -> bool:
    # What pydantic cannot say: everywhere in suite files, a mapping that is looked at before
    # it is validated may also be its name.
    validators = model.__pydantic_decorators__.model_validators.values()
    return any(item.info.mode == "before" for item in validators)


def _or_text(model: Schema) -> Schema:
    return {
        "description": model.pop("description", ""),
        "anyOf": [{"type": "string", "minLength": 1}, model],
    }


def _altered(schema: Any, change: Callable[[Schema], Schema]) -> Any:
    """Return *schema* with *change* made to it and all schemas in it."""
    if isinstance(schema, list):
        return [_altered(item, change) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {}
    for key, item in schema.items():
        if key in ("properties", "$defs"):  # their keys are names, not words of the schema
            changed[key] = {name: _altered(part, change) for name, part in item.items()}
        else:
            changed[key] = item if key in ("default", "enum", "const") else _altered(item, change)
    return change(changed)


def _widen(schema: Schema) -> Schema:
    """Let a placeholder stand for a value, and kinds of one thing be as alike as they are."""
    schema.pop("title", None)  # the key in capitals, which says nothing
    if isinstance(schema.get("description"), str):
        schema["description"] = _plain(schema["description"])
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
        schema.pop("discriminator", None)
    is_narrow = schema.get("type") in _SCALARS or "enum" in schema or "const" in schema
    if not is_narrow and not (schema.get("type") == "string" and "pattern" in schema):
        return schema
    kept = ("description", "default")
    told: Schema = {key: schema.pop(key) for key in kept if key in schema}
    return {**told, "anyOf": [schema, _PLACEHOLDER]}


def _as_part(schema: Schema) -> Schema:
    """Require nothing: what is lacking may be in an included file; null takes it away."""
    schema.pop("required", None)
    if "$ref" in schema:
        schema["$ref"] = schema["$ref"].replace("#/$defs/", "#/$defs/Part.", 1)
    if "properties" in schema or schema.get("type") == "object":
        schema["type"] = ["object", "null"]
        schema.pop("minProperties", None)
    return schema


def _plain(text: str) -> str:
    """Return a docstring's text as an editor shows it: no markup of Python's tools, one line."""
    text = _LITERAL.sub(r"`\1`", _ROLE.sub(r"\1", text))
    return " ".join(text.split())
